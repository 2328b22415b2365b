import { clientHeaders } from './client-headers.js';

describe("a client's headers", () => {
  it.each`
    because                                              | lines                                                               | headers
    ${'names are folded'}                                | ${[['Accept-Language', 'pt']]}                                      | ${{ 'accept-language': 'pt' }}
    ${'repeated ones are joined'}                        | ${[['accept', 'a'], ['Accept', 'b']]}                               | ${{ accept: 'a,b' }}
    ${'a folded underscore may be another header'}       | ${[['x_user', 'root'], ['x-user', 'ann']]}                          | ${{ 'x-user': 'ann' }}
    ${'what a gateway says is not what the client says'} | ${[['x-original-uri', '/'], ['x-dharma-path', '/'], ['host', 'h']]} | ${{}}
    ${'pseudo headers are no headers'}                   | ${[[':path', '/']]}                                                 | ${{}}
    ${'no name is special'}                              | ${[['constructor', 'a'], ['tostring', 'b']]}                        | ${{ constructor: 'a', tostring: 'b' }}
  `('$because', ({ lines, headers }: { lines: [string, string][]; headers: object }) => {
    const read = clientHeaders(lines);
    expect(read).toEqual({ kind: 'headers', headers });
    expect(Object.getPrototypeOf((read as { headers: object }).headers)).toBeNull();
  });

  it('are refused when two parties could read different credentials', () => {
    const lines = [
      ['authorization', 'Bearer a'],
      ['Authorization', 'Bearer b'],
    ] as const;
    expect(clientHeaders(lines)).toMatchObject({ kind: 'fault', fault: { pointer: 'authorization' } });
  });
});
