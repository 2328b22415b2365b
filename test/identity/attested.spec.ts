/** What an enforcement point passes on is believed from exactly those that are entitled, and read strictly. */
import fc from 'fast-check';
import type { Evidence } from '#engine';
import type { Identity, Judged, Presented } from '#identity';
import { encodedPem } from './certificates.js';
import { callerNamed, identityOf, item, NOW, peer, presented, reasons, sha256, shown } from './identities.js';
import { anyCharacter } from '../support/any-character.js';

const SET = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example, header: x-mesh-cert } }
    - { name: machines, role: trust, kind: mtls, mtls: { match: dns, header: x-machine-cert } }
    - { name: people, role: access, kind: mtls, mtls: { match: subject } }
    - { name: devices, role: access, kind: mtls, mtls: { match: fingerprint, header: X-Device-Cert } }
    - { name: office, role: trust, kind: network, network: { cidrs: [10.1.0.0/16, "2001:db8::/32"] } }
    - { name: warehouse, role: trust, kind: network, network: { cidrs: [10.1.2.0/24] } }
    - { name: portal-user, role: access, kind: asserted, asserted: { header: X-Auth-Request-User } }
    - { name: helpdesk-user, role: access, kind: asserted, asserted: { header: X-Helpdesk-User } }
    - { name: oauth, role: access, kind: jwt, jwt: { issuer: "https://i/", audiences: [a], keys: { inline: { keys: [] } } } }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: partner }
spec:
  mechanisms:
    - { name: partner-mesh, role: trust, kind: spiffe, spiffe: { trustDomain: partner.example } }
    - { name: partner-net, role: trust, kind: network, network: { cidrs: [10.1.2.0/24] } }
${point('edge', 'mesh, machines, people, devices, office, warehouse, portal-user, oauth, partner-mesh, partner-net')}
${point('mesh-only', 'mesh')}
${point('twofold', 'portal-user, helpdesk-user')}
${point('nothing', '')}
`;

function point(name: string, mayAssert: string): string {
  return `---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: ${name}, domain: acme }
