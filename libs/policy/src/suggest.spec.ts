import fc from 'fast-check';
import { DOCUMENT_KINDS } from './document.js';
import { didYouMean } from './suggest.js';

/** Edits between two texts, by the definition alone. */
function editsBetween(left: string, right: string): number {
  if (left === '' || right === '') return left.length + right.length;
  const [a, b] = [left.slice(1), right.slice(1)];
  const edits = [
    editsBetween(a, b) + (left[0] === right[0] ? 0 : 1),
    editsBetween(a, right) + 1,
    editsBetween(left, b) + 1,
  ];
  if (left.length > 1 && right.length > 1 && left[0] === right[1] && left[1] === right[0])
    edits.push(editsBetween(left.slice(2), right.slice(2)) + 1);
  return Math.min(...edits);
}

describe('a suggestion', () => {
  it.each`
    because                                         | written      | names                              | meant
    ${'one letter is wrong'}                        | ${'Servise'} | ${DOCUMENT_KINDS}                  | ${'Service'}
    ${'a name given up on is no tie'}               | ${'Servise'} | ${['Service', 'RoleSet']}          | ${'Service'}
    ${'nor where it comes first'}                   | ${'Servise'} | ${['RoleSet', 'Service']}          | ${'Service'}
    ${'two letters are swapped'}                    | ${'Polciy'}  | ${DOCUMENT_KINDS}                  | ${'Policy'}
    ${'only the case differs'}                      | ${'roleset'} | ${DOCUMENT_KINDS}                  | ${'RoleSet'}
    ${'a nearer name comes later'}                  | ${'allow'}   | ${['alloys', 'allowed', 'allows']} | ${'allows'}
    ${'of names equally near, the first by letter'} | ${'book'}    | ${['look', 'cook', 'hook']}        | ${'cook'}
    ${'a short word has few letters to be wrong'}   | ${'in'}      | ${['at', 'out']}                   | ${undefined}
    ${'nothing is near'}                            | ${'Ingress'} | ${DOCUMENT_KINDS}                  | ${undefined}
    ${'there is nothing to mean'}                   | ${'Service'} | ${[]}                              | ${undefined}
    ${'what is written is no suggestion'}           | ${'Test'}    | ${['Test']}                        | ${undefined}
  `('names the one meant: $because', ({ written, names, meant }) => {
    expect(didYouMean(written, names)).toBe(meant === undefined ? '' : `. Did you mean \`${meant}\`?`);
  });

  it('is a name with the fewest edits, never more than three', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 6 }), (written, names) => {
        const others = names.filter((name) => name !== written);
        const allowed = Math.min(3, Math.floor(written.length / 3) + 1);
        const [nearest] = others
          .map((name) => ({ name, edits: editsBetween(written, name) }))
          .filter(({ edits }) => edits <= allowed)
          .sort((left, right) => left.edits - right.edits || (left.name < right.name ? -1 : 1));
        expect(didYouMean(written, names)).toBe(nearest === undefined ? '' : `. Did you mean \`${nearest.name}\`?`);
      }),
      { numRuns: 300 },
    );
  });

  it('takes no time over names that are endless', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `${'x'.repeat(90)}${index}`);
    // The collector works for whatever ran before, on the same account: the least of some trials is what it takes.
    const trials = Array.from({ length: 5 }, () => {
      const start = process.cpuUsage();
      expect(didYouMean('x'.repeat(1_000_000), names)).toBe('');
      expect(didYouMean('y'.repeat(95), names)).toBe('');
      return process.cpuUsage(start).user / 1000;
    });
    expect(Math.min(...trials)).toBeLessThan(1000);
  });
});
