import { clientHeaders } from './client-headers.js';

describe("a client's headers", () => {
  it.each`
    because                                              | lines                                                               | headers
    ${'repeated ones are joined'}                        | ${[['accept', 'a'], ['accept', 'b']]}                               | ${{ accept: 'a,b' }}
    ${'a folded underscore may be another header'}       | ${[['x_user', 'root'], ['x-user', 'ann']]}                          | ${{ 'x-user': 'ann' }}
    ${'a name that only begins like one of ours'}        | ${[['authorization_hint', 'a'], ['x-forwarded_for', 'b']]}          | ${{}}
    ${'what a gateway says is not what the client says'} | ${[['x-original-uri', '/'], ['x-dharma-path', '/'], ['host', 'h']]} | ${{}}
    ${'nor is it in the other convention'}               | ${[['x-forwarded-uri', '/'], ['x-forwarded-method', 'GET']]}        | ${{}}
    ${'a key of ours is nobody else to see'}             | ${[['x-dharma-key', 'edge.secret']]}                                | ${{}}
    ${'pseudo headers are no headers'}                   | ${[[':path', '/']]}                                                 | ${{}}
    ${'no name is special'}                              | ${[['constructor', 'a'], ['tostring', 'b']]}                        | ${{ constructor: 'a', tostring: 'b' }}
    ${'a digest has commas of its own'}                  | ${[['authorization', 'Digest a="b", c=d']]}                         | ${{ authorization: 'Digest a="b", c=d' }}
  `('$because', ({ lines, headers }: { lines: [string, string][]; headers: object }) => {
    const read = clientHeaders(lines);
    expect(read).toMatchObject({ kind: 'headers', headers });
    const { headers: map } = read as { headers: object };
    expect(Object.keys(map)).toEqual(Object.keys(headers));
    expect(Object.getPrototypeOf(map)).toBeNull();
  });

  it('that came more than once are named, so that a sender is not read from two of them', () => {
    const read = clientHeaders([
      ['x-user', 'ann'],
      ['accept', 'a'],
      ['x-user', 'root'],
    ]);
    expect(read).toMatchObject({ headers: { 'x-user': 'ann,root' }, repeated: new Set(['x-user']) });
  });

  it('are refused where one of ours came twice: a service could read either', () => {
    const read = clientHeaders([
      ['x-dharma-actor', 'a'],
      ['x-dharma-actor', 'a'],
    ]);
    expect(read).toMatchObject({ kind: 'fault', fault: { pointer: 'x-dharma-actor' } });
  });

  it('that careless readers take for others are named with those', () => {
    const read = clientHeaders([
      ['x_user', 'root'],
      ['x.user', 'root'],
      ['x-user', 'ann'],
    ]);
    expect(read).toMatchObject({
      aliases: new Map([
        ['x_user', 'x-user'],
        ['x.user', 'x-user'],
      ]),
    });
  });

  it.each([
    'x_dharma_actor',
    'x-dharma_principal',
    'x.dharma.key',
    'x_original_uri',
    'x-original_method',
    'x_forwarded_host',
    'x.forwarded-uri',
    'x_forwarded_method',
    'proxy_authorization',
    'content_length',
    'transfer_encoding',
  ])('are refused where one can be taken for a header of a gateway, of ours or of credentials: %s', (name) => {
    expect(clientHeaders([[name, 'v']])).toMatchObject({ kind: 'fault', fault: { pointer: name } });
  });

  it.each`
    because                                  | values
    ${'two fields'}                          | ${['Bearer a', 'Bearer b']}
    ${'two of the same'}                     | ${['Bearer a', 'Bearer a']}
    ${'a gateway joined two fields'}         | ${['Bearer a,Bearer b']}
    ${'a gateway joined them with a space'}  | ${['Bearer a, Bearer b']}
    ${'the second has no scheme'}            | ${['Bearer a,b']}
    ${'the schemes differ'}                  | ${['Digest a="b", Bearer c']}
    ${'a scheme is known in any case'}       | ${['bearer a,b']}
    ${'the first is empty, the second real'} | ${['', 'Bearer b']}
  `('are refused when two parties could read different credentials: $because', ({ values }: { values: string[] }) => {
    const lines = values.map((value) => ['authorization', value] as const);
    expect(clientHeaders(lines)).toMatchObject({ kind: 'fault', fault: { pointer: 'authorization' } });
  });
});