spec: { credentials: [{ kind: apiKey, id: ${name}, sha256: "${sha256(`secret-of-${name}`)}" }], mayAssert: [${mayAssert}] }`;
}

let identity: Identity;
beforeAll(async () => {
  identity = await identityOf(SET);
});

function judge(differing: Partial<Presented>, by = 'edge'): Judged {
  return identity.judge(presented(differing), callerNamed(identity, by), NOW) as Judged;
}

describe('asserted items', () => {
  const access = { role: 'access' } as const;

  it.each`
    because                                    | asserted                                                           | evidence
    ${'it may assert it'}                      | ${item({ mechanism: 'mesh', subject: 'spiffe://acme.example/a' })} | ${'mesh spiffe://acme.example/a'}
    ${'a gateway may have verified the token'} | ${item({ ...access, mechanism: 'oauth', subject: 'u-1' })}         | ${'oauth u-1'}
    ${'it vouches for a user'}                 | ${item({ ...access, mechanism: 'portal-user', subject: 'josé' })}  | ${'portal-user josé'}
    ${'an address has one spelling'}           | ${item({ mechanism: 'office', subject: '2001:0DB8::0:1' })}        | ${'office 2001:db8::1'}
    ${'mapped IPv4 is IPv4'}                   | ${item({ mechanism: 'office', subject: '::ffff:10.1.2.3' })}       | ${'office 10.1.2.3'}
  `('count because $because', ({ asserted, evidence }) => {
    const judged = judge({ asserted: [asserted] });
    expect(shown(judged)).toEqual([evidence]);
    expect(judged).toMatchObject({
      dropped: [],
      hasVerifiedCredential: asserted.role === 'access',
      hasFalseCredential: false,
    });
  });

  it.each`
    because                                        | by             | asserted                                                                           | reason
    ${'it may not assert it'}                      | ${'mesh-only'} | ${item({ ...access, mechanism: 'portal-user', subject: 'root' })}                  | ${'portal-user: this enforcement point may not assert it'}
    ${'it lists it, but the owner lies elsewhere'} | ${'edge'}      | ${item({ mechanism: 'partner-mesh', subject: 'spiffe://partner.example/a' })}      | ${'partner-mesh: this enforcement point may not assert it'}
    ${'it may assert nothing'}                     | ${'nothing'}   | ${item({ mechanism: 'mesh', subject: 'spiffe://acme.example/a' })}                 | ${'mesh: this enforcement point may not assert it'}
    ${'it claims to be verified'}                  | ${'nothing'}   | ${item({ mechanism: 'mesh', subject: 'spiffe://acme.example/a', verified: true })} | ${'mesh: this enforcement point may not assert it'}
    ${'there is no such mechanism'}                | ${'edge'}      | ${item({ mechanism: 'mash', subject: 'a' })}                                       | ${'mash: there is no such mechanism'}
    ${'a text is no name of a mechanism'}          | ${'edge'}      | ${item({ mechanism: 'Bearer eyJ', subject: 'a' })}                                 | ${'-: there is no such mechanism'}
    ${'a trust mechanism grants no access'}        | ${'edge'}      | ${item({ ...access, mechanism: 'mesh', subject: 'spiffe://acme.example/a' })}      | ${'mesh: its role is `trust`'}
    ${'a user is no address'}                      | ${'edge'}      | ${item({ mechanism: 'office', subject: 'office' })}                                | ${'office: its subject is no address'}
    ${'a network is no address'}                   | ${'edge'}      | ${item({ mechanism: 'office', subject: '10.1.0.0/16' })}                           | ${'office: its subject is no address'}
    ${'the address is elsewhere'}                  | ${'edge'}      | ${item({ mechanism: 'office', subject: '10.2.0.1' })}                              | ${'office: its subject lies outside the networks of the mechanism'}
    ${'the trust domain is another'}               | ${'edge'}      | ${item({ mechanism: 'mesh', subject: 'spiffe://evil.example/a' })}                 | ${'mesh: the SPIFFE ID is of another trust domain'}
    ${'it is no SPIFFE ID'}                        | ${'edge'}      | ${item({ mechanism: 'mesh', subject: 'spiffe://acme.example/a/../b' })}            | ${'mesh: the URI name is no SPIFFE ID of a workload'}
    ${'nobody is named'}                           | ${'edge'}      | ${item({ ...access, mechanism: 'portal-user', subject: '' })}                      | ${'portal-user: its subject is empty'}
    ${'a name is one line'}                        | ${'edge'}      | ${item({ ...access, mechanism: 'portal-user', subject: 'a\nb' })}                  | ${'portal-user: its subject holds control characters or half characters'}
  `('are passed on unverified because $because', ({ by, asserted, reason }) => {
    const judged = judge({ asserted: [asserted] }, by);
    expect(shown(judged)).toEqual([`?${asserted.mechanism} ${asserted.subject}`]);
    expect(reasons(judged)).toEqual([reason]);
    expect(judged).toMatchObject({ hasVerifiedCredential: false, hasFalseCredential: false });
  });

  it('keep what the enforcement point says of the subject', () => {
    const attributes = { level: 3 };
    const full = { scopes: ['a'], groups: ['g'], claims: { tier: 'gold' }, attributes, expiresAt: NOW + 1 };
    const judged = judge({ asserted: [item({ role: 'access', mechanism: 'oauth', subject: 'u', ...full })] });
    expect(judged.evidence[0]).toMatchObject({ ...full, verified: true });
  });

  it('say when they have expired', () => {
    const expired = { subject: 'u', expiresAt: NOW };
    const user = judge({ asserted: [item({ role: 'access', mechanism: 'oauth', ...expired })] });
    expect(reasons(user)).toEqual(['oauth: it has expired']);
    expect(user).toMatchObject({ hasVerifiedCredential: false, hasFalseCredential: true });
    const service = judge({ asserted: [item({ mechanism: 'machines', ...expired })] });
    expect(reasons(service)).toEqual(['machines: it has expired']);
    expect(service).toMatchObject({ hasFalseCredential: false });
  });

  it('count once when they are given twice, and keep their order', () => {
    const [one, two] = ['u-1', 'u-2'].map((subject) => item({ role: 'access', mechanism: 'oauth', subject }));
    const more = { ...one!, groups: ['g'] };
    expect(shown(judge({ asserted: [two!, one!, two!, more, one!] }))).toEqual(['oauth u-2', 'oauth u-1', 'oauth u-1']);
  });

  it('of six thousand are judged without looking at every pair', () => {
    const asserted = Array.from({ length: 6000 }, (_, index) =>
      item({ role: 'access', mechanism: 'oauth', subject: 'u', groups: [`g-${index % 3000}`] }),
    );
    const start = process.cpuUsage();
    expect(judge({ asserted }).evidence).toHaveLength(3000);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(2000);
  });
});

describe('the subject that an enforcement point names', () => {
  const named = (subject: { type: string; id: string }, by?: string) =>
    judge({ subject: { ...subject, attributes: {} }, clientAddress: '10.1.9.9' }, by);

  it('is of the one mechanism with principals of its type', () => {
    const judged = named({ type: 'user', id: 'ann' });
    expect(shown(judged)).toEqual(['portal-user ann', 'office 10.1.9.9']);
    expect(judged).not.toHaveProperty('subjectFault');
  });

  it.each`
    because                              | by             | subject                                   | fault
    ${'nobody here has such principals'} | ${'edge'}      | ${{ type: 'robot', id: 'ann' }}           | ${/^no mechanism/}
    ${'this one may not assert it'}      | ${'mesh-only'} | ${{ type: 'user', id: 'ann' }}            | ${/^no mechanism/}
    ${'two mechanisms could be meant'}   | ${'twofold'}   | ${{ type: 'user', id: 'ann' }}            | ${/^more than one mechanism/}
    ${'an empty name is nobody’s'}       | ${'edge'}      | ${{ type: 'user', id: '' }}               | ${/empty/}
    ${'a name is one line'}              | ${'edge'}      | ${{ type: 'user', id: 'ann\n' }}          | ${/control characters/}
    ${'half a letter is none'}           | ${'edge'}      | ${{ type: 'user', id: 'ann\ud800' }}      | ${/half characters/}
    ${'no name is so long'}              | ${'edge'}      | ${{ type: 'user', id: 'a'.repeat(1025) }} | ${/longer/}
  `('is a fault where it is nobody: $because', ({ by, subject, fault }) => {
    const judged = named(subject, by);
    expect(shown(judged).filter((item) => item.includes('ann'))).toEqual([]);
    expect(judged.subjectFault).toMatch(fault);
    expect(reasons(judged)).toEqual([expect.stringContaining(judged.subjectFault!)]);
  });
});

describe('the client address', () => {
  it.each`
    because                                | clientAddress                 | by             | evidence
    ${'it lies in one network'}            | ${'10.1.9.9'}                 | ${'edge'}      | ${['office 10.1.9.9']}
    ${'it lies in two'}                    | ${'10.1.2.9'}                 | ${'edge'}      | ${['office 10.1.2.9', 'warehouse 10.1.2.9']}
    ${'mapped IPv4 is IPv4'}               | ${'::ffff:10.1.9.9'}          | ${'edge'}      | ${['office 10.1.9.9']}
    ${'letters of any case map it'}        | ${'::FfFf:10.1.2.9'}          | ${'edge'}      | ${['office 10.1.2.9', 'warehouse 10.1.2.9']}
    ${'hexadecimal digits map it too'}     | ${'::ffff:a01:909'}           | ${'edge'}      | ${['office 10.1.9.9']}
    ${'written out it is mapped too'}      | ${'0:0:0:0:0:ffff:0a01:0909'} | ${'edge'}      | ${['office 10.1.9.9']}
    ${'mapped IPv4 may be elsewhere'}      | ${'::ffff:192.0.2.1'}         | ${'edge'}      | ${[]}
    ${'compatible IPv4 is not mapped'}     | ${'::10.1.9.9'}               | ${'edge'}      | ${[]}
    ${'translated IPv4 is not mapped'}     | ${'64:ff9b::10.1.9.9'}        | ${'edge'}      | ${[]}
    ${'it lies in an IPv6 network'}        | ${'2001:DB8::0'}              | ${'edge'}      | ${['office 2001:db8::']}
    ${'it lies in none'}                   | ${'192.0.2.1'}                | ${'edge'}      | ${[]}
    ${'nobody believes this one about it'} | ${'10.1.2.9'}                 | ${'mesh-only'} | ${[]}
  `('is $evidence because $because', ({ clientAddress, by, evidence }) => {
    const judged = judge({ clientAddress }, by);
    expect(shown(judged)).toEqual(evidence);
    expect(judged).toMatchObject({ dropped: [], hasVerifiedCredential: false });
  });

  it.each([
    '',
    '10.1.2',
    '10.1.2.3:80',
    'unix',
    '10.01.2.3',
    '::ffff:10.1.02.3',
    '::ffff:010.1.2.3',
    '::ffff:10.1.2.3%eth0',
    '2001:db8::1%1',
    'fe80::1%25eth0',
    '[2001:db8::1]',
    '10.1.2.3, 10.1.2.4',
    ' 10.1.2.3',
    '0x0a.1.2.3',
    '167838211',
  ])('is dropped when it is `%s`', (clientAddress) => {
    expect(reasons(judge({ clientAddress }))).toEqual(['-: the reported client address is no address']);
  });
});

describe('the client certificate', () => {
  const workload = 'spiffe://acme.example/ns/a';

  it.each`
    because                         | certificate                                  | evidence
    ${'its URI is a SPIFFE ID'}     | ${{ principal: workload, pem: '' }}          | ${[`mesh ${workload}`]}
    ${'it is named by its host'}    | ${{ principal: 'DB.acme.example', pem: '' }} | ${['machines db.acme.example']}
    ${'it is named by its subject'} | ${{ principal: 'CN=ann,O=Acme', pem: '' }}   | ${['people CN=ann,O=Acme']}
  `('is $evidence because $because', ({ certificate, evidence }) => {
    expect(shown(judge({ certificate }))).toEqual(evidence);
  });

  it('is what its PEM says, by every mechanism, in the order of their names', () => {
    const pem = encodedPem({ uris: [workload], dnsNames: ['a.example', 'b.example'] });
    const judged = judge({ certificate: { principal: 'CN=root', pem } });
    expect(shown(judged)).toEqual([
      expect.stringMatching(/^devices [0-9a-f]{64}$/),
      'machines a.example',
      'machines b.example',
      `mesh ${workload}`,
      'people CN=test',
    ]);
    expect(judged).toMatchObject({ dropped: [], hasVerifiedCredential: true });
    expect(judge({ certificate: { principal: '', pem } })).toEqual(judged);
  });

  it.each`
    because                                 | by             | certificate                                                                                  | dropped
    ${'there is none'}                      | ${'edge'}      | ${{ principal: '', pem: '' }}                                                                | ${[]}
    ${'it cannot be read'}                  | ${'edge'}      | ${{ principal: workload, pem: 'x' }}                                                         | ${['-: the reported client certificate cannot be read']}
    ${'its name has no form'}               | ${'edge'}      | ${{ principal: 'a b', pem: '' }}                                                             | ${['-: the reported client certificate cannot be read']}
    ${'two URI names are no identity'}      | ${'mesh-only'} | ${{ principal: workload, pem: encodedPem({ uris: [workload, 'spiffe://acme.example/b'] }) }} | ${['mesh: a certificate with several URI names is no SPIFFE identity']}
    ${'a URI beside it makes two'}          | ${'mesh-only'} | ${{ principal: workload, pem: encodedPem({ uris: [workload, 'https://acme.example/'] }) }}   | ${['mesh: a certificate with several URI names is no SPIFFE identity']}
    ${'the trust domain is another'}        | ${'mesh-only'} | ${{ principal: 'spiffe://evil.example/a', pem: '' }}                                         | ${['mesh: the SPIFFE ID is of another trust domain']}
    ${'it is no SPIFFE ID'}                 | ${'mesh-only'} | ${{ principal: 'spiffe://acme.example/a//b', pem: '' }}                                      | ${['mesh: the URI name is no SPIFFE ID of a workload']}
    ${'it has no URI'}                      | ${'mesh-only'} | ${{ principal: 'db.acme.example', pem: '' }}                                                 | ${['mesh: no URI name of the certificate was reported']}
    ${'it would be another one’s to say'}   | ${'nothing'}   | ${{ principal: workload, pem: '' }}                                                          | ${['mesh: this enforcement point may not assert it']}
    ${'an owner elsewhere did not consent'} | ${'mesh-only'} | ${{ principal: 'spiffe://partner.example/a', pem: '' }}                                      | ${['mesh: the SPIFFE ID is of another trust domain', 'partner-mesh: this enforcement point may not assert it']}
    ${'nobody takes its name'}              | ${'nothing'}   | ${{ principal: 'CN=ann', pem: '' }}                                                          | ${['-: no mechanism that this enforcement point may assert takes the reported client certificate']}
  `('is no evidence because $because', ({ by, certificate, dropped }) => {
    const judged = judge({ certificate }, by);
    expect(judged.evidence).toEqual([]);
    expect(reasons(judged)).toEqual(dropped);
  });
});

describe('reported headers', () => {
  const workload = 'spiffe://acme.example/ns/a';

  it.each`
    because                          | reported                                               | evidence
    ${'it reports a user'}           | ${{ 'x-auth-request-user': 'ann' }}                    | ${['portal-user ann']}
    ${'a name may have spaces'}      | ${{ 'x-auth-request-user': 'Ann, of Acme' }}           | ${['portal-user Ann, of Acme']}
    ${'it reports a SPIFFE ID'}      | ${{ 'x-mesh-cert': `By=x;URI=${workload}` }}           | ${[`mesh ${workload}`]}
    ${'it reports host names'}       | ${{ 'x-machine-cert': 'DNS=a.example;DNS=B.example' }} | ${['machines a.example', 'machines b.example']}
    ${'it reports a fingerprint'}    | ${{ 'x-device-cert': `Hash=${'AB'.repeat(32)}` }}      | ${[`devices ${'ab'.repeat(32)}`]}
    ${'each header is for its own'}  | ${{ 'x-mesh-cert': `URI=${workload};DNS=a.example` }}  | ${[`mesh ${workload}`]}
    ${'this header reports nothing'} | ${{ 'x-forwarded-client-cert': `URI=${workload}` }}    | ${[]}
  `('are $evidence because $because', ({ reported, evidence }) => {
    const judged = judge({ reported });
    expect(shown(judged)).toEqual(evidence);
    expect(judged.dropped).toEqual([]);
  });

  it.each`
    because                               | by           | reported                                                | dropped
    ${'a client may have written it'}     | ${'nothing'} | ${{ 'x-auth-request-user': 'root' }}                    | ${'portal-user: this enforcement point may not assert it'}
    ${'a client may have written that'}   | ${'nothing'} | ${{ 'x-mesh-cert': `URI=${workload}` }}                 | ${'mesh: this enforcement point may not assert it'}
    ${'nobody is named'}                  | ${'edge'}    | ${{ 'x-auth-request-user': '' }}                        | ${'portal-user: its subject is empty'}
    ${'a name is short'}                  | ${'edge'}    | ${{ 'x-auth-request-user': 'u'.repeat(1025) }}          | ${'portal-user: its subject is longer than 1024 bytes'}
    ${'a name has no control characters'} | ${'edge'}    | ${{ 'x-auth-request-user': 'a\tb' }}                    | ${'portal-user: its subject holds control characters or half characters'}
    ${'bytes beyond ASCII are anything'}  | ${'edge'}    | ${{ 'x-auth-request-user': 'jos\u00c3\u00a9' }}         | ${'portal-user: its subject holds characters beyond ASCII, which a header cannot carry'}
    ${'it speaks of two certificates'}    | ${'edge'}    | ${{ 'x-mesh-cert': `URI=${workload},URI=${workload}` }} | ${'mesh: its header does not count: it speaks of several certificates; let the gateway replace the header, not append'}
    ${'a certificate has two URIs'}       | ${'edge'}    | ${{ 'x-mesh-cert': `URI=${workload};URI=${workload}` }} | ${'mesh: a certificate with several URI names is no SPIFFE identity'}
    ${'it does not report what is asked'} | ${'edge'}    | ${{ 'x-machine-cert': 'URI=a' }}                        | ${'machines: no DNS name of the certificate was reported'}
  `('are no evidence because $because', ({ by, reported, dropped }) => {
    const judged = judge({ reported }, by);
    expect(judged.evidence).toEqual([]);
    expect(reasons(judged)).toEqual([dropped]);
  });
});

it('names the headers of mechanisms in lower case', () => {
  expect([...identity.reportHeaders].sort()).toEqual([
    'authorization',
    'x-auth-request-user',
    'x-device-cert',
    'x-helpdesk-user',
    'x-machine-cert',
    'x-mesh-cert',
  ]);
});

it('believes nothing from a caller of another revision that this one does not know or does not entitle', async () => {
  const asserted = [item({ mechanism: 'mesh', subject: 'spiffe://acme.example/a' })];
  const caller = callerNamed(identity, 'mesh-only');
  const judgeBy = async (documents: string) =>
    shown((await identityOf(documents)).judge(presented({ asserted }), caller, NOW) as Judged);
  expect(await judgeBy(SET)).toEqual(['mesh spiffe://acme.example/a']);
  expect(await judgeBy(SET.replace(point('mesh-only', 'mesh'), point('mesh-only', 'office')))).toEqual([
    '?mesh spiffe://acme.example/a',
  ]);
  expect(await judgeBy(SET.replace(point('mesh-only', 'mesh'), ''))).toEqual(['?mesh spiffe://acme.example/a']);
});

it('believes nothing from `local`', async () => {
  const open = await identityOf(SET.slice(0, SET.indexOf('---\napiVersion: dharma/v1\nkind: EnforcementPoint')));
  const local = open.caller(peer({ address: '127.0.0.1' }), NOW);
  expect(local).toMatchObject({ name: 'local' });
  const judged = open.judge(
    presented({
      asserted: [item({ mechanism: 'mesh', subject: 'spiffe://acme.example/a' })],
      clientAddress: '10.1.2.3',
      certificate: { principal: 'spiffe://acme.example/a', pem: '' },
      reported: { 'x-auth-request-user': 'root', 'x-mesh-cert': 'URI=spiffe://acme.example/a' },
    }),
    local as Extract<typeof local, { kind: 'known' }>,
    NOW,
  ) as Judged;
  expect(judged.evidence.filter(({ verified }) => verified)).toEqual([]);
});

describe('laws', () => {
  const MECHANISMS = ['mesh', 'machines', 'people', 'devices', 'office', 'warehouse', 'portal-user', 'oauth'];
  const subject = fc.oneof(
    fc.constantFrom('spiffe://acme.example/a', 'spiffe://partner.example/a', '10.1.2.3', 'CN=a', 'a.example', 'root'),
    fc.string({ unit: anyCharacter, maxLength: 40 }),
  );
  const asserted = fc.record({
    role: fc.constantFrom('trust', 'access'),
    mechanism: fc.oneof(fc.constantFrom(...MECHANISMS, 'partner-mesh', 'partner-net', '__proto__'), fc.string()),
    subject,
    verified: fc.boolean(),
    expiresAt: fc.option(fc.constantFrom(NOW - 1, NOW, NOW + 1), { nil: undefined }),
    scopes: fc.array(fc.string()),
    groups: fc.array(fc.string()),
    claims: fc.constant({}),
    attributes: fc.constant({}),
  }) as fc.Arbitrary<Evidence>;
  const header = fc.oneof(subject, fc.constantFrom('URI=spiffe://acme.example/a', 'DNS=a.example', 'Bearer x'));
  const headers = fc.dictionary(
    fc.constantFrom(
      'x-auth-request-user',
      'x-mesh-cert',
      'x-machine-cert',
      'x-device-cert',
      'authorization',
      'x-other',
    ),
    header,
  );
  const message: fc.Arbitrary<Presented> = fc.record(
    {
      asserted: fc.array(asserted, { maxLength: 4 }),
      credentials: headers,
      reported: headers,
      clientAddress: fc.oneof(subject, fc.ipV4(), fc.ipV6()),
      certificate: fc.record({ principal: subject, pem: fc.oneof(fc.constant(''), subject) }),
    },
    { requiredKeys: ['asserted', 'credentials', 'reported'] },
  );

  it('who may assert nothing never makes anything verified, whatever it presents', () =>
    fc.assert(
      fc.property(message, (sent) => {
        const judged = identity.judge(sent, callerNamed(identity, 'nothing'), NOW) as Judged;
        expect(judged.evidence.filter(({ verified }) => verified)).toEqual([]);
        expect(judged.hasVerifiedCredential).toBe(false);
      }),
      { numRuns: 500 },
    ));

  it('what is verified is of a mechanism that is believed from the sender, in its own role', () =>
    fc.assert(
      fc.property(message, fc.constantFrom('edge', 'mesh-only'), (sent, by) => {
        const caller = callerNamed(identity, by);
        const judged = identity.judge(sent, caller, NOW) as Judged;
        for (const { mechanism, role, verified } of judged.evidence) {
          if (!verified) continue;
          expect(caller.believed).toContain(mechanism);
          expect(role).toBe(['people', 'devices', 'portal-user', 'oauth'].includes(mechanism) ? 'access' : 'trust');
        }
      }),
      { numRuns: 500 },
    ));

  it('the same message is always judged the same', () =>
    fc.assert(
      fc.property(message, (sent) => {
        const caller = callerNamed(identity, 'edge');
        expect(identity.judge(sent, caller, NOW)).toEqual(identity.judge(structuredClone(sent), caller, NOW));
      }),
    ));

  it('no reason repeats what was presented', () => {
    const canary = 'canary-0123456789';
    const judged = judge(
      {
        asserted: MECHANISMS.map((mechanism) => item({ mechanism, subject: canary })),
        clientAddress: canary,
        certificate: { principal: canary, pem: canary },
        reported: Object.fromEntries([...identity.reportHeaders].map((name) => [name, canary])),
        credentials: { authorization: `Bearer ${canary}` },
      },
      'mesh-only',
    );
    expect(judged.dropped.length).toBeGreaterThan(10);
    expect(reasons(judged).join()).not.toContain(canary);
  });
});
