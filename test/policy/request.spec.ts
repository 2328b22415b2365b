import fc from 'fast-check';
import { answerOf, parseRequest, requestFromText } from '#policy';

const NOW = Date.parse('2026-12-24T12:00:00Z');
const offline = { mode: 'offline', now: NOW } as const;
const network = { mode: 'network', now: NOW } as const;

function request(json: unknown, options: typeof offline | typeof network = offline) {
  const reading = parseRequest(json, options);
  if ('faults' in reading) throw new Error(JSON.stringify(reading.faults));
  return reading;
}

describe('a request', () => {
  it.each([
    ['an endpoint by name', { endpoint: 'a/b' }, { kind: 'endpoint', endpoint: 'a/b' }],
    [
      'an endpoint with method and path',
      { endpoint: 'a/b', method: 'GET', path: '/' },
      { kind: 'endpoint', endpoint: 'a/b', method: 'GET', path: '/' },
    ],
    ['an address', { host: 'h', method: 'GET', path: '/' }, { kind: 'address', host: 'h', method: 'GET', path: '/' }],
    ['an RPC', { rpc: '/s/M' }, { kind: 'rpc', rpc: '/s/M' }],
    ['an RPC with a host', { rpc: '/s/M', host: 'h' }, { kind: 'rpc', rpc: '/s/M', host: 'h' }],
    ['a topic', { topic: 't', action: 'publish' }, { kind: 'topic', topic: 't', action: 'publish' }],
    [
      'a resource',
      { resource: { type: 't', id: 'i', properties: { a: 1 } }, action: { name: 'view' } },
      {
        kind: 'resource',
        resource: { type: 't', id: 'i', properties: { a: 1 } },
        action: { name: 'view', properties: {} },
      },
    ],
  ])('asks about %s', (_, target, expected) => {
    expect(request({ target }).request.target).toEqual(expected);
  });

  it('has defaults for everything but its target', () => {
    expect(request({ target: { endpoint: 'a/b' } })).toEqual({
      request: {
        target: { kind: 'endpoint', endpoint: 'a/b' },
        evidence: [],
        headers: {},
        attributes: {},
        claimed: {},
        context: {},
        time: NOW,
        askedFrom: '*',
        policyAgeSeconds: 0,
        maxTtlSeconds: 30,
      },
      explain: false,
    });
  });

  it('is verified offline unless it says otherwise, and never over the network', () => {
    const evidence = [
      { role: 'access', mechanism: 'm', subject: 's' },
      { role: 'access', mechanism: 'm', subject: 's', verified: false },
    ];
    const target = { endpoint: 'a/b' };
    expect(request({ target, evidence }).request.evidence.map(({ verified }) => verified)).toEqual([true, false]);
    expect(request({ target, evidence: evidence.slice(0, 1) }, network).request.evidence[0]!.verified).toBe(false);
  });

  it('has maps without a prototype, whoever parsed it', () => {
    const hostile =
      '{"target":{"endpoint":"a/b"},"attributes":{"__proto__":{"admin":true},"constructor":{"a":[{}]}},"headers":{"__proto__":"x"}}';
    for (const reading of [requestFromText(hostile, offline), parseRequest(JSON.parse(hostile), offline)]) {
      if ('faults' in reading) throw new Error('refused');
      const { attributes, headers, claimed } = reading.request;
      for (const map of [attributes, attributes['constructor'], headers, claimed])
        expect(Object.getPrototypeOf(map)).toBeNull();
      expect(Object.keys(attributes).sort()).toEqual(['__proto__', 'constructor']);
      expect((attributes as { readonly admin?: unknown }).admin).toBeUndefined();
      expect(headers['__proto__']).toBe('x');
    }
  });

  it('carries credentials, a revision and the wish for an explanation', () => {
    const reading = request(
      { target: { endpoint: 'a/b' }, credentials: { Authorization: 'Bearer x' }, minRevision: 41, explain: true },
      network,
    );
    expect(reading).toMatchObject({ credentials: { authorization: 'Bearer x' }, minRevision: 41, explain: true });
  });

  it.each([
    ['text has three digits of a second', '2026-12-24T13:00:00.1239+01:00', Date.parse('2026-12-24T12:00:00.123Z')],
    ['an offset may be west', '2026-12-24T07:00:00-05:00', NOW],
  ])('has a time: %s', (_, time, expected) => {
    expect(request({ target: { endpoint: 'a/b' }, time }).request.time).toBe(expected);
  });

  const target = { endpoint: 'a/b' };
  it.each([
    ['there is no target', {}, '/target', 'missing'],
    ['it is no map', [], '', 'not a map'],
    ['nothing names the target', { target: { endpont: 'a/b' } }, '/target', 'Did you mean `endpoint`'],
    ['it names two targets', { target: { endpoint: 'a/b', topic: 't' } }, '/target/topic', 'not a member'],
    ['an address needs a method', { target: { host: 'h', path: '/' } }, '/target/method', 'missing'],
    ['a member is unknown', { target, evidnce: [] }, '/evidnce', 'Did you mean `evidence`'],
    [
      'evidence has an unknown member',
      { target, evidence: [{ role: 'access', mechanism: 'm', subject: 's', scope: [] }] },
      '/evidence/0/scope',
      'Did you mean `scopes`',
    ],
    [
      'a role is unknown',
      { target, evidence: [{ role: 'acess', mechanism: 'm', subject: 's' }] },
      '/evidence/0/role',
      'Did you mean `access`',
    ],
    ['a time has no offset', { target, time: '2026-12-24T12:00:00' }, '/time', 'RFC 3339'],
    ['a day exists in no calendar', { target, time: '2026-02-30T12:00:00Z' }, '/time', 'RFC 3339'],
    ['two headers differ by case only', { target, headers: { 'x-a': '1', 'X-A': '2' } }, '/headers/X-A', 'twice'],
    ['a header is no text', { target, headers: { 'x-a': 1 } }, '/headers', 'map of texts'],
    ['a revision is no whole number', { target, minRevision: 1.5 }, '/minRevision', 'not'],
    ['a pointer escapes its signs', { target, 'a/b~c': 1 }, '/a~1b~0c', 'not a member'],
  ])('is refused because %s', (_, json, pointer, message) => {
    const reading = parseRequest(json, offline);
    expect(reading).toMatchObject({
      faults: [{ pointer, code: 'INVALID_REQUEST', message: expect.stringContaining(message) }],
    });
  });

  it.each([
    ['time', { target, time: '2026-12-24T12:00:00Z' }, '/time'],
    [
      'verified, even false',
      { target, evidence: [{ role: 'access', mechanism: 'm', subject: 's', verified: false }] },
      '/evidence/0/verified',
    ],
  ])('over the network does not say %s', (_, json, pointer) => {
    expect(parseRequest(json, network)).toMatchObject({ faults: [{ pointer, code: 'INVALID_REQUEST' }] });
    expect(parseRequest(json, offline)).not.toHaveProperty('faults');
  });

  it('comes with all its faults at once', () => {
    const reading = parseRequest({ target: { endpont: 'a' }, evidence: [{ role: 'x' }], headers: { a: 1 } }, offline);
    expect('faults' in reading && reading.faults.map(({ pointer }) => pointer).sort()).toEqual([
      '/evidence/0/mechanism',
      '/evidence/0/role',
      '/evidence/0/subject',
      '/headers',
      '/target',
    ]);
  });

  it.each([
    ['a member is given twice', '{"target":{"endpoint":"a/b","endpoint":"c/d"}}', 'given twice'],
    ['a member is given twice in other words', '{"target":{"endpoint":"a/b","\\u0065ndpoint":"c/d"}}', 'given twice'],
    ['something follows', '{"target":{"endpoint":"a/b"}} {}', 'after the end'],
    ['there is a comment', '{"target":{"endpoint":"a/b"}} // x', 'after the end'],
    ['there is a comma too many', '{"target":{"endpoint":"a/b",}}', 'member name'],
    ['a text is not closed', '{"target', 'not closed'],
    ['a number is no JSON', '{"target":{"endpoint":"a/b"},"minRevision":01}', 'expected'],
    ['half a character is no text', '{"target":{"endpoint":"\\ud800"}}', 'half a character'],
    [
      'it is too deep',
      `{"target":{"endpoint":"a/b"},"context":{"a":${'['.repeat(40)}${']'.repeat(40)}}}`,
      'inside one another',
    ],
    ['it is too large', `{"target":{"endpoint":"${'a'.repeat(1024 * 1024)}"}}`, 'larger than'],
    ['it is empty', '', 'expected'],
  ])('as text is refused because %s', (_, text, message) => {
    expect(requestFromText(text, offline)).toMatchObject({ faults: [{ message: expect.stringContaining(message) }] });
  });

  it('as text reads as JSON does', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (context) => {
        const text = JSON.stringify({ target, context });
        const reading = requestFromText(text, offline);
        expect(reading).toEqual(parseRequest(JSON.parse(text), offline));
        expect(JSON.stringify('faults' in reading ? reading : reading.request.context)).toBe(JSON.stringify(context));
      }),
    ));

  it('never throws, whatever it is', () =>
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
        fc.string(),
        (value, text) => {
          parseRequest({ target: value, evidence: value, headers: value }, offline);
          parseRequest(value, network);
          requestFromText(text, offline);
        },
      ),
    ));
});

