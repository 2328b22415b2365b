/** Enforcement points are told from strangers, and what they are believed about is what was agreed on. */
import { type Identity, KeyRing, type KnownCaller, type MintedKey } from '#identity';
import { identityOf, NOW, peer, sha256 } from './identities.js';

const DOMAINS = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: { mechanisms: [{ name: acme-spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.web }
spec: { mechanisms: [{ name: web-user, role: access, kind: asserted }] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: other }
spec:
  mechanisms:
    - { name: other-spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: other.example }, assertableBy: [web-edge] }
    - { name: other-user, role: access, kind: asserted }
`;

const POINTS = `---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: web-edge, domain: acme.web }
spec:
  credentials:
    - { kind: apiKey, id: edge-1, sha256: "${sha256('correct.horse')}" }
    - { kind: spiffe, id: "spiffe://acme.example/edge" }
    - { kind: network, cidrs: [10.0.0.0/8, "2001:db8::/32"] }
  mayAssert: [web-user, acme-spiffe, other-spiffe, other-user]
  mayExplain: true
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: sidecar, domain: acme }
spec:
  credentials: [{ kind: unixSocket }]
  mayAssert: [web-user, acme-spiffe]
`;

const MINTED: { readonly [id: string]: MintedKey } = {
  fresh: { enforcementPoint: 'sidecar', sha256: sha256('one'), expiresAt: NOW + 1 },
  lasting: { enforcementPoint: 'sidecar', sha256: sha256('two') },
  old: { enforcementPoint: 'sidecar', sha256: sha256('three'), expiresAt: NOW },
  gone: { enforcementPoint: 'dismissed', sha256: sha256('four') },
  client: { mechanism: 'web-user', subject: 'a', scopes: [], groups: [], sha256: sha256('six') },
  broken: { enforcementPoint: 'sidecar', sha256: 'no digest' },
  'edge-1': { enforcementPoint: 'sidecar', sha256: sha256('five') },
};
const keys = new KeyRing();
keys.replace(new Map(Object.entries(MINTED)));
const WRONG = 'the id of the key is unknown, or its secret is wrong';

describe('a set with enforcement points', () => {
  let identity: Identity;
  beforeAll(async () => {
    identity = await identityOf(DOMAINS + POINTS, { keys });
  });

  it.each`
    because                                              | of                                                                        | name
    ${'the secret is the one whose digest stands there'} | ${{ key: 'edge-1.correct.horse' }}                                        | ${'web-edge'}
    ${'a key was minted'}                                | ${{ key: 'lasting.two' }}                                                 | ${'sidecar'}
    ${'a minted key has a moment to live'}               | ${{ key: 'fresh.one' }}                                                   | ${'sidecar'}
    ${'its SPIFFE ID stands there'}                      | ${{ certificateUris: ['spiffe://acme.example/edge'] }}                    | ${'web-edge'}
    ${'it comes by the unix socket'}                     | ${{ listener: 'unix', address: undefined }}                               | ${'sidecar'}
    ${'its address is listed'}                           | ${{ address: '10.1.2.3' }}                                                | ${'web-edge'}
    ${'an IPv4 address in IPv6 clothes is one'}          | ${{ address: '::ffff:10.1.2.3' }}                                         | ${'web-edge'}
    ${'in clothes of any case'}                          | ${{ address: '::FFFF:0a01:0203' }}                                        | ${'web-edge'}
    ${'its IPv6 address is listed'}                      | ${{ address: '2001:db8::7' }}                                             | ${'web-edge'}
    ${'a key comes before an address'}                   | ${{ key: 'lasting.two', address: '10.1.2.3' }}                            | ${'sidecar'}
    ${'a certificate comes before an address'}           | ${{ certificateUris: ['spiffe://acme.example/edge'], address: '::1' }}    | ${'web-edge'}
    ${'a key comes before a certificate'}                | ${{ key: 'lasting.two', certificateUris: ['spiffe://x.example/nobody'] }} | ${'sidecar'}
  `('knows $name because $because', ({ of, name }) => {
    expect(identity.caller(peer(of), NOW)).toMatchObject({ kind: 'known', name });
  });

  it.each`
    because                                                    | of                                                                                | reason
    ${'a wrong key never falls back to the address'}           | ${{ key: 'edge-1.wrong', address: '10.1.2.3' }}                                   | ${WRONG}
    ${'an unknown key never falls back to the certificate'}    | ${{ key: 'no.no', certificateUris: ['spiffe://acme.example/edge'] }}              | ${WRONG}
    ${'a wrong key never falls back to the socket'}            | ${{ key: 'lasting.one', listener: 'unix', address: undefined }}                   | ${WRONG}
    ${'an id of a document is not another key of that id'}     | ${{ key: 'edge-1.five' }}                                                         | ${WRONG}
    ${'a stored text that is no digest is matched by nothing'} | ${{ key: 'broken.' + 'no digest' }}                                               | ${WRONG}
    ${'no member of a prototype is an id'}                     | ${{ key: '__proto__.x' }}                                                         | ${WRONG}
    ${'there is no secret'}                                    | ${{ key: 'edge-1.' }}                                                             | ${'the key is not of the form `<id>.<secret>`'}
    ${'there is no id'}                                        | ${{ key: '.correct.horse' }}                                                      | ${'the key is not of the form `<id>.<secret>`'}
    ${'there is no dot'}                                       | ${{ key: 'edge-1' }}                                                              | ${'the key is not of the form `<id>.<secret>`'}
    ${'an empty key is a key'}                                 | ${{ key: '', address: '10.1.2.3' }}                                               | ${'the key is not of the form `<id>.<secret>`'}
    ${'nobody hashes a book'}                                  | ${{ key: `edge-1.${'x'.repeat(2000)}` }}                                          | ${'the key is not of the form `<id>.<secret>`'}
    ${'the key expires at this instant'}                       | ${{ key: 'old.three' }}                                                           | ${'the key has expired'}
    ${'a client is no enforcement point'}                      | ${{ key: 'client.six' }}                                                          | ${WRONG}
    ${'its enforcement point is no more'}                      | ${{ key: 'gone.four' }}                                                           | ${'the key belongs to an enforcement point that the policy in force does not have'}
    ${'an unknown certificate never falls back'}               | ${{ certificateUris: ['spiffe://acme.example/other'], address: '10.1.2.3' }}      | ${'no enforcement point has the SPIFFE ID of the client certificate'}
    ${'SPIFFE IDs differ by case'}                             | ${{ certificateUris: ['spiffe://acme.example/Edge'] }}                            | ${'no enforcement point has the SPIFFE ID of the client certificate'}
    ${'of two names nobody knows which one counts'}            | ${{ certificateUris: ['spiffe://acme.example/edge', 'spiffe://acme.example/x'] }} | ${'the client certificate has several URI names, so it is no SPIFFE identity'}
    ${'the address is not listed'}                             | ${{ address: '192.0.2.1' }}                                                       | ${'no key and no client certificate came along, and no enforcement point lists the address'}
    ${'loopback is an address like any other'}                 | ${{ address: '127.0.0.1' }}                                                       | ${'no key and no client certificate came along, and no enforcement point lists the address'}
    ${'octal is none in IPv6 clothes either'}                  | ${{ address: '::ffff:012.1.2.3' }}                                                | ${'no key and no client certificate came along, and no enforcement point lists the address'}
    ${'an address with a zone is none'}                        | ${{ address: '::ffff:10.1.2.3%eth0' }}                                            | ${'no key and no client certificate came along, and no enforcement point lists the address'}
    ${'octal is no address'}                                   | ${{ address: '012.1.2.3' }}                                                       | ${'no key and no client certificate came along, and no enforcement point lists the address'}
    ${'it hung up'}                                            | ${{ address: undefined }}                                                         | ${'no key and no client certificate came along, and no enforcement point lists the address'}
  `('takes it for a stranger because $because', ({ of, reason }) => {
    expect(identity.caller(peer(of), NOW)).toEqual({ kind: 'stranger', reason });
    // The second time it is remembered.
    expect(identity.caller(peer(of), NOW)).toEqual({ kind: 'stranger', reason });
  });

  it('believes what is listed and whose owner lies below or consents', () => {
    const edge = identity.caller(peer({ key: 'edge-1.correct.horse' }), NOW) as KnownCaller;
    expect([...edge.believed].sort()).toEqual(['other-spiffe', 'web-user']);
    const sidecar = identity.caller(peer({ key: 'lasting.two' }), NOW) as KnownCaller;
    expect([...sidecar.believed].sort()).toEqual(['acme-spiffe', 'web-user']);
    expect(edge).toMatchObject({ domain: 'acme.web', mayExplain: true });
    expect(sidecar).toMatchObject({ domain: 'acme', mayExplain: false });
  });

  it('notes when a minted key was used, and nothing else', () => {
    keys.takeUses();
    for (const key of ['lasting.two', 'fresh.one']) identity.caller(peer({ key }), NOW - 7);
    identity.caller(peer({ key: 'lasting.two' }), NOW);
    for (const key of ['edge-1.correct.horse', 'old.three', 'gone.four', 'client.six', 'nobody.two', 'lasting.one'])
      identity.caller(peer({ key }), NOW);
    expect(keys.takeUses()).toEqual(
      new Map([
        ['lasting', NOW],
        ['fresh', NOW - 7],
      ]),
    );
  });

  it('makes no caller anew for a request', () => {
    const first = identity.caller(peer({ address: '10.1.2.3' }), NOW);
    expect(identity.caller(peer({ address: '10.1.2.3' }), NOW)).toBe(first);
    expect(identity.caller(peer({ key: 'edge-1.correct.horse' }), NOW)).toBe(first);
  });

  it('judges every key that a connection shows, whatever it showed before', () => {
    const connections = [{}, {}];
    const shown = [
      'edge-1.correct.horse',
      'edge-1.wrong',
      'lasting.two',
      'edge-1',
      'lasting.two',
      'old.three',
      'edge-1.wrong',
    ];
    for (const key of [...shown, ...shown.toReversed()])
      for (const connection of connections)
        expect(identity.caller(peer({ key, connection }), NOW)).toEqual(identity.caller(peer({ key }), NOW));
    const [connection] = connections;
    expect(identity.caller(peer({ key: 'fresh.one', connection }), NOW)).toMatchObject({ name: 'sidecar' });
    expect(identity.caller(peer({ key: 'fresh.one', connection }), NOW + 1)).toMatchObject({ kind: 'stranger' });
  });

  it('stays right when more addresses come than it remembers', () => {
    for (let index = 0; index < 3000; index++) {
      const address = `10.0.${index >> 8}.${index & 255}`;
      expect(identity.caller(peer({ address }), NOW).kind).toBe('known');
      expect(identity.caller(peer({ address: `192.168.${index >> 8}.${index & 255}` }), NOW).kind).toBe('stranger');
    }
    expect(identity.caller(peer({ address: '10.0.0.0' }), NOW).kind).toBe('known');
  });
});

it('knows nobody by the unix socket when no enforcement point has it', async () => {
  const identity = await identityOf(`${DOMAINS}${POINTS.replace('{ kind: unixSocket }', '')}`);
  expect(identity.caller(peer({ listener: 'unix', address: undefined }), NOW)).toEqual({
    kind: 'stranger',
    reason: 'no enforcement point has the credential `unixSocket`',
  });
});

describe('a set without enforcement points', () => {
  it.each`
    because                                      | of                                                         | onlyLocal | known
    ${'it calls from this machine'}              | ${{ address: '127.0.0.1' }}                                | ${true}   | ${true}
    ${'all of 127.0.0.0/8 is this machine'}      | ${{ address: '127.8.8.8' }}                                | ${true}   | ${true}
    ${'it calls from this machine by IPv6'}      | ${{ address: '::1' }}                                      | ${true}   | ${true}
    ${'::ffff:127.0.0.1 is 127.0.0.1'}           | ${{ address: '::ffff:127.0.0.1' }}                         | ${true}   | ${true}
    ${'a unix socket is on this machine'}        | ${{ listener: 'unix', address: undefined }}                | ${true}   | ${true}
    ${'it calls from elsewhere'}                 | ${{ address: '192.0.2.1' }}                                | ${true}   | ${false}
    ${'nobody knows where it calls from'}        | ${{ address: undefined }}                                  | ${true}   | ${false}
    ${'a key means somebody else'}               | ${{ key: 'a.b', address: '127.0.0.1' }}                    | ${true}   | ${false}
    ${'a certificate means somebody else'}       | ${{ certificateUris: ['spiffe://a.b/c'], address: '::1' }} | ${true}   | ${false}
    ${'a listener is open to others'}            | ${{ address: '127.0.0.1' }}                                | ${false}  | ${false}
    ${'a listener is open to others, by socket'} | ${{ listener: 'unix', address: undefined }}                | ${false}  | ${false}
  `('known is $known because $because', async ({ of, onlyLocal, known }) => {
    const identity = await identityOf(DOMAINS, { onlyLocal });
    const caller = identity.caller(peer(of), NOW);
    if (known) {
      expect(caller).toEqual({ kind: 'known', name: 'local', domain: '*', mayExplain: false, believed: new Set() });
    } else {
      expect(caller.kind).toBe('stranger');
    }
  });
});
