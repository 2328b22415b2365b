/** Where two people decide: what one may still do alone, and who counts as somebody else. */
import { IssuerTokens } from '#identity';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore } from '#store';
import { type Answer, ScriptedServer, startTestAdmin, type TestAdmin, TOKEN } from '../admin-api/admin-server.js';
import { NOW } from '../identity/identities.js';
import { Issuer } from '../identity/issuers.js';
import { ScriptedIssuers } from '../identity/scripted-issuers.js';

const ISSUER = 'https://login.acme.example/';
const AUDIENCE = 'urn:acme:dharma';
const document = (kind: string, metadata: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const policy = (name: string, domain: string, effect = 'allow') =>
  document('Policy', `name: ${name}, domain: ${domain}`, `{ rules: [{ id: r, effect: ${effect} }] }`);

const owners = (...groups: string[]) =>
  `{ administrators: [{ role: owner, principals: [${groups.map((group) => `"group:${group}"`).join(', ')}] }] }`;
const SET = [
  document('Domain', 'name: acme', owners('acme')),
  document('Domain', 'name: acme.pay', owners('pay')),
  document('Domain', 'name: acme.pay.cards'),
  document('Domain', 'name: acme.web', owners('web')),
  document('Service', 'name: shop', '{ domains: [acme.web], hosts: [shop.example] }'),
  document(
    'Domain',
    'name: kiosk',
    '{ access: [anonymous], boundary: ["till/*"], administrators: [{ role: owner, principals: ["group:pay"] }] }',
  ),
  document('Service', 'name: till', '{ domains: [kiosk], hosts: [till.example] }'),
  document('RoleSet', 'name: staff, domain: acme.pay', '{ roles: [{ name: clerk }] }'),
  document('EntitySet', 'name: things, domain: acme.pay', '{ entities: [{ type: t, id: one }] }'),
  policy('pay', 'acme.pay'),
  policy('web', 'acme.web'),
  policy('above', 'acme'),
].join('');

let now = NOW;
const clock = () => now;
const audit = new MemoryAuditLog(clock);
/** Each test has a history of its own; the server and the tokens are those of all. */
const history = {
  store: new MemoryRevisionStore(clock, audit),
  credentials: new MemoryCredentialStore(clock, audit),
  audit,
  fleet: new MemoryFleet(clock),
};
let admin: TestAdmin;
let issuers: IssuerTokens;
let keys: Issuer;
let tokens: { readonly [who: string]: string };

beforeAll(async () => {
  const provider = new ScriptedIssuers();
  keys = await Issuer.create('ES256', 'key');
  provider.respond = ({ url }) =>
    url === `${ISSUER}.well-known/openid-configuration`
      ? JSON.stringify({ issuer: ISSUER, jwks_uri: `${ISSUER}jwks` })
      : JSON.stringify({ keys: [keys.publicJwk] });
  issuers = new IssuerTokens({ issuer: ISSUER, audience: AUDIENCE, groupsClaim: 'groups' }, provider.issuers());
  admin = await startTestAdmin({
    history,
    server: new ScriptedServer(),
    operatorIssuer: issuers,
    clock,
  });
  const [ann, bo] = [await make('ann', ['pay']), await make('bo', ['pay'])];
  tokens = {
    root: TOKEN,
    ann,
    bo,
    'of ann': await make('bot', ['pay'], ann),
    'also of ann': await make('robot', ['pay'], ann),
    'ann again': await make('ann', ['pay']),
    web: await make('wes', ['web']),
    acme: await make('amy', ['acme']),
    'a guest': await keys.token({ iss: ISSUER, aud: AUDIENCE, sub: 'u-1', groups: ['pay'] }),
    'a guest above': await keys.token({ iss: ISSUER, aud: AUDIENCE, sub: 'u-3', groups: ['acme'] }),
    'another guest above': await keys.token({ iss: ISSUER, aud: AUDIENCE, sub: 'u-4', groups: ['acme'] }),
    'another guest': await keys.token({ iss: ISSUER, aud: AUDIENCE, sub: 'u-2', groups: ['pay'] }),
  };
});
afterAll(async () => {
  await admin.stop();
  await issuers.close();
});
beforeEach(async () => {
  now = NOW;
  history.store = new MemoryRevisionStore(clock, audit);
  expect(await publish(SET, TOKEN)).toMatchObject({ status: 201 });
  expect(await publish(policy('by-hand', 'acme.pay'), TOKEN, 'api')).toMatchObject({ status: 201 });
});

async function make(name: string, groups: readonly string[], by = TOKEN): Promise<string> {
  const made = await admin.ask('POST', '/admin/v1/operators', { body: { name, groups }, token: by });
  expect(made.status).toBe(201);
  return made.json.token;
}

async function base() {
  const revision = await history.store.newest();
  return revision && { number: revision.number, contentHash: revision.contentHash };
}

const bundle = (text: string, source: string) => ({ source, prune: false, files: [{ file: 'a.yaml', text }] });
const publish = async (text: string, token: string, source = 'git'): Promise<Answer> =>
  admin.ask('POST', '/admin/v1/revisions', {
    body: { ...bundle(text, source), base: await base(), because: 'x' },
    token,
  });
const protect = (domain = 'acme.pay', token = TOKEN): Promise<Answer> =>
  admin.ask('PUT', `/admin/v1/domains/${domain}/four-eyes`, { body: { because: 'money' }, token });
const propose = async (what: object, token = tokens['ann']!): Promise<Answer> =>
  admin.ask('POST', '/admin/v1/proposals', { body: { base: await base(), because: 'a rule', ...what }, token });
const proposePolicy = (token?: string, effect = 'deny', source = 'git') =>
  propose({ bundle: bundle(policy('pay', 'acme.pay', effect), source) }, token);
const approve = (number: number, contentHash: string, token = tokens['bo']!): Promise<Answer> =>
  admin.ask('POST', `/admin/v1/proposals/${number}/approve`, { body: { contentHash }, token });
const reject = (number: number, token: string): Promise<Answer> =>
  admin.ask('POST', `/admin/v1/proposals/${number}/reject`, { body: { because: 'no' }, token });
const read = (number: number, token: string): Promise<Answer> =>
  admin.ask('GET', `/admin/v1/proposals/${number}`, { token });
const wordOf = ({ status, json }: Answer) => (status < 300 ? String(status) : `${status} ${json.code}`);

describe('one person alone', () => {
  const [REFUSED, DONE] = ['403 four-eyes-required', '201'];
  const put =
    (text: string, who = 'ann') =>
    () =>
      publish(text, tokens[who]!);
  const asked =
    (method: string, path: string, body?: object, who = 'ann') =>
    () =>
      admin.ask(method, `/admin/v1/${path}`, {
        token: tokens[who]!,
        ...(body && { body }),
        ...(path.startsWith('documents') && { headers: { 'if-match': '*' } }),
      });
  const because = 'x';

  it.each`
    because                                                      | act                                                                                                                   | answer
    ${'a rule decides there'}                                    | ${put(policy('pay', 'acme.pay', 'deny'))}                                                                             | ${REFUSED}
    ${'and so does one below'}                                   | ${put(policy('cards', 'acme.pay.cards'))}                                                                             | ${REFUSED}
    ${'who may everything is one person'}                        | ${put(policy('pay', 'acme.pay', 'deny'), 'root')}                                                                     | ${REFUSED}
    ${'a domain appears there'}                                  | ${put(document('Domain', 'name: acme.pay.more'))}                                                                     | ${REFUSED}
    ${'a service passes there'}                                  | ${put(document('Service', 'name: shop', '{ domains: [acme.pay], hosts: [shop.example] }'), 'root')}                   | ${REFUSED}
    ${'a document passes from there'}                            | ${put(policy('pay', 'acme.web'), 'root')}                                                                             | ${REFUSED}
    ${'one that is removed was there'}                           | ${asked('DELETE', 'documents/Policy/by-hand?because=x')}                                                              | ${REFUSED}
    ${'one is changed by itself'}                                | ${asked('PUT', 'documents/Policy/by-hand', { text: policy('by-hand', 'acme.pay', 'deny'), because })}                 | ${REFUSED}
    ${'who has a role decides'}                                  | ${asked('POST', 'assignments', { roleSet: 'staff', role: 'clerk', principals: ['user:cy'], source: 'git', because })} | ${REFUSED}
    ${'what is stored of things decides'}                        | ${asked('POST', 'entities', { entitySet: 'things', type: 't', id: 'two', attributes: {}, source: 'git', because })}   | ${REFUSED}
    ${'a test keeps back what would break it'}                   | ${put(document('Test', 'name: t, domain: acme.pay', '{ cases: [] }'))}                                                | ${REFUSED}
    ${'ending it needs two'}                                     | ${asked('DELETE', 'domains/acme.pay/four-eyes?because=x')}                                                            | ${REFUSED}
    ${'ending it needs two of whoever may everything, too'}      | ${asked('DELETE', 'domains/acme.pay/four-eyes?because=x', undefined, 'root')}                                         | ${REFUSED}
    ${'beside it nothing changed'}                               | ${put(policy('web', 'acme.web', 'deny'), 'web')}                                                                      | ${DONE}
    ${'above it nothing changed: the mark stands where it does'} | ${put(policy('above', 'acme', 'deny'), 'acme')}                                                                       | ${DONE}
    ${'suspending takes away, and cannot wait'}                  | ${asked('POST', 'domains/acme.pay/suspend', { because })}                                                             | ${DONE}
    ${'so does asking for two further below'}                    | ${asked('PUT', 'domains/acme.pay.cards/four-eyes', { because })}                                                      | ${DONE}
    ${'a limit opens nothing'}                                   | ${asked('PUT', 'domains/acme.pay/quota', { limits: { rules: 9 }, because }, 'acme')}                                  | ${DONE}
  `('$because: $answer', async ({ act, answer }) => {
    expect(wordOf(await protect())).toBe('201');
    const before = await history.store.newest();
    expect(wordOf(await act())).toBe(answer);
    expect((await history.store.newest())!.number - before!.number).toBe(answer === DONE ? 1 : 0);
  });

  const entity = (attributes: string) =>
    document(
      'EntitySet',
      'name: staff-data, domain: acme',
      `{ entities: [{ type: user, id: cy, attributes: ${attributes} }] }`,
    );
  const roles = (guest: string, ...given: readonly string[]) => {
    const defined = `[{ name: clerk }, { name: chief, inherits: [clerk] }, { name: guest${guest} }]`;
    const assignments = given.map((role) => `{ role: ${role}, principals: ["user:cy"] }`).join();
    return document('RoleSet', 'name: people, domain: acme', `{ roles: ${defined}, assignments: [${assignments}] }`);
  };
  const [BY_ROLE, BY_LEVEL] = ['who: { roles: [clerk] }', 'when: "principal.attributes.level > 3"'];
  const IN_HEADER = 'obligations: [{ kind: setHeader, name: x-level, value: "${principal.attributes.level}" }]';

  it.each`
    because                                         | rule                                                   | facts                           | answer
    ${'a rule names the role that somebody gets'}   | ${BY_ROLE}                                             | ${roles('', 'clerk')}           | ${REFUSED}
    ${'one that brings it along is got'}            | ${BY_ROLE}                                             | ${roles('', 'chief')}           | ${REFUSED}
    ${'one comes to bring it along'}                | ${BY_ROLE}                                             | ${roles(', inherits: [clerk]')} | ${REFUSED}
    ${'another role has nothing to do with it'}     | ${BY_ROLE}                                             | ${roles('', 'guest')}           | ${DONE}
    ${'all roles of somebody are read'}             | ${'when: "principal.roles.size() > 2"'}                | ${roles('', 'guest')}           | ${REFUSED}
    ${'a condition reads what is stored'}           | ${BY_LEVEL}                                            | ${entity('{ level: 9 }')}       | ${REFUSED}
    ${'it reads something else'}                    | ${BY_LEVEL}                                            | ${entity('{ town: Rome }')}     | ${DONE}
    ${'nobody reads what is stored, nor roles'}     | ${'when: "principal.id == \'ann\'"'}                   | ${entity('{ level: 9 }')}       | ${DONE}
    ${'which attribute it is hangs on the request'} | ${'when: "principal.attributes[request.method] == 1"'} | ${entity('{ level: 9 }')}       | ${REFUSED}
    ${'it stands in a header that is set'}          | ${IN_HEADER}                                           | ${entity('{ level: 9 }')}       | ${REFUSED}
  `('does not change facts above that rules read there: $because: $answer', async ({ rule, facts, answer }) => {
    expect(wordOf(await publish(policy('pay', 'acme.pay', `allow, ${rule}`), TOKEN))).toBe('201');
    expect(wordOf(await publish(roles(''), TOKEN, 'people'))).toBe('201');
    expect(wordOf(await protect())).toBe('201');
    expect(wordOf(await publish(facts, tokens['acme']!, 'people'))).toBe(answer);
    // Nobody reads them in a subtree beside.
    const beside = facts.replace(/name: [a-z-]+, domain: acme/, 'name: beside, domain: acme.web');
    expect(wordOf(await publish(beside, TOKEN, 'people'))).toBe('201');
  });

  it('takes no fact away above that rules read there, and changes others beside it', async () => {
    const facts = (attributes: string) => publish(entity(attributes), tokens['acme']!, 'people');
    expect(wordOf(await publish(policy('pay', 'acme.pay', `allow, ${BY_LEVEL}`), TOKEN))).toBe('201');
    expect(wordOf(await facts('{ level: 9, town: Rome }'))).toBe('201');
    await protect();
    expect(wordOf(await facts('{ level: 9, town: Oslo }'))).toBe('201');
    expect(wordOf(await facts('{ town: Oslo }'))).toBe(REFUSED);
    const path = '/admin/v1/documents/EntitySet/staff-data?because=x&source=people';
    expect(wordOf(await admin.ask('DELETE', path, { headers: { 'if-match': '*' }, token: tokens['acme']! }))).toBe(
      REFUSED,
    );
    // Two of those who may do it decide.
    const asked = { bundle: bundle(entity('{ level: 1, town: Oslo }'), 'people') };
    const { json } = await propose(asked, tokens['a guest above']!);
    expect(wordOf(await approve(json.number, json.contentHash, tokens['another guest above']!))).toBe('200');
  });

  it('does not resume what one suspended, and does not go back', async () => {
    await protect();
    await admin.ask('POST', '/admin/v1/domains/acme.pay/suspend', { body: { because }, token: tokens['ann']! });
    const resume = await admin.ask('POST', '/admin/v1/domains/acme.pay/resume', { body: { because } });
    expect(wordOf(resume)).toBe(REFUSED);
    const back = await propose({ bundle: bundle(policy('pay', 'acme.pay', 'deny'), 'git') });
    expect(wordOf(await approve(back.json.number, back.json.contentHash))).toBe('200');
    const restore = await admin.ask('POST', '/admin/v1/revisions/1/restore', { body: { base: await base(), because } });
    expect(wordOf(restore)).toBe(REFUSED);
    // Nor do two go back behind the mark.
    const proposal = await propose({ restore: 1 }, tokens['a guest']!);
    expect(wordOf(proposal)).toBe('201');
    const { number, contentHash } = proposal.json;
    expect(wordOf(await approve(number, contentHash, tokens['another guest']!))).toBe('200');
    expect(wordOf(await put(policy('pay', 'acme.pay', 'deny'))())).toBe(REFUSED);
  });

  it('has the refusal on record, and is told what to do by a plan', async () => {
    await protect();
    const { json } = await publish(policy('pay', 'acme.pay', 'deny'), tokens['ann']!);
    expect(json).toMatchObject({ fourEyes: ['acme.pay'], remedy: expect.stringContaining('proposals') });
    expect((await audit.list({}, { order: 'newest', limit: 1 }))[0]).toMatchObject({
      act: 'revision.publish',
      operator: 'ann',
      refused: 'four-eyes-required',
    });
    const plan = async (text: string) =>
      (await admin.ask('POST', '/admin/v1/plan', { body: bundle(text, 'git'), token: tokens['acme']! })).json;
    expect(await plan(policy('pay', 'acme.pay', 'deny'))).toMatchObject({ valid: true, fourEyes: ['acme.pay'] });
    expect(await plan(policy('above', 'acme', 'deny'))).not.toHaveProperty('fourEyes');
  });

  it('cannot carry the mark in a bundle, neither to set it nor to lift it', async () => {
    const text = document('FourEyes', 'name: acme.web');
    expect((await publish(text, TOKEN)).json.faults).toMatchObject([{ code: 'four-eyes-in-bundle' }]);
    await protect();
    expect(wordOf(await publish(policy('web', 'acme.web', 'deny'), TOKEN, 'four-eyes'))).toBe('400 request-invalid');
    const removal = { source: 'four-eyes', changed: [], removed: [{ kind: 'FourEyes', name: 'acme.pay' }] };
    const hash = 'a'.repeat(64);
    expect(wordOf(await propose({ bundle: { ...removal, contentHash: hash } }))).toBe('400 request-invalid');
  });

  it('asks for two only where they own', async () => {
    expect(wordOf(await protect('acme', tokens['ann']!))).toBe('404 domain-unknown');
    expect(wordOf(await protect('acme.web', tokens['ann']!))).toBe('404 domain-unknown');
    expect(wordOf(await protect('acme.pay', tokens['ann']!))).toBe('201');
    const { json } = await admin.ask('GET', '/admin/v1/domains/acme.pay.cards/four-eyes', { token: tokens['ann']! });
    expect(json).toEqual({ domain: 'acme.pay.cards', from: ['acme.pay'] });
  });
});

describe('a second person', () => {
  beforeEach(async () => {
    await protect();
  });

  const [OWN, DONE] = ['403 proposal-own', '200'];
  it.each`
    because                                                | first        | second             | answer
    ${'two who were given tokens are two'}                 | ${'ann'}     | ${'bo'}            | ${DONE}
    ${'nobody approves what they proposed'}                | ${'ann'}     | ${'ann'}           | ${OWN}
    ${'a token that one made is the same person'}          | ${'ann'}     | ${'of ann'}        | ${OWN}
    ${'and so is its maker'}                               | ${'of ann'}  | ${'ann'}           | ${OWN}
    ${'and another that the same one made'}                | ${'of ann'}  | ${'also of ann'}   | ${OWN}
    ${'and another of the same name'}                      | ${'ann'}     | ${'ann again'}     | ${OWN}
    ${'a token that somebody made is somebody else still'} | ${'of ann'}  | ${'bo'}            | ${DONE}
    ${'who may everything made the token that proposed'}   | ${'ann'}     | ${'root'}          | ${OWN}
    ${'and could make any that approves'}                  | ${'root'}    | ${'bo'}            | ${OWN}
    ${'a login may be whoever has the first token, too'}   | ${'root'}    | ${'a guest'}       | ${OWN}
    ${'a guest is one person'}                             | ${'a guest'} | ${'a guest'}       | ${OWN}
    ${'two of them are two'}                               | ${'a guest'} | ${'another guest'} | ${DONE}
    ${'who logs in may have a token of ours as well'}      | ${'a guest'} | ${'bo'}            | ${OWN}
    ${'and who has a token may log in as well'}            | ${'ann'}     | ${'a guest'}       | ${OWN}
    ${'who owns what is around may as well'}               | ${'ann'}     | ${'acme'}          | ${DONE}
    ${'who owns what is beside is told of nothing'}        | ${'ann'}     | ${'web'}           | ${'404 proposal-unknown'}
  `('$because: $answer', async ({ first, second, answer }) => {
    const { json } = await proposePolicy(tokens[first]);
    expect(json).toMatchObject({ number: 1, state: 'open', own: true });
    expect(wordOf(await approve(1, json.contentHash, tokens[second]))).toBe(answer);
    const published = (await history.store.newest())!.number === 4;
    expect(published).toBe(answer === DONE);
  });

  it('is nobody whose maker is gone, whatever name the token has', async () => {
    const made = (await admin.ask('POST', '/admin/v1/operators', { body: { name: 'mal', groups: ['web'] } })).json;
    const named = await make('bo', ['web'], made.token);
    await proposePolicy(tokens['bo']!);
    await admin.ask('DELETE', `/admin/v1/operators/${made.id}`);
    for (const answer of [await read(1, named), await reject(1, named), await approve(1, 'a'.repeat(64), named)])
      expect(wordOf(answer)).toBe('401 operator-unknown');
    expect((await read(1, tokens['bo']!)).json.state).toBe('open');
  });

  it('may by a narrow token not even see what a wide one proposed', async () => {
    const scope = { domain: 'acme.pay', roles: ['auditor'] };
    const elsewhere = await admin.ask('POST', '/admin/v1/operators', {
      body: { name: 'ci', scope: { ...scope, domain: 'acme.web' } },
      token: tokens['acme']!,
    });
    await proposePolicy(tokens['acme']!);
    expect(wordOf(await read(1, elsewhere.json.token))).toBe('404 proposal-unknown');
    expect(wordOf(await reject(1, elsewhere.json.token))).toBe('404 proposal-unknown');
    const reader = await admin.ask('POST', '/admin/v1/operators', {
      body: { name: 'r', scope },
      token: tokens['acme']!,
    });
    expect((await read(1, reader.json.token)).json).toMatchObject({ own: true });
    expect(wordOf(await reject(1, reader.json.token))).toBe('403 forbidden-change');
  });

  it('has it on record who would have approved something else', async () => {
    await proposePolicy();
    expect(wordOf(await approve(1, 'a'.repeat(64)))).toBe('409 proposal-differs');
    const [act] = await audit.list({}, { order: 'newest', limit: 1 });
    expect(act).toMatchObject({ act: 'proposal.approve', operator: 'bo', refused: 'proposal-differs' });
  });

  it.each([null, 59, 31 * 86_400])('refuses to wait for %s seconds', async (waitSeconds) => {
    expect(wordOf(await propose({ bundle: bundle(policy('pay', 'acme.pay'), 'git'), waitSeconds }))).toBe(
      '400 request-invalid',
    );
  });

  it('keeps no long list of whom it concerns', async () => {
    const files = Array.from({ length: 1_001 }, (_, index) => document('Domain', `name: acme.pay.d${index}`)).join('');
    const { json } = await propose({ bundle: bundle(files, 'git') });
    expect((await history.store.proposals.find(json.number))!.concerns).toEqual([['*']]);
    expect(wordOf(await read(json.number, tokens['bo']!))).toBe('404 proposal-unknown');
    expect(wordOf(await read(json.number, tokens['ann']!))).toBe('200');
    expect(wordOf(await read(json.number, TOKEN))).toBe('200');
  });

  it('publishes what was proposed, in the name of who proposed it', async () => {
    const { json } = await proposePolicy();
    const seen = await read(1, tokens['bo']!);
    expect(seen.json).toMatchObject({
      contentHash: json.contentHash,
      proposer: 'ann',
      own: false,
      plan: { valid: true, fourEyes: ['acme.pay'], changes: [{ kind: 'Policy', name: 'pay', change: 'changed' }] },
    });
    const approved = await approve(1, seen.json.contentHash);
    expect(approved.json).toMatchObject({
      revision: { author: 'ann', because: 'a rule', source: 'git' },
      proposal: { state: 'approved', end: { by: 'bo', revision: 4 } },
    });
    const [act] = await audit.list({}, { order: 'newest', limit: 1 });
    expect(act).toMatchObject({ act: 'proposal.approve', object: 'proposal/1', operator: 'bo', revision: 4 });
    expect((await read(1, tokens['bo']!)).json).toMatchObject({ state: 'approved', plan: null });
  });

  it('takes out of a source what whoever proposed sees of it, and not what they see themselves', async () => {
    await protect();
    const theirs = SET.split(/(?=^---)/m).filter((text) => /acme\.pay|kiosk/.test(text));
    const text = theirs.filter((one) => !one.includes('name: things')).join('');
    const proposed = await propose({ bundle: { ...bundle(text, 'git'), prune: true } });
    const { number, contentHash } = proposed.json;
    const { plan } = (await read(number, tokens['acme']!)).json;
    expect(plan.changes).toMatchObject([{ change: 'removed', kind: 'EntitySet', name: 'things' }]);
    expect(plan.warnings.map(({ code }: { code: string }) => code)).not.toContain('source-shared');
    expect(wordOf(await approve(number, contentHash, tokens['acme']!))).toBe('200');
    const left = await admin.ask('GET', '/admin/v1/documents?limit=500');
    const names = left.json.items.map(({ name }: { name: string }) => name);
    expect([names.includes('web'), names.includes('above'), names.includes('things')]).toEqual([true, true, false]);
  });

  it('sees what is decided otherwise, as a plan shows it', async () => {
    const text = policy('open', 'kiosk', 'allow, who: { anonymous: true }');
    const body = bundle(text, 'git');
    expect(wordOf(await propose({ bundle: body }))).toBe('201');
    const { flips } = (await read(1, tokens['bo']!)).json.plan;
    const planned = await admin.ask('POST', '/admin/v1/plan', { body, token: tokens['bo']! });
    expect(flips).toEqual(planned.json.flips);
    expect(flips).toMatchObject({ toAllow: 4, groups: [{ endpoint: 'till/all', to: 'allow' }] });
    const scope = { domain: 'kiosk', roles: ['auditor'] };
    const { json } = await admin.ask('POST', '/admin/v1/operators', { body: { name: 'reader', scope } });
    expect((await read(1, json.token)).json.plan).toMatchObject({ flips: null });
  });

  it('is told that it is published already, by whom and as what', async () => {
    const { json } = await proposePolicy(tokens['acme']!);
    // Both have looked at an open one before either publishes.
    const { proposals } = history.store;
    const content = proposals.content.bind(proposals);
    let come = 0;
    let go: () => void;
    const both = new Promise<void>((resolve) => (go = resolve));
    proposals.content = async (number) => {
      come += 1;
      if (come === 2) go();
      await both;
      return content(number);
    };
    const answers = await Promise.all(['ann', 'bo'].map((who) => approve(1, json.contentHash, tokens[who]!)));
    const [won, lost] = answers[0]!.status === 200 ? answers : [answers[1]!, answers[0]!];
    const by = won!.json.proposal.end.by;
    expect(won!.json).toMatchObject({ revision: { number: 4, author: 'amy' } });
    expect(lost).toMatchObject({
      status: 409,
      json: { code: 'proposal-published', end: { by, revision: 4 }, detail: expect.stringContaining('revision 4: `') },
    });
    expect(await reject(1, tokens['acme']!)).toMatchObject({ status: 409, json: { code: 'proposal-published' } });
    expect((await history.store.newest())!.number).toBe(4);
  });

  it('is answered again when the first answer was lost, for the same changes', async () => {
    const { json } = await proposePolicy();
    const first = (await approve(1, json.contentHash)).json;
    expect(await approve(1, json.contentHash)).toMatchObject({ status: 200, json: { ...first, repeated: true } });
    expect(wordOf(await approve(1, 'a'.repeat(64)))).toBe('409 proposal-published');
    expect(wordOf(await approve(1, json.contentHash, tokens['acme']!))).toBe('409 proposal-published');
    expect((await history.store.newest())!.number).toBe(4);
  });

  it('is asked once for what is proposed twice under one key', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    const body = { ...bundle(policy('pay', 'acme.pay', 'deny'), 'git') };
    const asked = { base: await base(), because: 'a rule', bundle: body };
    const send = (who: string, more = {}) =>
      admin.ask('POST', '/admin/v1/proposals', { body: { ...asked, ...more }, headers, token: tokens[who]! });
    const first = await send('ann');
    expect(first).toMatchObject({ status: 201, json: { number: 1 } });
    expect(first.json).not.toHaveProperty('repeated');
    expect(await send('ann')).toMatchObject({ status: 200, json: { ...first.json, repeated: true } });
    expect(await send('ann', { because: 'another' })).toMatchObject({
      status: 409,
      json: { code: 'idempotency-key-reused', detail: expect.stringContaining('proposal 1 ') },
    });
    // Keys are each token's own.
    expect(await send('bo')).toMatchObject({ status: 201, json: { number: 2 } });
    await approve(1, first.json.contentHash);
    expect(await send('ann')).toMatchObject({ status: 200, json: { number: 1, state: 'approved', repeated: true } });
    const bad = await admin.ask('POST', '/admin/v1/proposals', { body: asked, headers: { 'idempotency-key': 'a b' } });
    expect(wordOf(bad)).toBe('400 request-invalid');
  });

  it('is asked once for the same again while it waits, with no key', async () => {
    const first = await proposePolicy();
    for (let count = 0; count < 30; count += 1) {
      expect(await proposePolicy()).toMatchObject({ status: 200, json: { ...first.json, repeated: true } });
    }
    await reject(1, tokens['ann']!);
    expect(await proposePolicy()).toMatchObject({ status: 201, json: { number: 2 } });
  });

  it('approves by the hash of what they looked at, and nothing else', async () => {
    const first = await proposePolicy();
    const second = await proposePolicy(undefined, 'allow, when: "true"');
    expect(first.json.contentHash).not.toBe(second.json.contentHash);
    expect(wordOf(await approve(1, second.json.contentHash))).toBe('409 proposal-differs');
    expect(wordOf(await approve(2, second.json.contentHash))).toBe('200');
  });

  it('ends the mark, and resumes', async () => {
    await admin.ask('POST', '/admin/v1/domains/acme.pay/suspend', { body: { because: 'x' } });
    for (const what of [{ resume: 'acme.pay' }, { endFourEyes: 'acme.pay' }]) {
      const { json } = await propose(what);
      expect(wordOf(await approve(json.number, json.contentHash))).toBe('200');
    }
    expect(wordOf(await publish(policy('pay', 'acme.pay', 'deny'), tokens['ann']!))).toBe('201');
    expect(wordOf(await propose({ resume: 'acme.pay' }))).toBe('422 publication-refused');
    expect(wordOf(await propose({ endFourEyes: 'acme.web' }))).toBe('404 domain-unknown');
  });
});