describe('an answer', () => {
  it('has its members in the order of the contract', () => {
    const answer = answerOf(
      {
        decision: 'allow',
        reason: 'ALLOW_SLOW',
        route: 'slow',
        deniedAt: null,
        meeting: '*',
        crossed: ['acme'],
        rules: ['a/b'],
        obligations: [{ rule: 'a/b', critical: true, value: 'gold', name: 'x-tier', kind: 'setHeader' }],
        actor: 'checkout',
        principal: 'user:ann',
        ttlSeconds: 30,
        endpoint: 'flights/search',
        path: '/v1/search',
        wouldDeny: { deniedAt: 'acme', reason: 'NO_ALLOW_RULE' },
        accepts: ['acme-oauth'],
      },
      { revision: 42, ageSeconds: 3, decisionId: 'd', explanation: {} },
    );
    expect(JSON.stringify(answer)).toBe(
      '{"decision":"allow","reason":"ALLOW_SLOW","route":"slow","deniedAt":null,"meeting":"*","crossed":["acme"],"rules":["a/b"],' +
        '"obligations":[{"kind":"setHeader","name":"x-tier","value":"gold","critical":true,"rule":"a/b"}],"revision":42,"ageSeconds":3,' +
        '"decisionId":"d","ttlSeconds":30,"wouldDeny":{"reason":"NO_ALLOW_RULE","deniedAt":"acme"},"accepts":["acme-oauth"],"explanation":{}}',
    );
  });
});
