/** What a reported certificate says, however it is reported, is read in one way or not at all. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { certificateFromPem, certificateFromPrincipal } from '../../libs/identity/src/certificate.js';
import { parseForwardedClientCert } from '../../libs/identity/src/forwarded-client-cert.js';
import { certificate, COMMON_NAME, COUNTRY, encodedPem, ORGANISATION, pemOf } from './certificates.js';

const HASH = 'ab'.repeat(32);
const SEVERAL = 'it speaks of several certificates; let the gateway replace the header, not append';
const FORMAT = 'it is not in the format of `x-forwarded-client-cert`';

describe('a certificate in PEM', () => {
  it.each`
    because                                                  | names                                                                                | expected
    ${'its URI is one'}                                      | ${{ uris: ['spiffe://acme.example/a'] }}                                             | ${{ uris: ['spiffe://acme.example/a'], dnsNames: [] }}
    ${'it has two'}                                          | ${{ uris: ['spiffe://a.example/a', 'spiffe://b/b'] }}                                | ${{ uris: ['spiffe://a.example/a', 'spiffe://b/b'] }}
    ${'host names do not differ by case'}                    | ${{ dnsNames: ['DB.Acme.Example', 'two.example'] }}                                  | ${{ dnsNames: ['db.acme.example', 'two.example'], uris: [] }}
    ${'a wildcard names nobody'}                             | ${{ dnsNames: ['*.acme.example', 'a.example'] }}                                     | ${{ dnsNames: ['a.example'] }}
    ${'a name is not two names'}                             | ${{ dnsNames: ['a.example, URI:spiffe://acme.example/x'] }}                          | ${{ dnsNames: [], uris: [] }}
    ${'a URI is not two URIs'}                               | ${{ uris: ['http://x/, URI:spiffe://acme.example/x'] }}                              | ${{ uris: ['http://x/, URI:spiffe://acme.example/x'] }}
    ${'a quote in a name ends nothing'}                      | ${{ uris: ['http://x/", URI:"spiffe://a/x'] }}                                       | ${{ uris: ['http://x/", URI:"spiffe://a/x'] }}
    ${'a backslash in a name escapes nothing'}               | ${{ uris: ['http://x/\\", URI:"spiffe://a/x\\'] }}                                   | ${{ uris: ['http://x/\\", URI:"spiffe://a/x\\'] }}
    ${'RFC 2253 begins at the end'}                          | ${{ subject: [[[COUNTRY, 'PT']], [[ORGANISATION, 'Acme']], [[COMMON_NAME, 'db']]] }} | ${{ subject: 'CN=db,O=Acme,C=PT' }}
    ${'a comma in a name is escaped'}                        | ${{ subject: [[[COMMON_NAME, 'db,O=Acme']]] }}                                       | ${{ subject: 'CN=db\\,O=Acme' }}
    ${'a line end in a name is no attribute'}                | ${{ subject: [[[COMMON_NAME, 'db\nO=Acme']]] }}                                      | ${{ subject: 'CN=db\\0AO=Acme' }}
    ${'a plus in a name is no attribute'}                    | ${{ subject: [[[COMMON_NAME, 'db + O=Acme']]] }}                                     | ${{ subject: 'CN=db \\+ O=Acme' }}
    ${'a plus joins attributes'}                             | ${{ subject: [[[COMMON_NAME, 'db'], [ORGANISATION, 'A']]] }}                         | ${{ subject: 'CN=db+O=A' }}
    ${'beyond ASCII there are bytes'}                        | ${{ subject: [[[COMMON_NAME, 'josé']]] }}                                            | ${{ subject: 'CN=jos\\C3\\A9' }}
    ${'an attribute without a name is written in many ways'} | ${{ subject: [[['1.2.3.4', 'x']], [[COMMON_NAME, 'db']]] }}                          | ${{ nameless: true }}
    ${'a number after a plus is a value'}                    | ${{ subject: [[[COMMON_NAME, '1+1=2']]] }}                                           | ${{ subject: 'CN=1\\+1=2' }}
    ${'nobody is named'}                                     | ${{ subject: [] }}                                                                   | ${{ nameless: true }}
  `('$because', ({ names, expected }) => {
    const der = certificate(names);
    const read = certificateFromPem(encodeURIComponent(pemOf(der)))!;
    const { nameless, ...said } = expected;
    expect(read).toMatchObject(said);
    expect(read.subject === undefined).toBe(nameless === true);
    expect(read.fingerprint).toBe(createHash('sha256').update(der).digest('hex'));
  });

  it.each`
    because                                  | encoded
    ${'it is empty'}                         | ${''}
    ${'it is no PEM'}                        | ${'certificate'}
    ${'an escape is cut'}                    | ${'%2'}
    ${'an escape is no UTF-8'}               | ${'%ff'}
    ${'it is no certificate'}                | ${encodeURIComponent(pemOf(Buffer.from('no certificate at all')))}
    ${'it is cut'}                           | ${encodeURIComponent(pemOf(certificate({}).subarray(0, -20)))}
    ${'of two it says too much'}             | ${encodedPem({}) + encodedPem({ uris: ['spiffe://a/b'] })}
    ${'something is in front of it'}         | ${`x${encodedPem({})}`}
    ${'it is a book'}                        | ${encodedPem({}) + '%0A'.repeat(30_000)}
    ${'it has more names than a phone book'} | ${encodedPem({ dnsNames: Array.from({ length: 33 }, (_, index) => `h${index}.example`) })}
  `('cannot be read because $because', ({ encoded }) => {
    expect(certificateFromPem(encoded)).toBeUndefined();
  });

  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
  (hasOpenssl ? it : it.skip).each([
    [[[[COUNTRY, 'PT']], [[ORGANISATION, 'A, B + C "D" \\ E']], [[COMMON_NAME, ' josé#;<>= ']]]],
    [
      [
        [
          [COMMON_NAME, '#db\n\u007f'],
          [ORGANISATION, 'A+1=2'],
        ],
      ],
    ],
  ] as const)('has the subject that OpenSSL writes (%#)', (subject) => {
    const written = execFileSync('openssl', ['x509', '-noout', '-subject', '-nameopt', 'RFC2253'], {
      input: pemOf(certificate({ subject })),
      encoding: 'utf8',
    });
    expect(`subject=${certificateFromPem(encodedPem({ subject }))!.subject}`).toBe(written.trimEnd());
  });
});

describe('one name of a certificate', () => {
  it.each`
    because                          | principal                    | expected
    ${'it has a scheme'}             | ${'spiffe://acme.example/a'} | ${{ uris: ['spiffe://acme.example/a'], dnsNames: [] }}
    ${'another scheme is a URI too'} | ${'https://acme.example'}    | ${{ uris: ['https://acme.example'], dnsNames: [] }}
    ${'it is a host name'}           | ${'DB.acme.example'}         | ${{ uris: [], dnsNames: ['db.acme.example'] }}
    ${'it begins with an attribute'} | ${'CN=db,O=Acme'}            | ${{ uris: [], dnsNames: [], subject: 'CN=db,O=Acme' }}
    ${'a wildcard names nobody'}     | ${'*.acme.example'}          | ${undefined}
    ${'it is text'}                  | ${'the database'}            | ${undefined}
    ${'it is a path'}                | ${'//acme.example/a'}        | ${undefined}
  `('$because', ({ principal, expected }) => {
    expect(certificateFromPrincipal(principal)).toEqual(expected);
  });
});

describe('the format of x-forwarded-client-cert', () => {
  const pem = encodedPem({ uris: ['spiffe://acme.example/a'], dnsNames: ['a.example'] });
  const fingerprint = certificateFromPem(pem)!.fingerprint!;

  it.each`
    because                                    | value                                                                                                        | expected
    ${'Envoy writes it so'}                    | ${`By=spiffe://x/y;Hash=${HASH};Subject="CN=a,O=B";URI=spiffe://acme.example/a;DNS=a.example;DNS=b.example`} | ${{ uris: ['spiffe://acme.example/a'], dnsNames: ['a.example', 'b.example'], subject: 'CN=a,O=B', fingerprint: HASH }}
    ${'keys do not differ by case'}            | ${`hash=${HASH.toUpperCase()};uri=spiffe://a/b`}                                                             | ${{ uris: ['spiffe://a/b'], dnsNames: [], fingerprint: HASH }}
    ${'what is empty is not said'}             | ${'URI=;Subject="";DNS='}                                                                                    | ${{ uris: [], dnsNames: [] }}
    ${'values may stand in quotes'}            | ${'URI="spiffe://a/b"'}                                                                                      | ${{ uris: ['spiffe://a/b'], dnsNames: [] }}
    ${'a quote in quotes is escaped'}          | ${'Subject="CN=\\"a\\""'}                                                                                    | ${{ uris: [], dnsNames: [], subject: 'CN="a"' }}
    ${'a backslash stands for itself'}         | ${'Subject="CN=a\\,b"'}                                                                                      | ${{ uris: [], dnsNames: [], subject: 'CN=a\\,b' }}
    ${'separators in quotes are text'}         | ${'Subject="CN=a;URI=spiffe://x/y,By=z"'}                                                                    | ${{ uris: [], dnsNames: [], subject: 'CN=a;URI=spiffe://x/y,By=z' }}
    ${'several URIs are for others to refuse'} | ${'URI=spiffe://a/b;URI=spiffe://c/d'}                                                                       | ${{ uris: ['spiffe://a/b', 'spiffe://c/d'], dnsNames: [] }}
  `('$because', ({ value, expected }) => {
    expect(parseForwardedClientCert(value)).toEqual({ kind: 'certificate', certificate: expected });
  });

  it('takes everything from the certificate where it is there', () => {
    const read = parseForwardedClientCert(`Hash=${fingerprint};Cert="${pem}";URI=spiffe://other/x`);
    expect(read).toMatchObject({ certificate: { uris: ['spiffe://acme.example/a'], fingerprint } });
  });

  it.each`
    because                                    | value                                      | reason
    ${'a client may have written the first'}   | ${'URI=spiffe://a/b,URI=spiffe://c/d'}     | ${SEVERAL}
    ${'white space changes nothing'}           | ${'URI=spiffe://a/b, By=x'}                | ${SEVERAL}
    ${'an empty one is one'}                   | ${'URI=spiffe://a/b,'}                     | ${SEVERAL}
    ${'there is nothing'}                      | ${''}                                      | ${FORMAT}
    ${'it is no pair'}                         | ${'URI'}                                   | ${FORMAT}
    ${'it begins with a separator'}            | ${';URI=spiffe://a/b'}                     | ${FORMAT}
    ${'it ends with a separator'}              | ${'URI=spiffe://a/b;'}                     | ${FORMAT}
    ${'a key is unknown'}                      | ${'URI=spiffe://a/b;Name=x'}               | ${FORMAT}
    ${'a key of objects is unknown'}           | ${'constructor=x'}                         | ${FORMAT}
    ${'an equals sign needs quotes'}           | ${'Subject=CN=a'}                          | ${FORMAT}
    ${'white space needs quotes'}              | ${'URI=spiffe://a/b x'}                    | ${FORMAT}
    ${'a quote is not closed'}                 | ${'Subject="CN=a'}                         | ${FORMAT}
    ${'text follows a quote'}                  | ${'Subject="CN=a"b'}                       | ${FORMAT}
    ${'a quote stands inside a value'}         | ${'URI=spiffe://a/"b"'}                    | ${FORMAT}
    ${'an escaped quote or an end, who knows'} | ${'Subject="CN=a\\\\";DNS="'}              | ${FORMAT}
    ${'it has two subjects'}                   | ${'Subject="CN=a";Subject="CN=b"'}         | ${'it says `subject` twice'}
    ${'it has two hashes, one of them empty'}  | ${`Hash=;hash=${HASH}`}                    | ${'it says `hash` twice'}
    ${'its hash is cut'}                       | ${'Hash=abcd'}                             | ${'its `Hash` is no SHA-256 in hex'}
    ${'its certificate is none'}               | ${'Cert="x"'}                              | ${'its `Cert` cannot be read'}
    ${'hash and certificate disagree'}         | ${`Hash=${HASH};Cert="${encodedPem({})}"`} | ${'its `Hash` is not that of its `Cert`'}
    ${'it is a book'}                          | ${`By=${'x'.repeat(70_000)}`}              | ${'it is longer than 65536 characters'}
  `('is refused because $because', ({ value, reason }) => {
    expect(parseForwardedClientCert(value)).toEqual({ kind: 'refused', because: reason });
  });
});
