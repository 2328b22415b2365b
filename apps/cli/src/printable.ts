/** What others wrote must not steer our reader's terminal: no control characters, no reversal of the line. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n]|[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu, '\uFFFD');
}

/** The same on one line, so that nothing in it can be taken for a line of ours. */
export function inOneLine(text: string): string {
  return printable(text).replaceAll(/\s/gu, ' ');
}

/** JSON that steers no terminal, and reads back as it was. */
export function printableJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(/[^\P{Cc}\n]|[^\P{Cf}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
