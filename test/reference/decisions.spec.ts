import type { AccessRequest, World } from '#engine';
import { decide, type DomainGiven, everything, shop } from './shop.js';
import { NOW, address, asking, evidence, from, rule, token, worldOf } from './worlds.js';

describe('an allow at a boundary', () => {
  const user = token('alice', {
    scopes: ['read'],
    groups: ['staff'],
    claims: { azp: 'app', client_id: 'web', tier: 'gold', n: 7 },
  });
  const plain = asking('GET api.example/v1/7', { evidence: [user] });

  it.each`
    because                                              | given                                                                                         | passes
    ${'a rule without selectors fits'}                   | ${{}}                                                                                         | ${true}
    ${'one that holds of the credential'}                | ${{ who: { subjects: ['alice'], scopes: ['write', 'read'] } }}                                | ${true}
    ${'every selector must hold'}                        | ${{ who: { subjects: ['alice'], scopes: ['write'] } }}                                        | ${false}
    ${'every scope of allOf must be there'}              | ${{ who: { scopes: { allOf: ['read', 'write'] } } }}                                          | ${false}
    ${'a principal is type and id'}                      | ${{ who: { principals: ['user:alice'] } }}                                                    | ${true}
    ${'or any of a type'}                                | ${{ who: { principals: ['client:*'] } }}                                                      | ${false}
    ${'the client is the authorized party'}              | ${{ who: { clients: ['app'] } }}                                                              | ${true}
    ${'the authorized party comes before the client id'} | ${{ who: { clients: ['web'] } }}                                                              | ${false}
    ${'a group of the credential'}                       | ${{ who: { groups: ['admins', 'staff'] } }}                                                   | ${true}
    ${'anybody may be outside'}                          | ${{ who: { domains: ['*'] } }}                                                                | ${true}
    ${'nothing is proven here'}                          | ${{ who: { domains: ['acme'] } }}                                                             | ${false}
    ${'there is no actor'}                               | ${{ who: { services: ['member'] } }}                                                          | ${false}
    ${'a method of the list'}                            | ${{ what: { methods: ['PUT', 'GET'] } }}                                                      | ${true}
    ${'a path template'}                                 | ${{ what: { paths: ['/v2/**', '/v1/{id}'] } }}                                                | ${true}
    ${'a path template that says less'}                  | ${{ what: { paths: ['/v1'] } }}                                                               | ${false}
    ${'an address is no resource'}                       | ${{ what: { resourceTypes: ['book'] } }}                                                      | ${false}
    ${'a domain of the chain'}                           | ${{ what: { domains: ['acme'] } }}                                                            | ${true}
    ${'any endpoint of the service'}                     | ${{ what: { endpoints: ['api/*'] } }}                                                         | ${true}
    ${'a condition that holds'}                          | ${{ when: 'principal.claims.tier == "gold" && request.params.id == "7"' }}                    | ${true}
    ${'a condition about a missing member'}              | ${{ when: 'principal.claims.age > 17' }}                                                      | ${false}
    ${'a condition that absorbs one'}                    | ${{ when: 'principal.claims.age > 17 || true' }}                                              | ${true}
    ${'a principal sees no roles it has not'}            | ${{ when: 'size(principal.roles) == 0 && size(actor.domains) == 0' }}                         | ${true}
    ${'validity begins with its first instant'}          | ${{ notBefore: NOW }}                                                                         | ${true}
    ${'and ends before its last'}                        | ${{ notAfter: NOW }}                                                                          | ${false}
    ${'a reported rule never counts'}                    | ${{ mode: 'report' }}                                                                         | ${false}
    ${'a rule about leaving lets nobody in'}             | ${{ direction: 'out' }}                                                                       | ${false}
    ${'a header value needs a value'}                    | ${{ obligations: [{ kind: 'setHeader', name: 'x', value: '${claimed.x}', critical: true }] }} | ${false}
  `('$given: $because', async ({ given, passes }) => {
    const outcome = await decide(shop({ rules: [rule('p/r', given)] }), plain);
    expect(outcome).toMatchObject(
      passes
        ? { reason: 'ALLOW_SLOW', crossed: ['acme'], meeting: '*', rules: ['p/r'] }
        : { reason: 'NO_ALLOW_RULE', deniedAt: 'acme', rules: [], obligations: [] },
    );
  });

  it('needs everything of one and the same credential', async () => {
    const world = shop({ rules: [rule('p/r', { who: { scopes: ['read'], groups: ['staff'] } })] });
    const split = [token('alice', { scopes: ['read'] }), token('bob', { groups: ['staff'] })];
    expect(await decide(world, { ...plain, evidence: split })).toMatchObject({ reason: 'NO_ALLOW_RULE' });
  });

  it('sees what is not said of an endpoint by name as open', async () => {
    const byName = asking({ kind: 'endpoint', endpoint: 'api/web' }, { evidence: [user] });
    const about = { what: { methods: ['GET'] } };
    expect(await decide(shop({ rules: [rule('p/r', about)] }), byName)).toMatchObject({ reason: 'NO_ALLOW_RULE' });
    const denied = shop({ rules: [everything, rule('p/r', { effect: 'deny', ...about })] });
    expect(await decide(denied, byName)).toMatchObject({ reason: 'DENY_RULE' });
  });

  it('lets callers without credential in only where domain and rule say so', async () => {
    const nobody = asking('GET api.example/v1/7');
    const forAnybody = rule('p/any', { who: { anonymous: true } });
    const closed = await decide(shop({ rules: [forAnybody] }), nobody);
    expect(closed).toMatchObject({ reason: 'ACCESS_EVIDENCE_MISSING', deniedAt: 'acme', accepts: ['key', 'login'] });
    const access = ['login', 'anonymous'];
    expect(await decide(shop({ access, rules: [everything] }), nobody)).toMatchObject({ reason: 'NO_ALLOW_RULE' });
    expect(await decide(shop({ access, rules: [forAnybody] }), nobody)).toMatchObject({ rules: ['p/any'] });
    const quiet = await decide(shop({ discloseAccess: false }), nobody);
    expect(quiet.reason).toBe('ACCESS_EVIDENCE_MISSING');
    expect('accepts' in quiet).toBe(false);
  });
});

