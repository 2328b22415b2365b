import fc from 'fast-check';
import { parseAddress } from '#cel';
import { addressText } from './address-text.js';

it.each`
  because                            | text                          | written
  ${'it is one'}                     | ${'10.0.255.1'}               | ${'10.0.255.1'}
  ${'zeros are zeros'}               | ${'0.0.0.0'}                  | ${'0.0.0.0'}
  ${'mapped IPv4 is IPv4'}           | ${'::ffff:10.0.0.1'}          | ${'10.0.0.1'}
  ${'letters are lower case'}        | ${'2001:DB8::A'}              | ${'2001:db8::a'}
  ${'leading zeros go'}              | ${'2001:0db8:0:0:0:0:0:0001'} | ${'2001:db8::1'}
  ${'the longest run of zeros goes'} | ${'2001:0:0:1:0:0:0:1'}       | ${'2001:0:0:1::1'}
  ${'of two the first goes'}         | ${'2001:db8:0:0:1:0:0:1'}     | ${'2001:db8::1:0:0:1'}
  ${'one zero stays'}                | ${'2001:db8:0:1:1:1:1:1'}     | ${'2001:db8:0:1:1:1:1:1'}
  ${'a run may begin it'}            | ${'::1'}                      | ${'::1'}
  ${'a run may end it'}              | ${'fe80:0:0:0:0:0:0:0'}       | ${'fe80::'}
  ${'it may be all of it'}           | ${'::'}                       | ${'::'}
`('$text is written $written because $because', ({ text, written }) => {
  expect(addressText(parseAddress(text)!)).toBe(written);
});

it('is the same address read again', () =>
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseAddress(text)!;
      expect(parseAddress(addressText(address))).toEqual(address);
      expect(addressText(parseAddress(addressText(address))!)).toBe(addressText(address));
    }),
  ));
