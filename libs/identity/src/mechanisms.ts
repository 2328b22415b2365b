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

/** The header a mechanism's credential or report comes in, in lower case; undefined when it comes in none. */
export function headerOf({ declaration }: MechanismSettings): string | undefined {
  switch (declaration.kind) {
    case 'jwt':
      return (declaration.jwt.header ?? 'authorization').toLowerCase();
    case 'introspection':
      return (declaration.introspection.header ?? 'authorization').toLowerCase();
    case 'apiKey':
      return declaration.apiKey.header.toLowerCase();
    case 'asserted':
      return declaration.asserted?.header?.toLowerCase();
    case 'mtls':
      return declaration.mtls.header?.toLowerCase();
    case 'spiffe':
      return declaration.spiffe.header?.toLowerCase();
    case 'network':
      return undefined;
    default:
      return declaration satisfies never;
  }
}

/** Those that have a header, by it. */
export function byHeader<Mechanism extends MechanismSettings>(
  mechanisms: readonly Mechanism[],
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