describe('what happens between the two', () => {
  let hash: string;
  beforeEach(async () => {
    await protect();
    hash = (await proposePolicy()).json.contentHash;
  });
  const root = (method: string, path: string, body?: object) => admin.ask(method, path, { ...(body && { body }) });

  it('others publish what has nothing to do with it: it is planned again on theirs', async () => {
    expect(wordOf(await publish(policy('web', 'acme.web', 'deny'), tokens['web']!, 'web-team'))).toBe(
      '409 documents-of-another-source',
    );
    expect(wordOf(await publish(policy('more', 'acme.web', 'deny'), tokens['web']!, 'web-team'))).toBe('201');
    expect(wordOf(await approve(1, hash))).toBe('200');
  });

  it('others change the same: whoever proposed looks again', async () => {
    const second = await proposePolicy(undefined, 'allow, when: "true"');
    expect(wordOf(await approve(2, second.json.contentHash))).toBe('200');
    expect(wordOf(await approve(1, hash))).toBe('409 revision-superseded');
  });

  it('a bundle that prunes would by now take something else, too', async () => {
    const whole = { source: 'pay-team', files: [{ file: 'a.yaml', text: policy('own', 'acme.pay') }] };
    const { json } = await propose({ bundle: whole });
    // Of the same source, by a third way, with nothing to do with it but the source.
    const other = await propose({
      bundle: { ...whole, prune: false, files: [{ file: 'b.yaml', text: policy('late', 'acme.pay') }] },
    });
    expect(wordOf(await approve(other.json.number, other.json.contentHash))).toBe('200');
    expect(wordOf(await approve(json.number, json.contentHash))).toMatch(/409 (revision-superseded|proposal-outdated)/);
  });

  it('what it changes goes and comes back: whoever proposed looks again', async () => {
    const suspend = () => root('POST', '/admin/v1/domains/acme.pay/suspend', { because: 'x' });
    await suspend();
    const [first, second] = [
      await propose({ resume: 'acme.pay' }),
      await propose({ resume: 'acme.pay' }, tokens['of ann']),
    ];
    expect(wordOf(await approve(first.json.number, first.json.contentHash))).toBe('200');
    // For another reason, in the same words.
    await suspend();
    expect(wordOf(await approve(second.json.number, second.json.contentHash))).toBe('409 proposal-outdated');
    // Of what it does not change all may come and go.
    expect(wordOf(await approve(1, hash))).toBe('200');
  });

  it('the rule that it changes is closed and opened again: whoever proposed looks again', async () => {
    const closing = await proposePolicy(undefined, 'allow, when: "true"');
    expect(wordOf(await approve(closing.json.number, closing.json.contentHash))).toBe('200');
    const opening = await proposePolicy(undefined, 'allow');
    expect(wordOf(await approve(opening.json.number, opening.json.contentHash))).toBe('200');
    expect(wordOf(await approve(1, hash))).toBe('409 proposal-outdated');
  });

  it('what was asked for is not what is kept: whoever writes to the database approves nothing', async () => {
    const { proposals } = history.store;
    const kept = (await proposals.content(1))!;
    proposals.content = async () => kept.replace('effect: deny', 'effect: allow');
    expect(wordOf(await approve(1, hash))).toBe('409 proposal-outdated');
  });

  it('the token that proposed is revoked', async () => {
    const { json } = await root('POST', '/admin/v1/operators', { name: 'cy', groups: ['pay'] });
    const proposal = await proposePolicy(json.token);
    expect(wordOf(proposal)).toBe('201');
    expect(wordOf(await root('DELETE', `/admin/v1/operators/${json.id}`))).toBe('200');
    expect(wordOf(await approve(2, proposal.json.contentHash))).toBe('403 proposer-not-entitled');
  });

  it('who proposed loses the right, or who approves does', async () => {
    // What changes who may what changes there, too: two who are left decide it.
    const text = document('Domain', 'name: acme.pay', owners('other'));
    const { json } = await propose({ bundle: bundle(text, 'git') }, tokens['a guest above']!);
    expect(wordOf(await approve(json.number, json.contentHash, tokens['another guest above']!))).toBe('200');
    expect(wordOf(await approve(1, hash, tokens['bo']!))).toBe('404 proposal-unknown');
    expect(wordOf(await approve(1, hash, tokens['acme']!))).toMatch(
      /^403 proposer-not-entitled|^409 revision-superseded/,
    );
  });

  it('its time goes by', async () => {
    now += 7 * 86_400_000 - 1;
    expect((await read(1, tokens['bo']!)).json.state).toBe('open');
    now += 1;
    expect((await read(1, tokens['bo']!)).json).toMatchObject({ state: 'expired', plan: null });
    expect(wordOf(await approve(1, hash))).toBe('409 proposal-ended');
    expect(wordOf(await reject(1, tokens['bo']!))).toBe('409 proposal-ended');
  });

  it.each`
    because                                 | who         | answer
    ${'who made it takes it back'}          | ${'ann'}    | ${'200'}
    ${'who might do it says no'}            | ${'bo'}     | ${'200'}
    ${'who may everything might'}           | ${'root'}   | ${'200'}
    ${'who sees nothing of it has no word'} | ${'web'}    | ${'404 proposal-unknown'}
    ${'who only reads has none either'}     | ${'reader'} | ${'403 forbidden-change'}
  `('is rejected: $because: $answer', async ({ who, answer }) => {
    const scope = { domain: 'acme.pay', roles: ['auditor'] };
    const reader = (await root('POST', '/admin/v1/operators', { name: 'reader', scope })).json.token;
    expect(wordOf(await reject(1, who === 'reader' ? reader : tokens[who]!))).toBe(answer);
    const { json } = await read(1, TOKEN);
    expect(json.state).toBe(answer === '200' ? 'rejected' : 'open');
  });

  it('is not there for those who do not see all that it changes', async () => {
    const both = await propose(
      { bundle: bundle(policy('pay', 'acme.pay', 'deny') + policy('web', 'acme.web', 'deny'), 'git') },
      tokens['acme']!,
    );
    expect(wordOf(both)).toBe('201');
    const listed = async (who: string) =>
      (await admin.ask('GET', '/admin/v1/proposals', { token: tokens[who]! })).json.items.map(
        ({ number }: { number: number }) => number,
      );
    expect(await listed('acme')).toEqual([2, 1]);
    expect(await listed('bo')).toEqual([1]);
    expect(await listed('web')).toEqual([]);
    expect(wordOf(await read(2, tokens['bo']!))).toBe('404 proposal-unknown');
    expect(wordOf(await read(3, tokens['acme']!))).toBe('404 proposal-unknown');
  });

  it('nobody proposes what they might not do, what nobody may, or too much', async () => {
    expect(wordOf(await proposePolicy(tokens['web']))).toBe('403 forbidden-change');
    expect(wordOf(await propose({ bundle: bundle(policy('bad', 'acme.nowhere'), 'git') }, TOKEN))).toBe(
      '422 bundle-invalid',
    );
    expect(wordOf(await propose({}))).toBe('400 request-invalid');
    expect(wordOf(await propose({ restore: 1, resume: 'acme.pay' }))).toBe('400 request-invalid');
    expect(wordOf(await propose({ restore: 99 }))).toBe('404 revision-unknown');
    for (let count = 1; count < 20; count += 1) await proposePolicy(undefined, `deny, when: "${count} > 0"`);
    expect(wordOf(await proposePolicy(undefined, 'deny, when: "0 > 0"'))).toBe('422 proposals-too-many');
    expect(wordOf(await proposePolicy(tokens['of ann']))).toBe('422 proposals-too-many');
    expect(wordOf(await proposePolicy(tokens['bo']))).toBe('201');
  });
});
