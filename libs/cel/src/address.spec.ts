import fc from 'fast-check';
import { cidrContains, cidrsOverlap, compilePattern, parseAddress, parseCidr } from './index.js';

describe('an address', () => {
  it.each<[text: string, because: string]>([
    ['', 'nothing'],
    ['10.0.0', 'three parts'],
    ['10.0.0.1.2', 'five parts'],
    ['10.0.0.256', 'beyond a byte'],
    ['10.0.0.01', 'a leading zero may mean octal'],
    ['0x0a.0.0.1', 'hexadecimal'],
    ['10.0.0.1 ', 'white space'],
    ['+10.0.0.1', 'a sign'],
    ['١٠.0.0.1', 'digits of another script'],
    ['167772161', 'one number'],
    ['10.0.0.1/8', 'a block'],
    ['10.0.0.1:80', 'a port'],
    ['[::1]', 'brackets'],
    ['fe80::1%eth0', 'a zone'],
    ['fe80::1%25eth0', 'a zone as URLs write it'],
    ['::ffff:10.1.2.3%1', 'a zone behind a mapped address'],
    ['::ffff:10.1.2.03', 'a leading zero in a mapped address'],
    ['::ffff:010.1.2.3', 'octal in a mapped address'],
    ['::01.2.3.4', 'octal in a compatible address'],
    ['00000::1', 'five zeros'],
    ['1::2::3', 'two gaps'],
    [':::', 'three colons'],
    ['1:2:3:4:5:6:7', 'seven groups'],
    ['1:2:3:4:5:6:7:8:9', 'nine groups'],
    ['1:2:3:4:5:6:7::8', 'a gap of nothing'],
    ['::12345', 'five digits'],
    ['::g', 'no digit'],
    [':1:2:3:4:5:6:7', 'half a gap at the beginning'],
    ['1:2:3:4:5:6:7:', 'half a gap at the end'],
    ['::1.2.3.4:5', 'IPv4 before the end'],
    ['::ffff:1.2.3', 'half an IPv4 address'],
    ['1.2.3.4::', 'IPv4 at the beginning'],
  ])('%j is none: %s', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it.each<[text: string, family: 4 | 6, bits: bigint]>([
    ['0.0.0.0', 4, 0n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['10.1.2.3', 4, 0x0a010203n],
    ['::ffff:10.1.2.3', 4, 0x0a010203n],
    ['::FFFF:0a01:0203', 4, 0x0a010203n],
    ['::fFfF:A01:203', 4, 0x0a010203n],
    ['0000:0000:0000:0000:0000:FFFF:10.1.2.3', 4, 0x0a010203n],
    ['0:0:0:0:0:ffff:10.1.2.3', 4, 0x0a010203n],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['::1.2.3.4', 6, 0x01020304n],
    ['64:ff9b::1.2.3.4', 6, (0x64n << 112n) | (0xff9bn << 96n) | 0x01020304n],
    ['2001:db8:0:0:1:2:3:4', 6, 0x20010db8000000000001000200030004n],
  ])('%s is IPv%s %s', (text, family, bits) => {
    expect(parseAddress(text)).toMatchObject({ family, bits });
  });
});

describe('a block', () => {
  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::/129',
    '/8',
    '10.0.0.0/ 8',
    '::1/1e1',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it.each<[block: string, address: string, inside: boolean, because: string]>([
    ['10.0.0.0/8', '10.255.255.255', true, 'the last'],
    ['10.0.0.0/8', '11.0.0.0', false, 'the next'],
    ['10.1.2.3/8', '10.9.9.9', true, 'bits beyond the prefix do not count'],
    ['0.0.0.0/0', '203.0.113.9', true, 'every IPv4 address'],
    ['0.0.0.0/0', '::1', false, 'no IPv6 address'],
    ['::/0', '2001:db8::1', true, 'every IPv6 address'],
    ['::/0', '::ffff:10.0.0.1', false, 'which a mapped address is not'],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true, 'a mapped block is its IPv4 block'],
    ['::ffff:0:0/96', '10.9.9.9', true, 'all of them'],
    ['::FFFF:10.0.0.0/104', '::ffff:a09:909', true, 'in whatever spelling'],
    ['10.0.0.0/8', '::ffff:11.0.0.0', false, 'a mapped address beyond it'],
    ['10.0.0.0/8', '::10.1.2.3', false, 'a compatible address, which is IPv6'],
    ['::/96', '10.1.2.3', false, 'which a compatible address is not'],
    ['10.1.2.3/32', '10.1.2.3', true, 'a block of one'],
    ['10.1.2.3/32', '10.1.2.4', false, 'and no more'],
    ['2001:db8::/32', '2001:db9::', false, 'the next'],
  ])('%s holds %s: %s, %s', (block, address, inside) => {
    expect(cidrContains(parseCidr(block)!, parseAddress(address)!)).toBe(inside);
  });

  const blocks = fc
    .tuple(fc.nat(0xffff), fc.integer({ min: 0, max: 32 }))
    .map(([bits, prefix]) => `10.0.${bits >> 8}.${bits & 255}/${prefix}`);

  it('two overlap exactly where one holds the first address of the other', () => {
    fc.assert(
      fc.property(blocks, blocks, (one, other) => {
        const [first, second] = [parseCidr(one)!, parseCidr(other)!];
        const expected = cidrContains(first, second.address) || cidrContains(second, first.address);
        expect(cidrsOverlap(first, second)).toBe(expected);
        expect(cidrsOverlap(second, first)).toBe(expected);
      }),
    );
  });

  it('any text gives an address, a block, or neither, and never both', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abf.:/') }), (text) => {
        expect(parseAddress(text) === undefined || parseCidr(text) === undefined).toBe(true);
      }),
    );
  });
});

describe('a pattern', () => {
  it.each(['(', '(?=a)', '(?<!a)b', '\\1', 'a{1001}', '((a{100}){100})', '[z-a]', 'a**', 'a'.repeat(4097)])(
    '%s is refused',
    (pattern) => {
      expect(compilePattern(pattern)).toBeUndefined();
    },
  );

  it('matches anywhere, and by code points', () => {
    expect(compilePattern('^a.b$')!.matches('a😀b')).toBe(true);
    expect(compilePattern('b+')!.matches('abba')).toBe(true);
    expect(compilePattern('(?i)^É$')!.matches('é')).toBe(true);
    expect(compilePattern('^b')!.matches('abba')).toBe(false);
  });

  it.each`
    because                                             | pattern
    ${'a group counts as what is in it'}                | ${'(?:a|b){500}'}
    ${'a class counts as one'}                          | ${'[a-z{}0-9]{900}'}
    ${'a bracket in a class ends nothing'}              | ${'[]a-z]{900}'}
    ${'what is escaped repeats nothing'}                | ${'\\{5000}'}
    ${'a brace that repeats nothing is itself'}         | ${'x{,5000}'}
    ${'a name of a group is no part of it'}             | ${'(?P<a_rather_long_name>a){300}'}
    ${'repetitions in one another are what RE2 allows'} | ${'(?:a{30}){30}'}
  `('takes $pattern: $because', ({ pattern }) => {
    expect(compilePattern(pattern)).toBeDefined();
  });

  it.each(['(.*a){30}'.repeat(200), '((a{10}){10}){10}'.repeat(33), '(?:[a-z]{100}){10}'.repeat(40)])(
    'refuses what repeats too much before it is compiled, so within a millisecond or so (%#)',
    (pattern) => {
      const before = process.cpuUsage();
      for (let time = 0; time < 20; time += 1) expect(compilePattern(pattern)).toBeUndefined();
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(20 * 20);
    },
  );
});