describe('roles', () => {
  const inherits = (from: number, to: number): { name: string; inherits: string[] } => ({
    name: `level-${from}`,
    inherits: [`level-${to}`],
  });
  const needs = (role: string): DomainGiven => ({ rules: [rule('p/r', { who: { roles: [role] } })] });
  const as = (...items: AccessRequest['evidence']): AccessRequest =>
    asking('GET api.example/v1/7', { evidence: items });

  it('are inherited however deep, where casbin alone would stop at ten', async () => {
    const roles = Array.from({ length: 24 }, (_, level) => inherits(level, level + 1));
    const world = shop({ ...needs('level-24'), roles, assignments: { 'user:alice': ['level-0'] } });
    expect(await decide(world, as(token('alice')))).toMatchObject({ reason: 'ALLOW_SLOW' });
    expect(await decide(world, as(token('bob')))).toMatchObject({ reason: 'NO_ALLOW_RULE' });
  });

  it('are found in time however many ways lead to them', async () => {
    const roles = Array.from({ length: 40 }, (_, level) => [
      { name: `a-${level}`, inherits: [`a-${level + 1}`, `b-${level + 1}`] },
      { name: `b-${level}`, inherits: [`a-${level + 1}`, `b-${level + 1}`] },
    ]).flat();
    const world = shop({ ...needs('nowhere'), roles, assignments: { 'user:alice': ['a-0'] } });
    expect(await decide(world, as(token('alice')))).toMatchObject({ reason: 'NO_ALLOW_RULE' });
  });

  it('are held by whole names, whatever is in them', async () => {
    const assignments = { 'user:CN=a,O=b': ['reader'] };
    const world = shop({ ...needs('reader'), assignments });
    expect(await decide(world, as(token('CN=a,O=b')))).toMatchObject({ reason: 'ALLOW_SLOW' });
    expect(await decide(world, as(token('CN=a')))).toMatchObject({ reason: 'NO_ALLOW_RULE' });
    expect(await decide(world, as(token('reader')))).toMatchObject({ reason: 'NO_ALLOW_RULE' });
  });

  it('come through groups and the proven actor, and never from a neighbour or below', async () => {
    const neighbours = { domains: { 'acme.below': { assignments: { 'user:alice': ['reader'] } } } };
    expect(await decide(shop(needs('reader'), neighbours), as(token('alice')))).toMatchObject({ decision: 'deny' });
    const grouped = shop({ ...needs('reader'), assignments: { 'group:staff': ['reader'] } });
    expect(await decide(grouped, as(token('alice', { groups: ['staff'] })))).toMatchObject({ decision: 'allow' });
    const zero = shop({ zeroTrust: true, ...needs('reader'), assignments: { 'service:member': ['reader'] } });
    expect(await decide(zero, as(from('member')))).toMatchObject({ reason: 'ALLOW_FAST', rules: ['p/r'] });
  });

  it('leave the roles of the actor out of what conditions read', async () => {
    const assignments = { 'service:member': ['reader'], 'user:alice': ['zeta', 'alpha'] };
    const when = 'principal.roles == ["alpha", "zeta"]';
    const world = shop({ zeroTrust: true, rules: [rule('p/r', { when })], assignments });
    expect(await decide(world, as(from('member'), token('alice')))).toMatchObject({ reason: 'ALLOW_FAST' });
  });
});

