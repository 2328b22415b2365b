import fc from 'fast-check';
import { packFiles, unpackFiles } from './packed-files.js';
import { anyCharacter } from '../../../test/support/any-character.js';

const text = fc.string({ unit: anyCharacter, maxLength: 40 });

describe('packed files', () => {
  it('come back as they were, in their order', () =>
    fc.assert(
      fc.property(fc.array(fc.record({ file: text, text })), (files) => {
        expect(unpackFiles(packFiles(files))).toEqual(files);
      }),
    ));

  it.each`
    because                                      | files
    ${'there may be none'}                       | ${[]}
    ${'a file may be empty'}                     | ${[{ file: 'a.yaml', text: '' }]}
    ${'a byte order mark belongs to the text'}   | ${[{ file: 'a.yaml', text: '\uFEFFa: 1' }]}
    ${'a name may hold what a text may'}         | ${[{ file: 'ä\0😀.yaml', text: 'ß' }]}
    ${'lengths are of bytes, not of characters'} | ${[{ file: 'a', text: '€'.repeat(300) }, { file: 'b', text: 'b' }]}
  `('come back where $because', ({ files }) => {
    expect(unpackFiles(packFiles(files))).toEqual(files);
  });

  it('take no more than their texts and their lengths', () => {
    expect(packFiles([{ file: 'a.yaml', text: '€' }]).bytes.byteLength).toBe(4 + 6 + 4 + 3);
  });
});
