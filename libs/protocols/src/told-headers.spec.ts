import * as fc from 'fast-check';
import { allowedAnswer } from '../../../test/support/answers.js';
import { headerSafe, toldHeaders } from './told-headers.js';

describe('what a service is told of its caller', () => {
  it.each`
    because                                       | principal                           | text
    ${'plain text stays'}                         | ${'user:ann@a.example'}             | ${'user:ann@a.example'}
    ${'a space could be trimmed'}                 | ${'user:ann b'}                     | ${'user:ann%20b'}
    ${'a line would begin another header'}        | ${'user:a\r\nx-dharma-actor: root'} | ${'user:a%0D%0Ax-dharma-actor:%20root'}
    ${'bytes beyond ASCII are read in many ways'} | ${'user:José'}                      | ${'user:Jos%C3%A9'}
    ${'what looks escaped is not'}                | ${'user:100%25'}                    | ${'user:100%2525'}
  `('is one header value: $because', ({ principal, text }) => {
    expect(toldHeaders(allowedAnswer({ principal }))['x-dharma-principal']).toBe(text);
  });

  it.each`
    because                               | outcome                                  | domain
    ${'the innermost that was entered'}   | ${{ crossed: ['acme', 'acme.shop'] }}    | ${'acme.shop'}
    ${'inside, the one where they met'}   | ${{ crossed: [], meeting: 'acme.shop' }} | ${'acme.shop'}
    ${'an external service is in none'}   | ${{ crossed: [], meeting: '*' }}         | ${'*'}
    ${'without a decision there is none'} | ${{ crossed: [], meeting: null }}        | ${''}
  `('names the domain that answers: $because', ({ outcome, domain }) => {
    expect(toldHeaders(allowedAnswer(outcome))['x-dharma-domain']).toBe(domain);
  });

  it('can be read back, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(headerSafe(text)).toMatch(/^[!-~]*$/);
        expect(decodeURIComponent(headerSafe(text))).toBe(text);
      }),
    );
  });
});
