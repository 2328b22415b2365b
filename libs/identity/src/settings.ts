import type { EnforcementPointDocument, MechanismDeclaration, PolicyDocument } from '#policy';

/** What a policy set says about who may prove what, as plain data that can be handed from thread to thread. */
export interface IdentitySettings {
  readonly mechanisms: readonly MechanismSettings[];
  readonly enforcementPoints: readonly EnforcementPointSettings[];
}

export interface MechanismSettings {
  /** The domain that owns it. */
  readonly owner: string;
  readonly declaration: MechanismDeclaration;
}

export interface EnforcementPointSettings {
  readonly name: string;
  readonly domain: string;
  readonly credentials: NonNullable<EnforcementPointDocument['spec']['credentials']>;
  readonly mayAssert: readonly string[];
  readonly mayExplain: boolean;
}

/** @param documents  of a valid set */
export function identitySettings(documents: Iterable<PolicyDocument>): IdentitySettings {
  const mechanisms: MechanismSettings[] = [];
  const enforcementPoints: EnforcementPointSettings[] = [];
  for (const { kind, metadata, spec } of documents) {
    if (kind === 'Domain') {
      for (const declaration of spec.mechanisms ?? []) mechanisms.push({ owner: metadata.name, declaration });
    } else if (kind === 'EnforcementPoint') {
      enforcementPoints.push({
        name: metadata.name,
        domain: metadata.domain,
        credentials: spec.credentials ?? [],
        mayAssert: spec.mayAssert ?? [],
        mayExplain: spec.mayExplain ?? false,
      });
    }
  }
  return { mechanisms, enforcementPoints };
}
