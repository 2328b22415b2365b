import { spiffeTrustDomain } from './spiffe-id.js';

it.each`
  because                                  | id                                   | trustDomain
  ${'it is one'}                           | ${'spiffe://acme.example/ns/a/sa/b'} | ${'acme.example'}
  ${'paths differ by case'}                | ${'spiffe://acme.example/Ns_a.b-c'}  | ${'acme.example'}
  ${'a trust domain may be any such text'} | ${'spiffe://1_a-b/x'}                | ${'1_a-b'}
  ${'dots in a segment are text'}          | ${'spiffe://a/..x/x.../...'}         | ${'a'}
  ${'2048 characters are allowed'}         | ${`spiffe://a/${'x'.repeat(2037)}`}  | ${'a'}
  ${'one more is not'}                     | ${`spiffe://a/${'x'.repeat(2038)}`}  | ${undefined}
  ${'255 are allowed in a trust domain'}   | ${`spiffe://${'a'.repeat(255)}/x`}   | ${'a'.repeat(255)}
  ${'one more is not, there'}              | ${`spiffe://${'a'.repeat(256)}/x`}   | ${undefined}
  ${'it names no workload'}                | ${'spiffe://acme.example'}           | ${undefined}
  ${'it names no workload either'}         | ${'spiffe://acme.example/'}          | ${undefined}
  ${'a slash ends nothing'}                | ${'spiffe://acme.example/a/'}        | ${undefined}
  ${'a segment is empty'}                  | ${'spiffe://acme.example//a'}        | ${undefined}
  ${'a dot is a way'}                      | ${'spiffe://acme.example/./a'}       | ${undefined}
  ${'two dots are a way'}                  | ${'spiffe://acme.example/a/../b'}    | ${undefined}
  ${'two dots at the end are too'}         | ${'spiffe://acme.example/a/..'}      | ${undefined}
  ${'a scheme is in lower case'}           | ${'SPIFFE://acme.example/a'}         | ${undefined}
  ${'a trust domain is in lower case'}     | ${'spiffe://Acme.example/a'}         | ${undefined}
  ${'it has another scheme'}               | ${'https://acme.example/a'}          | ${undefined}
  ${'it has a port'}                       | ${'spiffe://acme.example:443/a'}     | ${undefined}
  ${'it has a user'}                       | ${'spiffe://root@acme.example/a'}    | ${undefined}
  ${'it has a query'}                      | ${'spiffe://acme.example/a?b'}       | ${undefined}
  ${'it has a fragment'}                   | ${'spiffe://acme.example/a#b'}       | ${undefined}
  ${'it has an escape'}                    | ${'spiffe://acme.example/%61'}       | ${undefined}
  ${'it has a backslash'}                  | ${'spiffe://acme.example\\a/b'}      | ${undefined}
  ${'there is no trust domain'}            | ${'spiffe:///a'}                     | ${undefined}
  ${'it has one slash'}                    | ${'spiffe:/acme.example/a'}          | ${undefined}
  ${'white space is not trimmed'}          | ${' spiffe://acme.example/a'}        | ${undefined}
  ${'a line end is not trimmed'}           | ${'spiffe://acme.example/a\n'}       | ${undefined}
  ${'letters look alike'}                  | ${'spiffe://аcme.example/a'}         | ${undefined}
  ${'it is empty'}                         | ${''}                                | ${undefined}
`('$id is of $trustDomain because $because', ({ id, trustDomain }) => {
  expect(spiffeTrustDomain(id)).toBe(trustDomain);
});
