import { canonicalHost, canonicalPath, isMethod } from './canonical.js';

describe('a canonical path', () => {
  it.each`
    because                                          | raw                       | path
    ${'what is plain stays'}                         | ${'/v1/offers/7'}         | ${'/v1/offers/7'}
    ${'a trailing slash is significant'}             | ${'/v1/'}                 | ${'/v1/'}
    ${'the root has one empty segment'}              | ${'/'}                    | ${'/'}
    ${'unreserved characters need no escape'}        | ${'/%61%2D%5f%7E'}        | ${'/a-_~'}
    ${'other escapes are written in upper case'}     | ${'/a%3ab'}               | ${'/a%3Ab'}
    ${'letters outside ASCII are escaped'}           | ${'/é'}                   | ${'/%C3%A9'}
    ${'escaped letters outside ASCII stay escaped'}  | ${'/%c3%a9'}              | ${'/%C3%A9'}
    ${'case is left alone'}                          | ${'/V1'}                  | ${'/V1'}
    ${'the query is not part of the path'}           | ${'/a?b=/../c'}           | ${'/a'}
    ${'three dots are a name'}                       | ${'/...'}                 | ${'/...'}
    ${'an escaped slash is for the endpoint to say'} | ${'/a%2fb'}               | ${'/a%2Fb'}
    ${'an escaped space is a character like others'} | ${'/a%20b'}               | ${'/a%20b'}
    ${'8 KiB are allowed'}                           | ${`/${'a'.repeat(8191)}`} | ${`/${'a'.repeat(8191)}`}
  `('$because', ({ raw, path }) => {
    expect(canonicalPath(raw)?.path).toBe(path);
  });

  it.each`
    because                                      | raw
    ${'a path begins at the root'}               | ${''}
    ${'absolute form is taken apart before'}     | ${'http://a/b'}
    ${'asterisk form has no path'}               | ${'*'}
    ${'a query alone is no target'}              | ${'?a'}
    ${'dot segments climb'}                      | ${'/a/../b'}
    ${'a dot segment at the end climbs too'}     | ${'/a/..'}
    ${'a single dot is a dot segment'}           | ${'/./a'}
    ${'an escaped dot is a dot'}                 | ${'/a/%2e%2E/b'}
    ${'half escaped dots are dots'}              | ${'/a/.%2e/b'}
    ${'an empty segment is read in two ways'}    | ${'/a//b'}
    ${'so is one at the end'}                    | ${'/a//'}
    ${'some read a backslash as a slash'}        | ${'/a\\b'}
    ${'and its escape'}                          | ${'/a%5Cb'}
    ${'some cut at a semicolon'}                 | ${'/a;b=1'}
    ${'and at its escape'}                       | ${'/a%3bb'}
    ${'some decode twice'}                       | ${'/a%252e'}
    ${'an escaped question mark may end a path'} | ${'/a%3Fb'}
    ${'an escaped fragment may end a path'}      | ${'/a%23b'}
    ${'a fragment is never sent'}                | ${'/a#b'}
    ${'nor is it in a query'}                    | ${'/a?b#c'}
    ${'a space ends a request line'}             | ${'/a b'}
    ${'also in the query'}                       | ${'/a?b c'}
    ${'control characters are refused'}          | ${'/a\x01'}
    ${'escaped control characters too'}          | ${'/a%00'}
    ${'also in the query'}                       | ${'/a?b=%0d%0a'}
    ${'delete is a control character'}           | ${'/a%7f'}
    ${'an escape has two digits'}                | ${'/a%4'}
    ${'of hexadecimal'}                          | ${'/a%4g'}
    ${'overlong forms hide characters'}          | ${'/%c0%af'}
    ${'half a letter is none'}                   | ${'/%c3'}
    ${'an escaped surrogate is no letter'}       | ${'/%ed%a0%80'}
    ${'nor is a plain one'}                      | ${'/\ud800'}
    ${'above 8 KiB'}                             | ${`/${'a'.repeat(8192)}`}
    ${'above 8 KiB with the query'}              | ${`/a?${'b'.repeat(8190)}`}
    ${'above 8 KiB once it is escaped'}          | ${`/${'é'.repeat(2000)}`}
  `('is refused: $because', ({ raw }) => {
    expect(canonicalPath(raw)).toBeUndefined();
  });

  it('has a query decoded as a form', () => {
    expect({ ...canonicalPath('/a?x=1&y=a+b%20c&x=%26&flag&&=empty&__proto__=p')?.query }).toEqual(
      Object.fromEntries([
        ['x', ['1', '&']],
        ['y', ['a b c']],
        ['flag', ['']],
        ['', ['empty']],
        ['__proto__', ['p']],
      ]),
    );
  });
});

