import { uriNames } from './certificate-names.js';

describe('the URI names of a certificate', () => {
  it.each`
    because                                       | text                                                 | names
    ${'other kinds of names stand beside them'}   | ${'DNS:edge, URI:spiffe://a/b, IP Address:10.0.0.1'} | ${['spiffe://a/b']}
    ${'there may be several'}                     | ${'URI:spiffe://a/b, URI:https://c'}                 | ${['spiffe://a/b', 'https://c']}
    ${'there may be none'}                        | ${''}                                                | ${[]}
    ${'a name of another kind may hold our text'} | ${'DNS:"x, URI:spiffe://a/victim, y"'}               | ${[]}
    ${'a quoted name is read to its end'}         | ${'URI:"spiffe://a/b, URI:spiffe://a/victim"'}       | ${['spiffe://a/b, URI:spiffe://a/victim']}
    ${'quotes inside are escaped'}                | ${'DNS:"x\\", URI:spiffe://a/victim"'}               | ${[]}
    ${'what cannot be told apart is nobody'}      | ${'DNS:"x, URI:spiffe://a/victim'}                   | ${['DNS:"x, URI:spiffe://a/victim']}
  `('$because', ({ text, names }) => {
    expect(uriNames(text)).toEqual(names);
  });
});
