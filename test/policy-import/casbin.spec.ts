/** What an imported casbin policy decides, held against casbin itself. */
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import fc from 'fast-check';
import { compile, decide, type Snapshot } from '#engine';
import { loadBundle, requestFromText } from '#policy';
import { importCasbin, ImportRefused } from '#policy-import';

const RUNS = process.env['DHARMA_LONG'] === '1' ? 1_000 : 30;
const HOST = 'app.example';
const OPTIONS = { domain: 'casbin', service: 'app', host: HOST };

interface Shape {
  /** Of `p`, where they are in another order than those of `r`. */
  readonly columns?: string;
  readonly domains?: boolean;
  readonly roles?: boolean;
  readonly denies?: boolean;
  readonly object?: 'equal' | 'keyMatch' | 'keyMatch2';
  readonly action?: 'equal' | 'regexMatch';
}

function modelOf({
  columns: ordered,
  domains,
  roles = true,
  denies,
  object = 'equal',
  action = 'equal',
}: Shape): string {
  const columns = domains ? 'sub, dom, obj, act' : 'sub, obj, act';
  const subject = roles ? (domains ? 'g(r.sub, p.sub, r.dom)' : 'g(r.sub, p.sub)') : 'r.sub == p.sub';
  const allows = 'some(where (p.eft == allow))';
  return `
[request_definition]
r = ${columns}
[policy_definition]
p = ${ordered ?? columns}${denies ? ', eft' : ''}
${roles ? `[role_definition]\ng = ${domains ? '_, _, _' : '_, _'}` : ''}
[policy_effect]
e = ${denies ? `${allows} && !some(where (p.eft == deny))` : allows}
[matchers]
m = ${[
    subject,
    ...(domains ? ['r.dom == p.dom'] : []),
    object === 'equal' ? 'r.obj == p.obj' : `${object}(r.obj, p.obj)`,
    action === 'equal' ? 'r.act == p.act' : 'regexMatch(r.act, p.act)',
  ].join(' && ')}
`;
}

function snapshotOf(model: string, policy: string): Snapshot {
  const { documents } = importCasbin({ model, policy }, OPTIONS);
  const { world, faults } = loadBundle([
    { file: 'all.yaml', text: documents.map((document) => JSON.stringify(document)).join('\n---\n') },
  ]);
  expect(faults).toEqual([]);
  return compile(world!);
}

interface Question {
  readonly sub: string;
  readonly dom: string;
  readonly obj: string;
  readonly act: string;
}

function allows(snapshot: Snapshot, { sub, dom, obj, act }: Question, domains = false): boolean {
  const target = obj.startsWith('/')
    ? { host: domains ? `${dom}.${HOST}` : HOST, method: act, path: obj }
    : { resource: { type: domains ? `object@${dom}` : 'object', id: obj }, action: { name: act } };
  const evidence = [{ role: 'access', mechanism: 'app-user', subject: sub }];
  const read = requestFromText(JSON.stringify({ target, evidence }), { mode: 'offline', now: 0 });
  if (!('request' in read)) throw new Error(JSON.stringify(read));
  return decide(snapshot, read.request).decision === 'allow';
}

const USERS = ['ann', 'ben', 'eve'];
const ROLES = ['clerk', 'boss'];
const DOMAINS = ['north', 'south'];
const THINGS = ['data1', 'data2', '/a', '/a/b', '/a/b/c', '/ab', '/é'];
const PATTERNS = {
  equal: THINGS,
  keyMatch: ['data*', '*', '/a*', '/a/*', '/a', '/é*'],
  keyMatch2: ['/a/*', '/a/:x', '/:x', '/a', 'data1'],
};
const ACTIONS = ['read', 'write'];
const EXPRESSIONS = { equal: ACTIONS, regexMatch: ['^read$', '^(read|write)$', '^(write)$', '.*'] };

const shapes = fc.record({
  domains: fc.boolean(),
  roles: fc.boolean(),
  denies: fc.boolean(),
  object: fc.constantFrom('equal', 'keyMatch', 'keyMatch2'),
  action: fc.constantFrom('equal', 'regexMatch'),
});