describe('a deny', () => {
  const asked = asking('GET api.example/v1/7', { evidence: [token('alice'), from('member')] });

  it.each`
    because                                         | given                                                                 | denies
    ${'without selectors it bars everybody'}        | ${{}}                                                                 | ${true}
    ${'it sees where a caller is known to be from'} | ${{ who: { domains: ['acme'] } }}                                     | ${true}
    ${'a member is no stranger'}                    | ${{ who: { domains: ['*'] } }}                                        | ${false}
    ${'any credential may give cause'}              | ${{ who: { subjects: ['alice'] } }}                                   | ${true}
    ${'what cannot be evaluated counts as matched'} | ${{ when: 'attributes.country == "XX"' }}                             | ${true}
    ${'the rest of it must still match'}            | ${{ who: { subjects: ['bob'] }, when: 'attributes.country == "XX"' }} | ${false}
    ${'a reported rule never counts'}               | ${{ mode: 'report' }}                                                 | ${false}
    ${'nothing is left on the way'}                 | ${{ direction: 'out' }}                                               | ${false}
  `('$given: $because', async ({ given, denies }) => {
    const world = shop({ rules: [everything, rule('p/d', { effect: 'deny', ...given })] });
    const expected = denies ? { reason: 'DENY_RULE', deniedAt: 'acme', rules: ['p/d'] } : { reason: 'ALLOW_FAST' };
    expect(await decide(world, asked)).toMatchObject(expected);
  });

  it('is reported with every other that matches, in the order of their names', async () => {
    const denies = ['q/b', 'p/z', 'p/A'].map((id) => rule(id, { effect: 'deny' }));
    const world = shop({ rules: denies }, { outside: [rule('r/o', { effect: 'deny', scope: 'self' })] });
    expect(await decide(world, asked)).toMatchObject({ deniedAt: 'acme', rules: ['p/A', 'p/z', 'q/b', 'r/o'] });
  });

  it('sees the service a credential is bound to', async () => {
    const world = shop(
      { rules: [everything, rule('p/d', { effect: 'deny', who: { services: ['robot'] } })] },
      { services: { robot: { domains: ['acme'], identities: [{ mechanism: 'key', subject: 'r-1' }] } } },
    );
    const key = evidence({ role: 'access', mechanism: 'key', subject: 'r-1' });
    expect(await decide(world, asking(asked.target, { evidence: [key] }))).toMatchObject({ reason: 'DENY_RULE' });
  });
});