describe('a canonical host', () => {
  it.each`
    because                                 | raw                            | host
    ${'case does not matter'}               | ${'Flights.Example'}           | ${'flights.example'}
    ${'the port is another matter'}         | ${'flights.example:8443'}      | ${'flights.example'}
    ${'one final dot is removed'}           | ${'flights.example.:80'}       | ${'flights.example'}
    ${'A-labels are names'}                 | ${'xn--mnchen-3ya.example'}    | ${'xn--mnchen-3ya.example'}
    ${'a single label is a name'}           | ${'localhost'}                 | ${'localhost'}
    ${'a dotted quad is an address'}        | ${'10.0.0.1:80'}               | ${'10.0.0.1'}
    ${'an IPv6 address stands in brackets'} | ${'[2001:DB8:0:0:0:0:0:1]:80'} | ${'[2001:db8::1]'}
  `('$because', ({ raw, host }) => {
    expect(canonicalHost(raw)).toBe(host);
  });

  it.each`
    because                                   | raw
    ${'a host has a name'}                    | ${''}
    ${'two final dots leave one'}             | ${'a..'}
    ${'user information hides the host'}      | ${'a@b'}
    ${'underscores are no letters'}           | ${'a_b.example'}
    ${'U-labels have several forms'}          | ${'münchen.example'}
    ${'a Kelvin sign is a k in lower case'}   | ${'boo\u212A.example'}
    ${'a label does not begin with a hyphen'} | ${'-a.example'}
    ${'a label has up to 63 characters'}      | ${'a'.repeat(64)}
    ${'a name has up to 253 characters'}      | ${`${'a.'.repeat(127)}a`}
    ${'a port has a number'}                  | ${'a:'}
    ${'up to 65535'}                          | ${'a:65536'}
    ${'an IPv6 address needs brackets'}       | ${'::1'}
    ${'zone ids are local'}                   | ${'[fe80::1%eth0]'}
    ${'an IPv4 address has no brackets'}      | ${'[10.0.0.1]'}
    ${'a number is no name'}                  | ${'10.1'}
    ${'nor is a hexadecimal one'}             | ${'a.0x7f'}
    ${'an IPv4 address is written as one'}    | ${'[::ffff:10.0.0.1]'}
    ${'octal numbers are ambiguous'}          | ${'010.0.0.1'}
    ${'a wildcard is for patterns'}           | ${'*.example'}
    ${'a path is no host'}                    | ${'a/b'}
  `('is refused: $because', ({ raw }) => {
    expect(canonicalHost(raw)).toBeUndefined();
  });
});

describe('a method', () => {
  it.each`
    because                            | text              | is
    ${'it is a token'}                 | ${'GET'}          | ${true}
    ${'tokens have more than letters'} | ${"M-SEARCH!'~"}  | ${true}
    ${'as long as a method may be'}    | ${'A'.repeat(64)} | ${true}
    ${'it is bounded'}                 | ${'A'.repeat(65)} | ${false}
    ${'it is not empty'}               | ${''}             | ${false}
    ${'a line end is no part of it'}   | ${'GET\n'}        | ${false}
    ${'nor are letters outside ASCII'} | ${'GÉT'}          | ${false}
  `('$because', ({ text, is }) => {
    expect(isMethod(text)).toBe(is);
  });
});
