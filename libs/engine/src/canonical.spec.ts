import { canonicalHost, canonicalPath, isPlainText, isToken, isTopic } from './canonical.js';

const KIB_8 = 8192;

describe('a canonical path', () => {
  it.each`
    because                                               | raw                             | path
    ${'what is plain stays'}                              | ${'/v1/offers/7'}               | ${'/v1/offers/7'}
    ${'the root is one empty segment'}                    | ${'/'}                          | ${'/'}
    ${'a trailing slash is significant'}                  | ${'/v1/'}                       | ${'/v1/'}
    ${'case is left alone'}                               | ${'/V1/Offers'}                 | ${'/V1/Offers'}
    ${'letters need no escape'}                           | ${'/%61%5A'}                    | ${'/aZ'}
    ${'nor do digits'}                                    | ${'/%30%39'}                    | ${'/09'}
    ${'nor do the other four unreserved'}                 | ${'/a%2d%2e%5f%7e'}             | ${'/a-._~'}
    ${'an unreserved escape may be in either case'}       | ${'/%7E%7e'}                    | ${'/~~'}
    ${'the hex of the rest is written in upper case'}     | ${'/a%3ab'}                     | ${'/a%3Ab'}
    ${'reserved characters stay as they are written'}     | ${"/!$&'()*+,=:@"}              | ${"/!$&'()*+,=:@"}
    ${'their escapes stay escapes'}                       | ${'/%21%24%26%2A'}              | ${'/%21%24%26%2A'}
    ${'an escaped space is a character like others'}      | ${'/a%20b'}                     | ${'/a%20b'}
    ${'quotes and brackets are nobody`s delimiters'}      | ${'/"<>[]^`{|}'}                | ${'/"<>[]^`{|}'}
    ${'a letter outside ASCII is escaped'}                | ${'/é'}                         | ${'/%C3%A9'}
    ${'an escaped one stays escaped'}                     | ${'/%c3%a9'}                    | ${'/%C3%A9'}
    ${'composed and decomposed letters are two names'}    | ${'/e\u0301'}                   | ${'/e%CC%81'}
    ${'three bytes'}                                      | ${'/€'}                         | ${'/%E2%82%AC'}
    ${'four bytes, from a surrogate pair'}                | ${'/𝄞x'}                        | ${'/%F0%9D%84%9Ex'}
    ${'the last code point'}                              | ${'/%f4%8f%bf%bf'}              | ${'/%F4%8F%BF%BF'}
    ${'the first that takes three bytes'}                 | ${'/%e0%a0%80'}                 | ${'/%E0%A0%80'}
    ${'the last before the surrogates'}                   | ${'/%ed%9f%bf'}                 | ${'/%ED%9F%BF'}
    ${'the first that takes four bytes'}                  | ${'/%f0%90%80%80'}              | ${'/%F0%90%80%80'}
    ${'a letter that looks like a slash is a letter'}     | ${'/a／b'}                      | ${'/a%EF%BC%8Fb'}
    ${'so is one that looks like a dot'}                  | ${'/．．/b'}                    | ${'/%EF%BC%8E%EF%BC%8E/b'}
    ${'controls above U+007F are letters to a path'}      | ${'/\u0085'}                    | ${'/%C2%85'}
    ${'three dots are a name'}                            | ${'/...'}                       | ${'/...'}
    ${'a name may begin with dots'}                       | ${'/..a/.b'}                    | ${'/..a/.b'}
    ${'and end with them'}                                | ${'/a../b.'}                    | ${'/a../b.'}
    ${'an escaped dot beside letters is a dot in a name'} | ${'/%2ehidden'}                 | ${'/.hidden'}
    ${'the query is not part of the path'}                | ${'/a?b=c'}                     | ${'/a'}
    ${'an empty query is none of it either'}              | ${'/a?'}                        | ${'/a'}
    ${'the query begins at the first question mark'}      | ${'/a?b?c'}                     | ${'/a'}
    ${'what climbs in a query climbs nowhere'}            | ${'/a?b=/../c//d'}              | ${'/a'}
    ${'a query may hold backslash and semicolon'}         | ${'/a?b;c\\d'}                  | ${'/a'}
    ${'and escapes that a path may not'}                  | ${'/a?b=%2f%5c%25%3b%3f%23'}    | ${'/a'}
    ${'and letters outside ASCII'}                        | ${'/a?é=𝄞&%c3%a9'}              | ${'/a'}
    ${'a path is rewritten before its query too'}         | ${'/%7e?%7e'}                   | ${'/~'}
    ${'an escaped slash is for the endpoint to say'}      | ${'/a%2fb'}                     | ${'/a%2Fb'}
    ${'also at the end of a segment'}                     | ${'/a%2F'}                      | ${'/a%2F'}
    ${'an asterisk in a path is a character'}             | ${'/*'}                         | ${'/*'}
    ${'8 KiB are allowed'}                                | ${`/${'a'.repeat(KIB_8 - 1)}`}  | ${`/${'a'.repeat(KIB_8 - 1)}`}
    ${'8 KiB are allowed with the query'}                 | ${`/?${'a'.repeat(KIB_8 - 2)}`} | ${'/'}
  `('$because', ({ raw, path }) => {
    expect(canonicalPath(raw)?.path).toBe(path);
  });

  it.each`
    because                                               | raw
    ${'a target is not empty'}                            | ${''}
    ${'it begins at the root'}                            | ${'a/b'}
    ${'absolute form is taken apart before'}              | ${'http://a/b'}
    ${'authority form has no path'}                       | ${'a.example:443'}
    ${'asterisk form has none'}                           | ${'*'}
    ${'a query alone is no target'}                       | ${'?a'}
    ${'an escaped slash does not begin a path'}           | ${'%2fa'}
    ${'dot segments climb'}                               | ${'/a/../b'}
    ${'at the end too'}                                   | ${'/a/..'}
    ${'and before a query'}                               | ${'/a/..?b'}
    ${'and at the beginning'}                             | ${'/..'}
    ${'a single dot is a dot segment'}                    | ${'/./a'}
    ${'at the end too, though it climbs nowhere'}         | ${'/a/.'}
    ${'an escaped dot is a dot'}                          | ${'/a/%2e'}
    ${'two of them are two'}                              | ${'/a/%2e%2E/b'}
    ${'half escaped dots are dots'}                       | ${'/a/.%2e/b'}
    ${'whichever half'}                                   | ${'/a/%2e./b'}
    ${'a dot segment beside an escaped slash climbs'}     | ${'/a/..%2fb'}
    ${'and after one'}                                    | ${'/a%2f..'}
    ${'and between two'}                                  | ${'/a%2f.%2fb'}
    ${'an empty segment is read in two ways'}             | ${'/a//b'}
    ${'it could begin an authority'}                      | ${'//a.example/b'}
    ${'so is one at the end'}                             | ${'/a//'}
    ${'and one before a query'}                           | ${'//?a'}
    ${'and one between escaped slashes'}                  | ${'/a%2f%2fb'}
    ${'and one between a slash and an escaped one'}       | ${'/%2fb'}
    ${'some read a backslash as a slash'}                 | ${'/a\\b'}
    ${'and its escape'}                                   | ${'/a%5Cb'}
    ${'in lower case too'}                                | ${'/a%5cb'}
    ${'some cut at a semicolon'}                          | ${'/a;b=1'}
    ${'and at its escape'}                                | ${'/a%3bb'}
    ${'some decode twice'}                                | ${'/a%252e'}
    ${'a plain escaped percent is decoded twice by some'} | ${'/%25'}
    ${'an escaped question mark may end a path'}          | ${'/a%3Fb'}
    ${'an escaped fragment may end a path'}               | ${'/a%23b'}
    ${'a fragment is never sent'}                         | ${'/a#b'}
    ${'nor is it in a query'}                             | ${'/a?b#c'}
    ${'a space ends a request line'}                      | ${'/a b'}
    ${'in a query too'}                                   | ${'/a?b c'}
    ${'a tab may end one'}                                | ${'/a\tb'}
    ${'a line feed begins a header'}                      | ${'/a\nb'}
    ${'a zero byte ends a text'}                          | ${'/a\u0000'}
    ${'an escaped one ends it later'}                     | ${'/a%00'}
    ${'escaped controls split lines in a log'}            | ${'/a%0a'}
    ${'the last of them'}                                 | ${'/a%1f'}
    ${'in a query too'}                                   | ${'/a?b=%0d%0a'}
    ${'plain ones there too'}                             | ${'/a?b\u0001'}
    ${'delete is a control character'}                    | ${'/a\u007f'}
    ${'also escaped'}                                     | ${'/a%7f'}
    ${'and in a query'}                                   | ${'/a?%7F'}
    ${'an escape has two digits'}                         | ${'/a%4'}
    ${'not none'}                                         | ${'/a%'}
    ${'of hexadecimal'}                                   | ${'/a%4g'}
    ${'without a sign'}                                   | ${'/a%+4'}
    ${'in ASCII'}                                         | ${'/a%４１'}
    ${'an escape does not run into the query'}            | ${'/a%4?1'}
    ${'in a query too'}                                   | ${'/a?b=%zz'}
    ${'an overlong slash hides a slash'}                  | ${'/%c0%af'}
    ${'in three bytes too'}                               | ${'/%e0%80%af'}
    ${'in four bytes too'}                                | ${'/%f0%80%80%af'}
    ${'an overlong dot hides a dot'}                      | ${'/%c0%ae%c0%ae'}
    ${'an overlong zero hides the end'}                   | ${'/%c1%80'}
    ${'half a letter is none'}                            | ${'/%c3'}
    ${'nor half of one before a plain character'}         | ${'/%c3a'}
    ${'nor before a plain letter outside ASCII'}          | ${'/%c3é'}
    ${'nor before a slash'}                               | ${'/%e2%82/a'}
    ${'a continuation needs a beginning'}                 | ${'/%a9'}
    ${'an escaped surrogate is no letter'}                | ${'/%ed%a0%80'}
    ${'nothing lies above U+10FFFF'}                      | ${'/%f4%90%80%80'}
    ${'nor begins with these bytes'}                      | ${'/%f5%80%80%80'}
    ${'a plain half of a pair is no letter'}              | ${'/\ud800'}
    ${'nor is the other half'}                            | ${'/\udc00a'}
    ${'halves in the wrong order are two halves'}         | ${'/\udc00\ud800'}
    ${'in a query too'}                                   | ${'/a?\ud800'}
    ${'ill-formed UTF-8 in a query is ill-formed'}        | ${'/a?b=%c3'}
    ${'overlong there too'}                               | ${'/a?b=%c0%af'}
    ${'above 8 KiB'}                                      | ${`/${'a'.repeat(KIB_8)}`}
    ${'above 8 KiB with the query'}                       | ${`/a?${'b'.repeat(KIB_8 - 2)}`}
    ${'above 8 KiB in bytes'}                             | ${`/?${'€'.repeat(2731)}`}
    ${'above 8 KiB once it is escaped'}                   | ${`/${'é'.repeat(2000)}`}
  `('is refused: $because', ({ raw }) => {
    expect(canonicalPath(raw)).toBeUndefined();
  });

  it.each`
    because                             | raw              | query        | encodedSlash
    ${'there is no query'}              | ${'/a'}          | ${undefined} | ${false}
    ${'there is an empty one'}          | ${'/a?'}         | ${''}        | ${false}
    ${'it stays as it was sent'}        | ${'/%61?%7e%2f'} | ${'%7e%2f'}  | ${false}
    ${'only the path can hide a slash'} | ${'/a%2Fb?'}     | ${''}        | ${true}
  `('has a query apart: $because', ({ raw, query, encodedSlash }) => {
    expect(canonicalPath(raw)).toMatchObject({ query, encodedSlash });
  });
});

