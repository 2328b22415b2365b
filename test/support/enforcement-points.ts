/** Enforcement points for worlds that have none: over the network only they are answered, and evidence is theirs to give. */
import { createHash } from 'node:crypto';

export interface PolicyDocument {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly [member: string]: unknown };
}

/** `edge` may assert whatever the world knows, `blind` nothing. */
type Standing = 'edge' | 'blind';

/**
 * The documents with two enforcement points in every top-level domain. Every owner of a mechanism agrees that all edges
 * assert it, wherever they stand.
 */
export function withEnforcementPoints(documents: readonly PolicyDocument[]): readonly PolicyDocument[] {
  const tops = documents.flatMap(({ kind, metadata: { name } }) =>
    kind === 'Domain' && !name.includes('.') ? [name] : [],
  );
  const assertableBy = tops.map((top) => nameOf('edge', top));
  const mechanisms: string[] = [];
  const agreeing = documents.map((document) => {
    const own = document.kind === 'Domain' ? document.spec['mechanisms'] : undefined;
    if (own === undefined) return document;
    const named = own as readonly { readonly name: string }[];
    mechanisms.push(...named.map(({ name }) => name));
    return { ...document, spec: { ...document.spec, mechanisms: named.map((item) => ({ ...item, assertableBy })) } };
  });
  return [
    ...agreeing,
    ...tops.flatMap((top) => [enforcementPoint('edge', top, mechanisms), enforcementPoint('blind', top, [])]),
  ];
}

/** What the enforcement point of a top-level domain shows in `x-dharma-key`. */
export function keyOf(standing: Standing, top: string): string {
  const name = nameOf(standing, top);
  return `${name}.${secretOf(name)}`;
}

function enforcementPoint(standing: Standing, top: string, mayAssert: readonly string[]): PolicyDocument {
  const name = nameOf(standing, top);
  const sha256 = createHash('sha256').update(secretOf(name)).digest('hex');
  return {
    apiVersion: 'dharma/v1',
    kind: 'EnforcementPoint',
    metadata: { name, domain: top },
    spec: { credentials: [{ kind: 'apiKey', id: name, sha256 }], mayAssert },
  } as PolicyDocument;
}

function nameOf(standing: Standing, top: string): string {
  return `${standing}-${top}`;
}

function secretOf(name: string): string {
  return `a-secret-of-${name}`;
}
