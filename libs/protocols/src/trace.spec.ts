import { traceIn } from './trace.js';

const ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

it.each`
  because                                  | value                                             | taken
  ${'it is well-formed'}                   | ${`00-${ID}-${PARENT}-01`}                        | ${true}
  ${'later versions are read the same'}    | ${`cc-${ID}-${PARENT}-01`}                        | ${true}
  ${'version ff is forbidden'}             | ${`ff-${ID}-${PARENT}-01`}                        | ${false}
  ${'a trace of zeros is none'}            | ${`00-${'0'.repeat(32)}-${PARENT}-01`}            | ${false}
  ${'a parent of zeros is none'}           | ${`00-${ID}-${'0'.repeat(16)}-01`}                | ${false}
  ${'digits are in lower case'}            | ${`00-${ID.toUpperCase()}-${PARENT}-01`}          | ${false}
  ${'it came twice, and Node joined them'} | ${`00-${ID}-${PARENT}-01, 00-${ID}-${PARENT}-01`} | ${false}
  ${'nothing may follow'}                  | ${`00-${ID}-${PARENT}-01\n`}                      | ${false}
  ${'it is no text'}                       | ${undefined}                                      | ${false}
`('a trace context is taken as it is or not at all: $because', ({ value, taken }) => {
  expect(traceIn(value)).toBe(taken ? value : undefined);
});
