import { claimAt } from './claim-path.js';

const claims = JSON.parse(`{
  "sub": "u-17",
  "https://acme.example/roles": ["a"],
  "realm_access": { "roles": ["b"], "a.b": 1 },
  "realm_access.named": "whole",
  "list": [{ "x": 1 }],
  "none": null
}`);

it.each`
  because                                 | path                            | value
  ${'it is the name of a claim'}          | ${'sub'}                        | ${'u-17'}
  ${'a name may hold dots'}               | ${'https://acme.example/roles'} | ${['a']}
  ${'dots lead inside'}                   | ${'realm_access.roles'}         | ${['b']}
  ${'a name comes first'}                 | ${'realm_access.named'}         | ${'whole'}
  ${'inside, dots do not stand in names'} | ${'realm_access.a.b'}           | ${undefined}
  ${'lists have no members'}              | ${'list.0.x'}                   | ${undefined}
  ${'a list has no length'}               | ${'list.length'}                | ${undefined}
  ${'nothing is inside a text'}           | ${'sub.length'}                 | ${undefined}
  ${'nothing is inside nothing'}          | ${'none.x'}                     | ${undefined}
  ${'what a map inherits is not in it'}   | ${'realm_access.constructor'}   | ${undefined}
  ${'what a map inherits is not in it'}   | ${'__proto__'}                  | ${undefined}
  ${'an empty name is a name'}            | ${'.sub'}                       | ${undefined}
`('$path: $because', ({ path, value }) => {
  expect(claimAt(claims, path)).toEqual(value);
});