describe('a canonical host', () => {
  const label63 = 'a'.repeat(63);
  const name253 = `${label63}.${label63}.${label63}.${'a'.repeat(61)}`;

  it.each`
    because                                       | raw                         | host
    ${'a name stays'}                             | ${'flights.example'}        | ${'flights.example'}
    ${'case does not matter'}                     | ${'Flights.EXAMPLE'}        | ${'flights.example'}
    ${'the port is another matter'}               | ${'flights.example:8443'}   | ${'flights.example'}
    ${'also the last and the least'}              | ${'a:65535'}                | ${'a'}
    ${'port zero is a number'}                    | ${'a:0'}                    | ${'a'}
    ${'one final dot is removed'}                 | ${'flights.example.'}       | ${'flights.example'}
    ${'also before a port'}                       | ${'flights.example.:80'}    | ${'flights.example'}
    ${'A-labels are names'}                       | ${'XN--mnchen-3ya.example'} | ${'xn--mnchen-3ya.example'}
    ${'a single label is a name'}                 | ${'localhost'}              | ${'localhost'}
    ${'hyphens stand inside'}                     | ${'a--b-c.example'}         | ${'a--b-c.example'}
    ${'a label may begin with a digit'}           | ${'1a.2.example'}           | ${'1a.2.example'}
    ${'the last may too, when it is no number'}   | ${'a.1b'}                   | ${'a.1b'}
    ${'a label has up to 63 characters'}          | ${`${label63}.example`}     | ${`${label63}.example`}
    ${'a name has up to 253'}                     | ${name253}                  | ${name253}
    ${'dot and port are not counted'}             | ${`${name253}.:65535`}      | ${name253}
    ${'a dotted quad is an address'}              | ${'10.0.0.1:80'}            | ${'10.0.0.1'}
    ${'also with a final dot'}                    | ${'10.0.0.1.'}              | ${'10.0.0.1'}
    ${'an IPv6 address stands in brackets'}       | ${'[::1]'}                  | ${'[::1]'}
    ${'with a port after them'}                   | ${'[::1]:443'}              | ${'[::1]'}
    ${'it is written in its shortest form'}       | ${'[2001:DB8:0:0:0:0:0:1]'} | ${'[2001:db8::1]'}
    ${'without leading zeros'}                    | ${'[2001:0db8::0001]'}      | ${'[2001:db8::1]'}
    ${'the longest run of zeros is left out'}     | ${'[1:0:0:2:0:0:0:3]'}      | ${'[1:0:0:2::3]'}
    ${'the first of two equal ones'}              | ${'[1:0:0:2:3:0:0:4]'}      | ${'[1::2:3:0:0:4]'}
    ${'one zero is no run'}                       | ${'[1::2:3:4:5:6:7]'}       | ${'[1:0:2:3:4:5:6:7]'}
    ${'nothing but zeros'}                        | ${'[0:0:0:0:0:0:0:0]'}      | ${'[::]'}
    ${'a tail in dots is the same sixteen bytes'} | ${'[64:ff9b::192.0.2.1]'}   | ${'[64:ff9b::c000:201]'}
  `('$because', ({ raw, host }) => {
    expect(canonicalHost(raw)).toBe(host);
  });

  it.each`
    because                                                | raw
    ${'a host has a name'}                                 | ${''}
    ${'a dot is none'}                                     | ${'.'}
    ${'two final dots leave one'}                          | ${'a..'}
    ${'a label is not empty'}                              | ${'a..b'}
    ${'nor the first'}                                     | ${'.a'}
    ${'a port alone is no host'}                           | ${':80'}
    ${'user information hides the host'}                   | ${'a@b'}
    ${'underscores are no letters'}                        | ${'a_b.example'}
    ${'U-labels have several forms'}                       | ${'münchen.example'}
    ${'a Kelvin sign is lower-cased to a k'}               | ${'\u212Aeys.example'}
    ${'a full-width letter is folded by some'}             | ${'ａ.example'}
    ${'an ideographic full stop is a dot to some'}         | ${'a\u3002example'}
    ${'escapes are for paths'}                             | ${'%61.example'}
    ${'a label does not begin with a hyphen'}              | ${'-a.example'}
    ${'nor end with one'}                                  | ${'a-.example'}
    ${'the last label neither'}                            | ${'a.example-'}
    ${'a label has up to 63 characters'}                   | ${`${'a'.repeat(64)}.example`}
    ${'a name has up to 253'}                              | ${`${name253}a`}
    ${'a port has digits'}                                 | ${'a:'}
    ${'only digits'}                                       | ${'a:+80'}
    ${'up to 65535'}                                       | ${'a:65536'}
    ${'at most five'}                                      | ${'a:000080'}
    ${'there is one port'}                                 | ${'a:80:80'}
    ${'an IPv6 address needs brackets'}                    | ${'::1'}
    ${'both of them'}                                      | ${'[::1'}
    ${'nothing but a port follows them'}                   | ${'[::1]a'}
    ${'a port after brackets has digits too'}              | ${'[::1]:'}
    ${'zone ids are local'}                                | ${'[fe80::1%eth0]'}
    ${'future versions are not'}                           | ${'[v1.a]'}
    ${'zeros are left out once'}                           | ${'[1::2::3]'}
    ${'there are eight groups'}                            | ${'[1:2:3:4:5:6:7]'}
    ${'and not nine'}                                      | ${'[1:2:3:4:5:6:7:8:9]'}
    ${'an IPv4 address has no brackets'}                   | ${'[10.0.0.1]'}
    ${'an IPv4-mapped address is another machine to some'} | ${'[::ffff:10.0.0.1]'}
    ${'however it is written'}                             | ${'[::FFFF:a00:1]'}
    ${'a short IPv4 address means another to some'}        | ${'10.1'}
    ${'a number is an IPv4 address to some'}               | ${'2130706433'}
    ${'so is a hexadecimal one'}                           | ${'0x7f000001'}
    ${'also as the last label'}                            | ${'a.0X7f'}
    ${'even without digits'}                               | ${'a.0x'}
    ${'a name does not end in a number'}                   | ${'a.1'}
    ${'octal numbers are ambiguous'}                       | ${'010.0.0.1'}
    ${'a byte ends at 255'}                                | ${'256.0.0.1'}
    ${'there are four bytes'}                              | ${'1.2.3.4.5'}
    ${'a wildcard is for patterns'}                        | ${'*.example'}
    ${'a path is no host'}                                 | ${'a/b'}
    ${'nor a query'}                                       | ${'a?b'}
    ${'nor a backslash'}                                   | ${'a\\b'}
    ${'a list of hosts is no host'}                        | ${'a,b'}
    ${'spaces are trimmed by some'}                        | ${' a'}
    ${'a zero byte ends a text'}                           | ${'a\u0000.example'}
  `('is refused: $because', ({ raw }) => {
    expect(canonicalHost(raw)).toBeUndefined();
  });
});

