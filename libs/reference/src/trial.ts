import type { AccessRequest, Direction, Effect } from '#engine';
import type { KeptItem } from './caller.js';
import type { ResolvedTarget } from './target.js';

/**
 * One trial of the rules: a check that is running, tried with one credential, with the anonymous item, or with none.
 * It is the `r.trial` of model/dharma.conf and everything a selector or a condition may look at.
 */
export interface Trial {
  readonly request: AccessRequest;
  readonly target: ResolvedTarget;
  /** What the rules on trial would do; decides what counts when a part cannot be evaluated. */
  readonly effect: Effect;
  readonly direction: Direction;
  /** Of an allow: the domain whose check is running. */
  readonly domain: string;
  /** Of a deny: the owners it may have, by scope. */
  readonly owners: { readonly self: ReadonlySet<string>; readonly subtree: ReadonlySet<string> };
  readonly item: TrialItem;
  /** The calling service, as far as this effect may see it. */
  readonly actor: string | null;
  /** Of an allow: the domains the caller is proven to be in; of a deny: those it is known to come from. */
  readonly callerDomains: ReadonlySet<string>;
  /** Of an allow: the chain of the route's placement; of a deny: all chains; of an external target: `*`. */
  readonly targetDomains: ReadonlySet<string>;
  /** Roles of the credential's principal and groups. */
  readonly principalRoles: ReadonlySet<string>;
  readonly actorRoles: ReadonlySet<string>;
}

export type TrialItem =
  | { readonly kind: 'none' }
  /** Stands for a caller without credential where an access set says `anonymous`. */
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'credential'; readonly credential: KeptItem };

export function credentialOf(trial: Trial): KeptItem | null {
  return trial.item.kind === 'credential' ? trial.item.credential : null;
}

/** `type:id` of the credential's holder. */
export function principalOf(credential: KeptItem): string {
  return `${credential.mechanism.principalType}:${credential.evidence.subject}`;
}
