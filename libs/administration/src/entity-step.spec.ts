import { loadBundle } from '#policy';
import { documentChanges } from './bundle-changes.js';
import { entityStep, storedIn } from './entity-step.js';
import { newDocument, type StoredDocument } from './stored-document.js';

/** What entity sets store of users, at `acme` or where their names say. */
type Sets = { readonly [name: string]: { readonly [id: string]: object } };

function stored(sets: Sets, more: { readonly labels?: object; readonly source?: string } = {}): StoredDocument[] {
  const texts = Object.entries(sets).map(([name, users]) =>
    JSON.stringify({
      apiVersion: 'dharma/v1',
      kind: 'EntitySet',
      metadata: { name, domain: name.startsWith('team') ? 'acme.team' : 'acme', labels: more.labels },
      spec: { entities: Object.entries(users).map(([id, attributes]) => ({ type: 'user', id, attributes })) },
    }),
  );
  return loadBundle([{ file: 'sets', text: texts.join('\n---\n') }]).documents.map(({ document, text }) =>
    newDocument(document, text, more.source ?? 'api'),
  );
}

function step(before: readonly StoredDocument[], after: readonly StoredDocument[]) {
  const changes = documentChanges(before, after);
  return entityStep(changes, storedIn(after, changes));
}

const change = (domain: string, id: string, attributes: object | null) => ({
  domain,
  entity: `user:${id}`,
  attributes,
});
const ann = { level: 1 };
const bob = { level: 2 };

it.each`
  because                                      | before                                                            | after                                                                  | changes
  ${'nothing differs'}                         | ${{ a: { ann } }}                                                 | ${{ a: { ann } }}                                                      | ${[]}
  ${'one is stored'}                           | ${{ a: { ann } }}                                                 | ${{ a: { ann, bob } }}                                                 | ${[change('acme', 'bob', bob)]}
  ${'one is stored no longer'}                 | ${{ a: { ann, bob } }}                                            | ${{ a: { ann } }}                                                      | ${[change('acme', 'bob', null)]}
  ${'another thing is stored of one'}          | ${{ a: { ann, bob } }}                                            | ${{ a: { ann, bob: ann } }}                                            | ${[change('acme', 'bob', ann)]}
  ${'an attribute goes'}                       | ${{ a: { ann } }}                                                 | ${{ a: { ann: {} } }}                                                  | ${[change('acme', 'ann', {})]}
  ${'it moves from one set to the other'}      | ${{ a: { ann, bob }, b: {} }}                                     | ${{ a: { ann }, b: { bob } }}                                          | ${[]}
  ${'it becomes another one as it moves'}      | ${{ a: { ann, bob }, b: {} }}                                     | ${{ a: { ann }, b: { bob: ann } }}                                     | ${[change('acme', 'bob', ann)]}
  ${'two sets exchange two'}                   | ${{ a: { ann }, b: { bob } }}                                     | ${{ a: { bob }, b: { ann } }}                                          | ${[]}
  ${'a set of another domain stores the same'} | ${{ a: { ann }, team: { bob } }}                                  | ${{ a: { ann, bob }, team: { bob } }}                                  | ${[change('acme', 'bob', bob)]}
  ${'two domains at once'}                     | ${{ a: { ann }, team: { ann } }}                                  | ${{ a: {}, team: { ann: bob } }}                                       | ${[change('acme', 'ann', null), change('acme.team', 'ann', bob)]}
  ${'another id only begins so'}               | ${{ a: { ann }, b: { 'bob"x': bob, bobby: bob } }}                | ${{ a: { ann, bob }, b: { 'bob"x': bob, bobby: bob } }}                | ${[change('acme', 'bob', bob)]}
  ${'another set of the domain stores it'}     | ${{ a: { ann }, b: { bob } }}                                     | ${{ a: { ann, bob }, b: { bob } }}                                     | ${null}
  ${'two sets that change store it'}           | ${{ a: { ann }, b: {} }}                                          | ${{ a: { ann, bob }, b: { bob } }}                                     | ${null}
  ${'a set that changes stores it already'}    | ${{ a: { ann }, b: { bob } }}                                     | ${{ a: { ann, bob }, b: { bob, cy: bob } }}                            | ${null}
  ${'an attribute looks like it'}              | ${{ a: { ann }, b: { cy: { of: { type: 'user', id: 'bob' } } } }} | ${{ a: { ann, bob }, b: { cy: { of: { type: 'user', id: 'bob' } } } }} | ${null}
  ${'a new set may be the first of anything'}  | ${{ a: { ann } }}                                                 | ${{ a: { ann }, b: { bob } }}                                          | ${null}
  ${'a set that goes may be the last of all'}  | ${{ a: { ann }, b: { bob } }}                                     | ${{ a: { ann } }}                                                      | ${null}
`('$because', ({ before, after, changes }) => {
  const found = step(stored(before), stored(after));
  expect(found && new Set(found)).toEqual(changes && new Set(changes));
});

const HELD: Sets = { a: { ann } };

it.each`
  because                                  | after
  ${'a label is another one'}              | ${stored(HELD, { labels: { team: 'x' } })}
  ${'it belongs to another source'}        | ${stored(HELD, { source: 'git' })}
  ${'its domain is another one'}           | ${stored(HELD).map((one) => ({ ...one, contentHash: '-', text: one.text.replace('"acme"', '"acme.team"') }))}
  ${'this version does not understand it'} | ${stored(HELD).map((one) => ({ ...one, contentHash: '-', text: one.text.replace('"spec":{', '"spec":{"new":1,') }))}
  ${'it names one twice'}                  | ${stored(HELD).map((one) => ({ ...one, contentHash: '-', text: one.text.replace('[{', '[{"type":"user","id":"ann"},{') }))}
`('it is no step where $because', ({ after }) => {
  expect(step(stored(HELD), after)).toBeNull();
});
