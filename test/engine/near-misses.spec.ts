/** What an explanation proposes is written down, loads, and allows; and it gives away nothing. */
import fc from 'fast-check';
import { parse } from 'yaml';
import { compile, decide, explain } from '#engine';
import type { AccessRequest, Change } from '#engine';
import { RUNS } from '../properties/runs.js';
import { situations, worldOf } from '../properties/worlds.js';
import type { Document } from '../properties/worlds.js';

const SECRET = 's3cr3t-of-the-caller';

/** The same request, with something in every place that no explanation may repeat. */
function withSecrets(request: AccessRequest): AccessRequest {
  return {
    ...request,
    headers: { ...request.headers, authorization: `Bearer ${SECRET}`, cookie: SECRET },
    attributes: { ...request.attributes, secret: SECRET },
    claimed: { ...request.claimed, secret: SECRET },
    context: { ...request.context, secret: SECRET },
    evidence: request.evidence.map((item) => ({
      ...item,
      claims: { ...item.claims, secret: SECRET },
      attributes: { ...item.attributes, secret: SECRET },
    })),
  };
}

type Lines = { readonly [member: string]: readonly unknown[] };

/** The documents with the proposed lines in them; undefined where a change is not a matter of lines to add. */
function applied(documents: readonly Document[], { kind, domain, yaml }: Change, at: number): Document[] | undefined {
  if (yaml === null || domain === null) return undefined;
  const lines: unknown = parse(yaml);
  const added = (newKind: string, spec: Record<string, unknown>): Document[] => [
    ...documents,
    { apiVersion: 'dharma/v1', kind: newKind, metadata: { name: `proposed-${at}`, domain }, spec },
  ];
  const merged = (change: (spec: Record<string, unknown>) => Record<string, unknown>): Document[] =>
    documents.map((document) =>
      document.kind === 'Domain' && document.metadata.name === domain
        ? { ...document, spec: { ...document.spec, ...change(document.spec) } }
        : document,
    );
  switch (kind) {
    case 'rule':
      return added('Policy', { rules: lines });
    case 'role': {
      const { assignments } = lines as { assignments: readonly { role: string }[] };
      return added('RoleSet', { roles: assignments.map(({ role }) => ({ name: role })), assignments });
    }
    case 'mark':
      return merged(({ boundary = [] }) => ({
        boundary: [...new Set([...(boundary as unknown[]), ...(lines as Lines)['boundary']!])],
      }));
    case 'access':
    case 'suspension':
      return merged(() => lines as Record<string, unknown>);
    default:
      return undefined;
  }
}

it('a near miss names existing domains, is YAML, loads, allows where it is all lines, and keeps secrets', () => {
  const seen = new Set<Change['kind']>();
  let allowed = 0;
  fc.assert(
    fc.property(situations(8), ({ generated, requests }) => {
      for (const request of requests.map(withSecrets)) {
        const explanation = explain(generated.world, request);
        expect(JSON.stringify(explanation)).not.toContain(SECRET);
        if (explanation.nearestMiss === null) continue;
        const { changes } = explanation.nearestMiss;
        expect(changes.length).toBeGreaterThan(0);
        let documents: readonly Document[] | undefined = generated.documents;
        for (const [at, change] of changes.entries()) {
          seen.add(change.kind);
          expect([...generated.domains, '*', null]).toContain(change.domain);
          expect(change.summary).toMatch(/^[^\n]+$/);
          if (change.yaml !== null) expect(parse(change.yaml)).toEqual(expect.anything());
          documents = documents && applied(documents, change, at);
        }
        if (documents === undefined) continue;
        allowed++;
        expect(decide(compile(worldOf(documents)), request).decision).toBe('allow');
      }
    }),
    { numRuns: RUNS.law },
  );
  // A property about proposals that never came up would prove nothing; roles and obligations come up seldom.
  expect([...seen]).toEqual(expect.arrayContaining(['evidence', 'rule', 'mark', 'access', 'suspension']));
  expect(allowed).toBeGreaterThan(20);
});