const sources = shapes.chain((shape) => {
  const line = fc
    .tuple(
      fc.constantFrom(...USERS, ...ROLES),
      fc.constantFrom(...DOMAINS),
      fc.constantFrom(...PATTERNS[shape.object]),
      fc.constantFrom(...EXPRESSIONS[shape.action]),
      fc.constantFrom('allow', 'allow', 'deny'),
    )
    .map(([sub, dom, obj, act, eft]) =>
      ['p', sub, ...(shape.domains ? [dom] : []), obj, act, ...(shape.denies ? [eft] : [])].join(', '),
    );
  const grant = fc
    .tuple(fc.constantFrom(...USERS, 'clerk'), fc.constantFrom('boss', 'clerk'), fc.constantFrom(...DOMAINS))
    .filter(([who, role]) => who !== role)
    .map(([who, role, dom]) => ['g', who, role, ...(shape.domains ? [dom] : [])].join(', '));
  return fc.record({
    shape: fc.constant(shape as Shape),
    policy: fc
      .tuple(fc.array(line, { minLength: 1, maxLength: 6 }), fc.array(grant, { maxLength: shape.roles ? 5 : 0 }))
      .map(([lines, grants]) => [...lines, ...grants].join('\n')),
  });
});

describe('an imported casbin policy', () => {
  it('decides as casbin does, about everyone who is no role', async () => {
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(sources, async ({ shape, policy }) => {
        const model = modelOf(shape);
        const casbin = await newEnforcer(newModelFromString(model), new StringAdapter(policy));
        const snapshot = snapshotOf(model, policy);
        for (const sub of USERS) {
          for (const dom of shape.domains ? DOMAINS : ['']) {
            for (const obj of THINGS) {
              for (const act of ACTIONS) {
                const asked = shape.domains ? [sub, dom, obj, act] : [sub, obj, act];
                const expected = await casbin.enforce(...asked);
                if (expected) allowed += 1;
                expect({ policy, asked, allow: allows(snapshot, { sub, dom, obj, act }, shape.domains) }).toEqual({
                  policy,
                  asked,
                  allow: expected,
                });
              }
            }
          }
        }
      }),
      { numRuns: RUNS, seed: 7 },
    );
    // A comparison of nothing but denials would compare nothing.
    expect(allowed).toBeGreaterThan(RUNS);
  });

  it.each`
    because                                           | shape                                    | policy                                                     | asked                                  | allow
    ${'a role of a role is a role'}                   | ${{}}                                    | ${'p, boss, data1, read\ng, ann, clerk\ng, clerk, boss'}   | ${['ann', '', 'data1', 'read']}        | ${true}
    ${'a role in one domain is none in another'}      | ${{ domains: true }}                     | ${'p, clerk, south, data1, read\ng, ann, clerk, north'}    | ${['ann', 'south', 'data1', 'read']}   | ${false}
    ${'a deny beats an allow'}                        | ${{ denies: true }}                      | ${'p, ann, data1, read, allow\np, ann, data1, read, deny'} | ${['ann', '', 'data1', 'read']}        | ${false}
    ${'a name that others have as a role is no user'} | ${{}}                                    | ${'p, boss, data1, read\ng, ann, boss'}                    | ${['boss', '', 'data1', 'read']}       | ${false}
    ${'braces are not a template'}                    | ${{ roles: false }}                      | ${'p, ann, /a/{b}, read'}                                  | ${['ann', '', '/a/x', 'read']}         | ${false}
    ${'a star is not a template'}                     | ${{ roles: false }}                      | ${'p, ann, /a/*, read'}                                    | ${['ann', '', '/a/x', 'read']}         | ${false}
    ${'a path is judged in its canonical form'}       | ${{ denies: true, object: 'keyMatch' }}  | ${'p, ann, /*, read\np, ann, /café, read, deny'}           | ${['ann', '', '/café', 'read']}        | ${false}
    ${'so it is where escapes are written otherwise'} | ${{ denies: true, object: 'keyMatch' }}  | ${'p, ann, /*, read\np, ann, /caf%c3%a9, read, deny'}      | ${['ann', '', '/caf%C3%A9', 'read']}   | ${false}
    ${'and what a pattern begins with is'}            | ${{ denies: true, object: 'keyMatch' }}  | ${'p, ann, /*, read\np, ann, /caf%c3%a9*, read, deny'}     | ${['ann', '', '/caf%C3%A9/x', 'read']} | ${false}
    ${'which an allow is for, too'}                   | ${{}}                                    | ${'p, ann, /café, read'}                                   | ${['ann', '', '/café', 'read']}        | ${true}
    ${'a query is not read, so an allow is for none'} | ${{}}                                    | ${'p, ann, /a?b, read'}                                    | ${['ann', '', '/a?b', 'read']}         | ${false}
    ${'a pattern may begin with a dot'}               | ${{ denies: true, object: 'keyMatch' }}  | ${'p, ann, /*, read\np, ann, /.*, read, deny'}             | ${['ann', '', '/.git', 'read']}        | ${false}
    ${'a colon in a segment is no parameter'}         | ${{ object: 'keyMatch2' }}               | ${'p, ann, /a:list, read'}                                 | ${['ann', '', '/abc', 'read']}         | ${false}
    ${'but itself'}                                   | ${{ object: 'keyMatch2' }}               | ${'p, ann, /:x/a:list, read'}                              | ${['ann', '', '/b/a:list', 'read']}    | ${true}
    ${'which may be one to a library that denies'}    | ${{ denies: true, object: 'keyMatch2' }} | ${'p, ann, /*, read\np, ann, /a:list, read, deny'}         | ${['ann', '', '/abc', 'read']}         | ${false}
    ${'a quoted field holds its comma'}               | ${{ roles: false }}                      | ${'p, ann, "a, ""b""", read'}                              | ${['ann', '', 'a, "b"', 'read']}       | ${true}
  `('$because', ({ shape, policy, asked, allow }) => {
    const [sub, dom, obj, act] = asked as [string, string, string, string];
    expect(allows(snapshotOf(modelOf(shape), policy), { sub, dom, obj, act }, shape.domains)).toBe(allow);
  });

  it.each`
    because                                           | change                                                              | message
    ${'what nothing denies would be allowed'}         | ${['some(where (p.eft == allow))', '!some(where (p.eft == deny))']} | ${'lets through what no policy allows'}
    ${'priorities are not said'}                      | ${['some(where (p.eft == allow))', 'priority(p.eft) || deny']}      | ${'is not understood'}
    ${'a superuser would be lost or everyone be one'} | ${['r.act == p.act', 'r.act == p.act || r.sub == "root"']}          | ${'in the matcher is not understood'}
    ${'an attribute is not a name'}                   | ${['r.obj == p.obj', 'r.obj.owner == r.sub']}                       | ${'in the matcher is not understood'}
    ${'a term that is not there forbids nothing'}     | ${[' && r.act == p.act', '']}                                       | ${'does not compare `act`'}
    ${'another function may match more'}              | ${['r.obj == p.obj', 'keyMatch4(r.obj, p.obj)']}                    | ${'is not understood'}
    ${'a negation is another question'}               | ${['r.obj == p.obj', 'r.obj != p.obj']}                             | ${'is not understood'}
    ${'columns that are crossed compare others'}      | ${['r.obj == p.obj', 'r.obj == p.act']}                             | ${'is not understood'}
    ${'a second policy type is another policy'}       | ${['[policy_effect]', 'p2 = sub, act\n[policy_effect]']}            | ${'`p2` is not understood'}
    ${'roles of resources are no roles here'}         | ${['[policy_effect]', 'g2 = _, _\n[policy_effect]']}                | ${'`g2` is not understood'}
  `('is refused: $because', ({ change, message }) => {
    const [from, to] = change as [string, string];
    const model = modelOf({}).replace(from, to);
    expect(() => importCasbin({ model, policy: 'p, ann, data1, read' }, OPTIONS)).toThrow(ImportRefused);
    expect(() => importCasbin({ model, policy: 'p, ann, data1, read' }, OPTIONS)).toThrow(message);
  });

  it.each`
    because                                         | shape                                     | policy                                                                                                | message
    ${'`*` would be everybody'}                     | ${{ roles: false }}                       | ${'p, *, data1, read'}                                                                                | ${'nobody is called `*`'}
    ${'whichever column it is in'}                  | ${{ columns: 'obj, sub, act' }}           | ${'p, data1, *, read'}                                                                                | ${'nobody is called `*`'}
    ${'and everybody would have the role'}          | ${{}}                                     | ${'p, boss, data1, read\ng, *, boss'}                                                                 | ${'nobody is called `*`'}
    ${'a role is not its own'}                      | ${{}}                                     | ${'p, a, data1, read\ng, a, b\ng, b, a'}                                                              | ${'is a role of itself'}
    ${'casbin stops where we would go on'}          | ${{}}                                     | ${['p, a11, data1, read', ...Array.from({ length: 11 }, (_, n) => `g, a${n}, a${n + 1}`)].join('\n')} | ${'more than 10 deep'}
    ${'a deny that is cut short denies less'}       | ${{ denies: true, action: 'regexMatch' }} | ${'p, ann, data1, read, deny'}                                                                        | ${'forbids or allows more'}
    ${'an expression is more than a list'}          | ${{ action: 'regexMatch' }}               | ${'p, ann, data1, re+ad'}                                                                             | ${'forbids or allows more'}
    ${'a pattern may hold an expression'}           | ${{ object: 'keyMatch2' }}                | ${'p, ann, /a/(b|c), read'}                                                                           | ${'is not understood'}
    ${'a deny of what no request is judged by'}     | ${{ denies: true }}                       | ${'p, ann, /a?b, read, deny'}                                                                         | ${'line 1: p, ann, /a?b, read, deny: no request'}
    ${'an escape that is cut'}                      | ${{ denies: true, object: 'keyMatch' }}   | ${'p, ann, /a%2*, read, deny'}                                                                        | ${'line 1: p, ann, /a%2*, read, deny: no request'}
    ${'two colons are read in two ways'}            | ${{ object: 'keyMatch2' }}                | ${'p, ann, /:a:b, read'}                                                                              | ${'is not understood'}
    ${'a colon without a name ends no question'}    | ${{ object: 'keyMatch2' }}                | ${'p, ann, /a/:, read'}                                                                               | ${'is not understood'}
    ${'a line of another type is not of the model'} | ${{}}                                     | ${'p, ann, data1, read\np2, ann, data1, read'}                                                        | ${'`p2` is not of the model'}
    ${'a column is missing'}                        | ${{}}                                     | ${'p, ann, data1'}                                                                                    | ${'has not the columns'}
    ${'there is a column too many'}                 | ${{}}                                     | ${'p, ann, data1, read, deny'}                                                                        | ${'has not the columns'}
    ${'it allows nothing'}                          | ${{}}                                     | ${'# nothing'}                                                                                        | ${'allows nothing'}
    ${'quotes do not end'}                          | ${{}}                                     | ${'p, "ann, data1, read'}                                                                             | ${'the quotes are not understood'}
  `('is refused with its line: $because', ({ shape, policy, message }) => {
    expect(() => importCasbin({ model: modelOf(shape), policy }, OPTIONS)).toThrow(message);
  });

  it.each`
    because                                         | shape                       | policy                     | concerns
    ${'a query is none of the path'}                | ${{}}                       | ${'p, ann, /a?b, read'}    | ${'line 1: p, ann, /a?b, read'}
    ${'a colon that some take for a parameter'}     | ${{ object: 'keyMatch2' }}  | ${'p, ann, /a:list, read'} | ${'line 1: p, ann, /a:list, read'}
    ${'an expression that is found within actions'} | ${{ action: 'regexMatch' }} | ${'p, ann, data1, read'}   | ${'line 1: p, ann, data1, read'}
  `('lists what it leaves closed: $because', ({ shape, policy, concerns }) => {
    const { remarks } = importCasbin({ model: modelOf(shape), policy }, OPTIONS);
    expect(remarks).toContainEqual(expect.objectContaining({ effect: 'narrower', concerns }));
  });

  it('says what a domain is called that cannot be called so', () => {
    const model = modelOf({ domains: true });
    const { remarks } = importCasbin({ model, policy: 'p, ann, tenant_1, data1, read' }, OPTIONS);
    expect(remarks).toContainEqual({
      effect: 'note',
      concerns: 'domain `tenant_1`',
      because: 'it is called `tenant-1` here',
    });
  });

  it('lists a deny that casbin takes no notice of', () => {
    const model = modelOf({ denies: true }).replace(' && !some(where (p.eft == deny))', '');
    const { remarks } = importCasbin({ model, policy: 'p, ann, data1, read, deny' }, OPTIONS);
    expect(remarks).toContainEqual(expect.objectContaining({ concerns: 'line 1: p, ann, data1, read, deny' }));
  });
});
