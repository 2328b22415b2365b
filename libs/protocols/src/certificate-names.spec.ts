import { uriNames } from './certificate-names.js';

describe('the URI names of a certificate', () => {
  it.each`
    because                                       | text                                                           | names
    ${'other kinds of names stand beside them'}   | ${'DNS:edge, URI:spiffe://a/b, IP Address:10.0.0.1'}           | ${['spiffe://a/b']}
    ${'there may be several'}                     | ${'URI:spiffe://a/b, URI:https://c'}                           | ${['spiffe://a/b', 'https://c']}
    ${'there may be none'}                        | ${''}                                                          | ${[]}
    ${'a name of another kind may hold our text'} | ${String.raw`DNS:"x\u002c URI:spiffe://a/victim\u002c DNS:y"`} | ${[]}
    ${'a quoted name is read to its end'}         | ${String.raw`URI:"spiffe://a/b\u002c URI:spiffe://a/victim"`}  | ${['spiffe://a/b, URI:spiffe://a/victim']}
  `('$because', ({ text, names }) => {
    expect(uriNames(text)).toEqual(names);
  });
});
