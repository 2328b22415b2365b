import { readFile } from 'node:fs/promises';
import { describeSettings } from '../../apps/server/src/main.js';

const page = await readFile(new URL('../../docs/server.md', import.meta.url), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim());
  return /^`DHARMA_[A-Z_]+`$/.test(cells[1] ?? '') ? [cells.slice(1, -1)] : [];
});
const settings = describeSettings();
// The forms of an address are said once, below the table.
const addressForms = settings.find(({ flag }) => flag === 'http-address')!.allowed;

describe('docs/server.md', () => {
  it('has a row for each setting, in order, in the words of the help', () => {
    expect(rows).toEqual(
      settings.map(({ variable, default: standard, allowed, sentence }) => [
        `\`${variable}\``,
        standard === undefined ? expect.stringMatching(/^(?:none|required)$/) : `\`${standard}\``,
        allowed === addressForms ? 'an address' : allowed,
        sentence,
      ]),
    );
  });

  it('says what an address is', () => {
    expect(page.replaceAll(/\s+/g, ' ')).toContain(`An address is ${addressForms}`);
  });
});
