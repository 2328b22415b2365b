import type { MechanismDeclaration } from '#policy';
import type { MechanismSettings } from './settings.js';

export type MechanismKind = MechanismDeclaration['kind'];

/** A mechanism of one kind. */
export interface MechanismOf<Kind extends MechanismKind> extends MechanismSettings {
  readonly declaration: Extract<MechanismDeclaration, { readonly kind: Kind }>;
}

export function isOfKind<Kind extends MechanismKind>(kind: Kind) {
  return (mechanism: MechanismSettings): mechanism is MechanismOf<Kind> => mechanism.declaration.kind === kind;
}

/** A header in lower case, in which one side of a mechanism's evidence comes; undefined when it comes in none. */
export type HeaderOf = (mechanism: MechanismSettings) => string | undefined;

/** Where clients put a credential. */
export const credentialHeaderOf: HeaderOf = ({ declaration }) => {
  switch (declaration.kind) {
    case 'jwt':
      return (declaration.jwt.header ?? 'authorization').toLowerCase();
    case 'introspection':
      return (declaration.introspection.header ?? 'authorization').toLowerCase();
    case 'apiKey':
      return declaration.apiKey.header.toLowerCase();
    case 'spiffe':
      return declaration.spiffe.jwtSvid && (declaration.spiffe.jwtSvid.header ?? 'authorization').toLowerCase();
    case 'asserted':
    case 'mtls':
    case 'network':
      return undefined;
    default:
      return declaration satisfies never;
  }
};

/** Where an entitled gateway reports it. */
export const reportHeaderOf: HeaderOf = ({ declaration }) => {
  switch (declaration.kind) {
    case 'asserted':
      return declaration.asserted?.header?.toLowerCase();
    case 'mtls':
      return declaration.mtls.header?.toLowerCase();
    case 'spiffe':
      return declaration.spiffe.header?.toLowerCase();
    case 'jwt':
    case 'introspection':
    case 'apiKey':
    case 'network':
      return undefined;
    default:
      return declaration satisfies never;
  }
};

/** Those that have such a header, by it. */
export function byHeader<Mechanism extends MechanismSettings>(
  mechanisms: readonly Mechanism[],
  headerOf: HeaderOf,
): ReadonlyMap<string, readonly Mechanism[]> {
  const sharing = new Map<string, Mechanism[]>();
  for (const mechanism of mechanisms) {
    const header = headerOf(mechanism);
    if (header === undefined) continue;
    const list = sharing.get(header);
    if (list === undefined) sharing.set(header, [mechanism]);
    else list.push(mechanism);
  }
  return sharing;
}