describe('a caller', () => {
  const target = address('GET api.example/v1/7');

  it.each`
    because                                  | items                                                 | reason
    ${'a member is inside'}                  | ${[from('member')]}                                   | ${'ALLOW_FAST'}
    ${'what is not verified proves nothing'} | ${[from('member', { verified: false })]}              | ${'ACCESS_EVIDENCE_MISSING'}
    ${'evidence expires with its instant'}   | ${[from('member', { expiresAt: NOW })]}               | ${'ACCESS_EVIDENCE_MISSING'}
    ${'a mechanism serves its own role'}     | ${[{ ...from('member'), role: 'access' }]}            | ${'ACCESS_EVIDENCE_MISSING'}
    ${'nobody is bound to this subject'}     | ${[from('stranger')]}                                 | ${'ACCESS_EVIDENCE_MISSING'}
    ${'two services are no one caller'}      | ${[from('member'), from('api')]}                      | ${'AMBIGUOUS_CALLER'}
    ${'all of its domains are suspended'}    | ${[from('asleep')]}                                   | ${'CALLER_SUSPENDED'}
    ${'a prefix names many'}                 | ${[from('spiffe://x/1')]}                             | ${'ALLOW_FAST'}
    ${'an address in a block'}               | ${[from('10.1.2.3', { mechanism: 'office' })]}        | ${'ALLOW_FAST'}
    ${'a mapped address is the same'}        | ${[from('::ffff:10.1.2.3', { mechanism: 'office' })]} | ${'ALLOW_FAST'}
    ${'an address outside it'}               | ${[from('10.2.2.3', { mechanism: 'office' })]}        | ${'ACCESS_EVIDENCE_MISSING'}
  `('$because', async ({ items, reason }) => {
    const world = shop(
      { trust: ['mesh', 'office'] },
      {
        mechanisms: [{ name: 'office', role: 'trust', kind: 'network', principalType: 'client' }],
        domains: { idle: { suspended: true } },
        services: {
          asleep: { domains: ['idle'] },
          many: { domains: ['acme'], identities: [{ mechanism: 'mesh', subject: 'spiffe://x/**' }] },
          desk: { domains: ['acme'], identities: [{ mechanism: 'office', subject: '10.1.0.0/16' }] },
        },
      },
    );
    expect(await decide(world, asking(target, { evidence: items }))).toMatchObject({ reason });
  });

  it('is not inside below by a network that only the parent trusts', async () => {
    const mechanisms = [{ name: 'office', role: 'trust', kind: 'network', principalType: 'client' }] as const;
    const desk = { domains: ['acme.team'], identities: [{ mechanism: 'office', subject: '10.1.2.3' }] };
    const services = { desk, team: { domains: ['acme.team'], endpoints: { api: {} } } };
    const asked = asking('GET team.example/', { evidence: [from('10.1.2.3', { mechanism: 'office' })] });
    const world = shop({ trust: ['office'] }, { mechanisms, services, domains: { 'acme.team': {} } });
    expect(await decide(world, asked)).toMatchObject({ reason: 'NOT_VISIBLE' });
  });
});

describe('what a condition reads', () => {
  const world = (when: string, domain: DomainGiven = {}): World =>
    worldOf({
      domains: {
        acme: { access: ['login'], entities: { 'user:alice': { team: 'far', desk: 1 }, 'book:7': { owner: 'bob' } } },
        'acme.lib': {
          boundary: ['lib/books'],
          entities: { 'user:alice': { team: 'near' } },
          rules: [rule('p/r', { when })],
          ...domain,
        },
      },
      services: {
        lib: {
          domains: ['acme.lib'],
          endpoints: { books: { operations: [{ kind: 'resource', resourceType: 'book', actions: ['view'] }] } },
        },
      },
    });
  const asked = asking(
    {
      kind: 'resource',
      resource: { type: 'book', id: '7', properties: { owner: 'alice', lent: null } },
      action: { name: 'view', properties: { why: 'audit' } },
    },
    {
      evidence: [token('alice', { attributes: { floor: 3 } })],
      attributes: { country: 'PT' },
      claimed: { country: 'XX' },
    },
  );

  it.each([
    [
      'the nearest entity, attribute by attribute',
      'principal.attributes.team == "near" && principal.attributes.desk == 1',
    ],
    ['what is attested beside it', 'principal.attributes.floor == 3'],
    ['what is attested over what is stored', 'resource.attributes.owner == "alice" && resource.id == "7"'],
    ['nothing where a member is null', '!has(resource.attributes.lent)'],
    ['the action', 'action.name == "view" && action.attributes.why == "audit"'],
    [
      'the chain of the target',
      'target.domains == ["acme", "acme.lib"] && target.service == "lib" && target.endpoint == "lib/books"',
    ],
    ['claims of the client apart', 'attributes.country == "PT" && claimed.country == "XX"'],
    ['no method of a resource', '!has(request.method) && !has(request.path)'],
    ['the time', 'request.time == timestamp("2026-12-24T12:00:00Z")'],
  ])('is %s', async (_, when) => {
    const boundary = { acme: ['lib/books'] };
    const built = world(when);
    const acme = { ...built.domains.get('acme')!, boundary: boundary.acme, mode: 'report' as const };
    const domains = new Map([...built.domains, ['acme', acme]]);
    domains.set('acme.lib', { ...domains.get('acme.lib')!, mode: 'enforce' });
    expect(await decide({ ...built, domains }, asked)).toMatchObject({
      decision: 'allow',
      rules: ['p/r'],
      wouldDeny: { reason: 'NO_ALLOW_RULE', deniedAt: 'acme' },
    });
  });
});
