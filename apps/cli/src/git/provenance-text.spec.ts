import { provenanceText } from './provenance-text.js';

const PLACE = { repository: 'https://git.example/acme', ref: 'main', path: 'policies' };

describe('why a commit was published', () => {
  it.each`
    because                              | message              | place                     | text
    ${'the message, and where it was'}   | ${'first\n\nmore\n'} | ${PLACE}                  | ${'first\n\nmore\n\nRepository: https://git.example/acme\nRef: main\nPath: policies'}
    ${'all of it is no folder'}          | ${'first'}           | ${{ ...PLACE, path: '' }} | ${'first\n\nRepository: https://git.example/acme\nRef: main'}
    ${'no message is no reason to fail'} | ${' \n'}             | ${PLACE}                  | ${'a commit without a message\n\nRepository: https://git.example/acme\nRef: main\nPath: policies'}
  `('says $because', ({ message, place, text }) => {
    expect(provenanceText(message, place)).toBe(text);
  });

  it('fits a revision, and cuts no character in two', () => {
    for (const message of ['a'.repeat(5_000), '😀'.repeat(2_500), `b${'😀'.repeat(2_500)}`]) {
      const text = provenanceText(message, PLACE);
      expect(text.length).toBeLessThanOrEqual(4_096);
      expect(text.isWellFormed()).toBe(true);
      expect(text).toContain(' …\n\nRepository: ');
    }
  });
});
