/** Markdown around texts that others wrote: of them nothing is taken for more than text. */
import { printable } from './printable.js';

/** Characters of one text that are shown; what is beyond is cut. */
const SHOWN = 300;
const NOTHING = '–';

/**
 * Text in a code span, on one line: neither Markdown nor HTML is read in there, and no mention, reference, link or emoji
 * is made of it, before or after entities are resolved. A bar would end a cell of a table even there, so it stands outside
 * as an entity; a backtick would end the span, and becomes an apostrophe.
 */
export function quoted(text: string, most = SHOWN): string {
  const flat = printable(text.toWellFormed()).replaceAll(/\s+/gu, ' ').trim().replaceAll('`', "'");
  const characters = [...flat];
  const shown = characters.length > most ? `${characters.slice(0, most).join('')}…` : flat;
  return shown === ''
    ? NOTHING
    : shown
        .split('|')
        .map((part) => (part === '' ? '' : `\`${part}\``))
        .join('&#124;');
}

/** A row of a table; the cells are Markdown already. */
export function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Its first lines and its last belong together; of the rows between them some may be left out. */
export interface Section {
  readonly opening: readonly string[];
  readonly rows: readonly string[];
  /** Most rows that are shown, whatever room there is. */
  readonly most: number;
  /** Of what there are more, when not all of them are shown; in our own words. */
  readonly noun: string;
  /** What a reader sees of it before it is opened; absent: it is open. */
  readonly folded?: string;
}

/** Bytes of UTF-8: GitHub takes 65,536 characters a comment, and whoever posts it may add some. */
const MOST_BYTES = 60_000;
/** Bytes for the lines that say what was left out. */
const RESERVED = 120;

/** A whole comment of sections, the most important first: where there is no room, something is left out, and it says so. */
export function markdownOf(head: readonly string[], sections: readonly Section[]): string {
  const parts = [head.join('\n')];
  let room = MOST_BYTES - bytesOf(parts[0]!) - RESERVED;
  let leftOut = 0;
  for (const section of sections) {
    const text = sectionText(section, room);
    if (text === null) {
      leftOut += 1;
      continue;
    }
    parts.push(text);
    room -= bytesOf(text) + 2;
  }
  if (leftOut > 0) parts.push(`Left out, for there is no room: ${leftOut} ${leftOut === 1 ? 'section' : 'sections'}.`);
  return `${parts.join('\n\n')}\n`;
}

/** Null where there is no room for any of it. */
function sectionText({ opening, rows, most, noun, folded }: Section, room: number): string | null {
  const [before, after] =
    folded === undefined ? ['', ''] : [`<details><summary>${folded}</summary>\n\n`, '\n\n</details>'];
  let left = room - bytesOf(before) - bytesOf(after) - bytesOf(opening.join('\n')) - RESERVED;
  const shown: string[] = [];
  for (const line of rows.slice(0, most)) {
    left -= bytesOf(line) + 1;
    if (left < 0) break;
    shown.push(line);
  }
  if (left < 0 && shown.length === 0) return null;
  const more = rows.length - shown.length;
  const rest = more === 0 ? [] : ['', `… and ${more} more ${noun}.`];
  return `${before}${[...opening, ...shown, ...rest].join('\n')}${after}`;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
