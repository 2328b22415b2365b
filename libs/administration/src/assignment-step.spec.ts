import type { AssignmentChange } from '#engine';
import { loadBundle } from '#policy';
import { assignmentStep } from './assignment-step.js';
import { documentChanges } from './bundle-changes.js';
import { newDocument, type StoredDocument } from './stored-document.js';

/** Role sets at `acme`, or where their names say, and whatever else is said about them. */
type Sets = { readonly [name: string]: { readonly [role: string]: readonly string[] } };

function stored(sets: Sets, more: { readonly roles?: object[]; readonly source?: string } = {}): StoredDocument[] {
  const texts = Object.entries(sets).map(([name, roles]) =>
    JSON.stringify({
      apiVersion: 'dharma/v1',
      kind: 'RoleSet',
      metadata: { name, domain: name.startsWith('team') ? 'acme.team' : 'acme' },
      spec: {
        ...(more.roles && { roles: more.roles }),
        assignments: Object.entries(roles).map(([role, principals]) => ({ role, principals })),
      },
    }),
  );
  return loadBundle([{ file: 'sets', text: texts.join('\n---\n') }]).documents.map(({ document, text }) =>
    newDocument(document, text, more.source ?? 'api'),
  );
}

function step(before: readonly StoredDocument[], after: readonly StoredDocument[]) {
  const held = (domain: string, principal: string): readonly string[] => [
    ...new Set(
      before
        .filter((document) => document.domain === domain)
        .flatMap(
          ({ text }) =>
            (JSON.parse(text) as { spec: { assignments: { role: string; principals: string[] }[] } }).spec.assignments,
        )
        .flatMap(({ role, principals }) => (principals.includes(principal) ? [role] : [])),
    ),
  ];
  return assignmentStep(documentChanges(before, after), after, held);
}

const change = (domain: string, principal: string, ...roles: string[]): AssignmentChange => ({
  domain,
  principal,
  roles,
});
const ann = 'user:ann';
const bob = 'user:bob';

it.each`
  because                                             | before                                       | after                                           | changes
  ${'nothing differs'}                                | ${{ a: { r: [ann] } }}                       | ${{ a: { r: [ann] } }}                          | ${[]}
  ${'one joins'}                                      | ${{ a: { r: [ann] } }}                       | ${{ a: { r: [ann, bob] } }}                     | ${[change('acme', bob, 'r')]}
  ${'one leaves'}                                     | ${{ a: { r: [ann, bob] } }}                  | ${{ a: { r: [ann] } }}                          | ${[change('acme', bob)]}
  ${'one gets a second role'}                         | ${{ a: { r: [ann] } }}                       | ${{ a: { r: [ann], q: [ann] } }}                | ${[change('acme', ann, 'q', 'r')]}
  ${'another set of the domain still says it'}        | ${{ a: { r: [ann, bob] }, b: { r: [bob] } }} | ${{ a: { r: [ann] }, b: { r: [bob] } }}         | ${[]}
  ${'it moves from one set to the other'}             | ${{ a: { r: [ann, bob] }, b: { r: [ann] } }} | ${{ a: { r: [ann] }, b: { r: [ann, bob] } }}    | ${[change('acme', bob, 'r')]}
  ${'a set of another domain does not count'}         | ${{ a: { r: [bob] }, team: { r: [bob] } }}   | ${{ a: { r: [ann] }, team: { r: [bob] } }}      | ${[change('acme', bob), change('acme', ann, 'r')]}
  ${'two domains at once'}                            | ${{ a: { r: [ann] }, team: { r: [ann] } }}   | ${{ a: { r: [ann, bob] }, team: { q: [ann] } }} | ${[change('acme.team', ann, 'q'), change('acme', bob, 'r')]}
  ${'a space does not make two roles of one'}         | ${{ a: { 'r q': [ann] } }}                   | ${{ a: { 'r q': [ann], r: [ann] } }}            | ${[change('acme', ann, 'r', 'r q')]}
  ${'a service is compiled into more than one place'} | ${{ a: { r: [ann] } }}                       | ${{ a: { r: [ann, 'service:web'] } }}           | ${null}
  ${'a new set may be the first of anything'}         | ${{ a: { r: [ann] } }}                       | ${{ a: { r: [ann] }, b: { r: [bob] } }}         | ${null}
  ${'a set that goes may be the last of anything'}    | ${{ a: { r: [ann] }, b: { r: [bob] } }}      | ${{ a: { r: [ann] } }}                          | ${null}
`('$because', ({ before, after, changes }) => {
  const found = step(stored(before), stored(after));
  expect(found && new Set(found)).toEqual(changes && new Set(changes));
});

const HELD: Sets = { a: { r: [ann] } };

it.each`
  because                                  | after
  ${'a role inherits another one'}         | ${stored(HELD, { roles: [{ name: 'r', inherits: ['q'] }] })}
  ${'it belongs to another source'}        | ${stored(HELD, { source: 'git' })}
  ${'its domain is another one'}           | ${stored(HELD).map((one) => ({ ...one, contentHash: '-', text: one.text.replace('"acme"', '"acme.team"') }))}
  ${'this version does not understand it'} | ${stored(HELD).map((one) => ({ ...one, contentHash: '-', text: one.text.replace('"spec":{', '"spec":{"new":1,') }))}
`('it is no step where $because', ({ after }) => {
  expect(step(stored(HELD), after)).toBeNull();
});