describe('the small texts of a target', () => {
  it.each`
    because                                      | judge          | text                        | holds
    ${'a method is a token'}                     | ${isToken}     | ${'GET'}                    | ${true}
    ${'of any such characters'}                  | ${isToken}     | ${"M-SEARCH!#$%&'*+.^_`|~"} | ${true}
    ${'in its own case'}                         | ${isToken}     | ${'get'}                    | ${true}
    ${'it is not empty'}                         | ${isToken}     | ${''}                       | ${false}
    ${'a space ends it'}                         | ${isToken}     | ${'GET /'}                  | ${false}
    ${'delimiters are no part of it'}            | ${isToken}     | ${'GE(T)'}                  | ${false}
    ${'nor letters outside ASCII'}               | ${isToken}     | ${'GÉT'}                    | ${false}
    ${'it is bounded'}                           | ${isToken}     | ${'A'.repeat(65)}           | ${false}
    ${'a topic is segments'}                     | ${isTopic}     | ${'bookings.created.eu'}    | ${true}
    ${'of any characters'}                       | ${isTopic}     | ${'a b.ü/$'}                | ${true}
    ${'a wildcard is for subscriptions'}         | ${isTopic}     | ${'bookings.*'}             | ${false}
    ${'also inside a segment'}                   | ${isTopic}     | ${'book*'}                  | ${false}
    ${'a segment is not empty'}                  | ${isTopic}     | ${'a..b'}                   | ${false}
    ${'nor the last'}                            | ${isTopic}     | ${'a.'}                     | ${false}
    ${'an id is any text'}                       | ${isPlainText} | ${'CN=a, O="b" *'}          | ${true}
    ${'it is not empty'}                         | ${isPlainText} | ${''}                       | ${false}
    ${'control characters split lines in a log'} | ${isPlainText} | ${'a\nb'}                   | ${false}
    ${'delete is one'}                           | ${isPlainText} | ${'a\u007f'}                | ${false}
    ${'half a surrogate pair is no character'}   | ${isPlainText} | ${'a\ud800'}                | ${false}
    ${'nor is the other half'}                   | ${isPlainText} | ${'\udc00'}                 | ${false}
    ${'8 KiB are allowed'}                       | ${isPlainText} | ${'é'.repeat(4096)}         | ${true}
    ${'more are not'}                            | ${isPlainText} | ${'é'.repeat(4097)}         | ${false}
    ${'counted in bytes, four to a pair'}        | ${isPlainText} | ${'𝄞'.repeat(2049)}         | ${false}
  `('$because', ({ judge, text, holds }) => {
    expect(judge(text)).toBe(holds);
  });
});
