/** Who stands behind what a condition reads: said by name, never by value. */
import { formQuery } from './condition-input.js';
import type { Attributes } from './model.js';
import { byBytes } from './ordering.js';
import { kept } from './specification.js';
import type { Reasoning } from './specification.js';

/**
 * `attested`: fields of the enforcement point. `verified`: claims of a credential that was checked, by this service or by
 * an enforcement point entitled to. `claimed`: what a client merely says.
 */
export const TRUST_LEVELS = ['attested', 'verified', 'claimed'] as const;
export type TrustLevel = (typeof TRUST_LEVELS)[number];

export interface ExplainedAttribute {
  /** As conditions write it, such as `attributes.country` or `request.headers["x-trace"]`. */
  readonly name: string;
  readonly level: TrustLevel;
}

/** Every named value of this request that conditions can read, by name. Stored attributes are the policy's own. */
export function trustLevels({ request, target, evidence }: Reasoning): readonly ExplainedAttribute[] {
  const { headers, attributes, claimed, context } = request;
  const credentials = kept(evidence, 'access').map(({ item }) => item);
  const roots: readonly (readonly [TrustLevel, string, Attributes | undefined])[] = [
    ['attested', 'attributes', attributes],
    ['attested', 'context', context],
    ['attested', 'resource.attributes', target?.resource?.properties],
    ['attested', 'action.attributes', target?.action?.properties],
    ...credentials.map((item) => ['attested', 'principal.attributes', item.attributes] as const),
    ...credentials.map((item) => ['verified', 'principal.claims', item.claims] as const),
    ['claimed', 'claimed', claimed],
    ['claimed', 'request.headers', headers],
    ['claimed', 'request.query', target?.path === undefined ? undefined : formQuery(target.query)],
  ];
  const levels = new Map<string, TrustLevel>();
  for (const [level, root, members] of roots) {
    for (const [member, value] of Object.entries(members ?? {})) {
      if (value !== null) levels.set(memberOf(root, member), level);
    }
  }
  return [...levels].map(([name, level]) => ({ name, level })).sort((left, right) => byBytes(left.name, right.name));
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

function memberOf(root: string, member: string): string {
  return IDENTIFIER.test(member) ? `${root}.${member}` : `${root}[${JSON.stringify(member)}]`;
}
