import { Metadata } from '@grpc/grpc-js';
import { keyInMetadata, keyOf, keyOrBearerOf } from './key.js';

const raw = (...lines: [string, string][]) => ({ rawHeaders: lines.flat() });

describe('the key that a caller shows', () => {
  it.each`
    because                                      | message                                                           | shown
    ${'there is none'}                           | ${raw(['accept', 'a'])}                                           | ${{ kind: 'none' }}
    ${'names do not differ by case'}             | ${raw(['X-Dharma-Key', 'edge.s'])}                                | ${{ kind: 'key', key: 'edge.s' }}
    ${'an empty one is one, and nobody has it'}  | ${raw(['x-dharma-key', ''])}                                      | ${{ kind: 'key', key: '' }}
    ${'of two, one may be the client’s'}         | ${raw(['x-dharma-key', 'edge.s'], ['X-DHARMA-KEY', 'edge.s'])}    | ${{ kind: 'unclear' }}
    ${'`authorization` belongs to the client'}   | ${raw(['authorization', 'Bearer edge.s'])}                        | ${{ kind: 'none' }}
    ${'beside a key it is the client’s as well'} | ${raw(['x-dharma-key', 'edge.s'], ['authorization', 'Bearer t'])} | ${{ kind: 'key', key: 'edge.s' }}
  `('on the routes of gateways: $because', ({ message, shown }) => {
    expect(keyOf(message)).toMatchObject(shown);
  });

  it.each`
    because                                        | message                                                                         | shown
    ${'it may come as a bearer token'}             | ${raw(['Authorization', 'bearer edge.s'])}                                      | ${{ kind: 'key', key: 'edge.s' }}
    ${'or in its own header'}                      | ${raw(['x-dharma-key', 'edge.s'])}                                              | ${{ kind: 'key', key: 'edge.s' }}
    ${'or, the same, in both'}                     | ${raw(['x-dharma-key', 'edge.s'], ['authorization', 'Bearer edge.s'])}          | ${{ kind: 'key', key: 'edge.s' }}
    ${'two different ones are nobody’s'}           | ${raw(['x-dharma-key', 'edge.s'], ['authorization', 'Bearer other.s'])}         | ${{ kind: 'unclear' }}
    ${'Node would silently keep the first of two'} | ${raw(['authorization', 'Bearer edge.s'], ['authorization', 'Bearer other.s'])} | ${{ kind: 'unclear' }}
    ${'another scheme is no absence of a key'}     | ${raw(['authorization', 'Basic YTpi'])}                                         | ${{ kind: 'unclear' }}
    ${'nor is a scheme without a key'}             | ${raw(['authorization', 'Bearer '])}                                            | ${{ kind: 'unclear' }}
  `('on the JSON routes: $because', ({ message, shown }) => {
    expect(keyOrBearerOf(message)).toMatchObject(shown);
  });

  it('in metadata comes exactly once too', () => {
    const metadata = new Metadata();
    expect(keyInMetadata(metadata)).toEqual({ kind: 'none' });
    metadata.add('x-dharma-key', 'edge.s');
    expect(keyInMetadata(metadata)).toEqual({ kind: 'key', key: 'edge.s' });
    metadata.add('x-dharma-key', 'edge.s');
    expect(keyInMetadata(metadata)).toMatchObject({ kind: 'unclear' });
  });
});
