import { FLAG, type Frame } from './http2-frames.js';

/** Statuses in the table that every sender knows, from its eighth place on (RFC 7541, appendix A). */
const FIRST_STATUS = 8;
const STATUSES = [200, 204, 206, 304, 400, 404, 500];
/** Codes of the digits (RFC 7541, appendix B). */
const DIGITS = new Map(
  ['00000', '00001', '00010', '011001', '011010', '011011', '011100', '011101', '011110', '011111'].map(
    (code, digit) => [code, digit],
  ),
);
const LONGEST_CODE = 6;

/**
 * The status in the HEADERS frame of an answer. It is the first field of the block, and all of it that is read: what
 * tables remember is of no use to somebody who hears one answer a connection.
 *
 * @returns undefined where the frame holds none that can be read
 */
export function statusIn({ flags, payload }: Frame): number | undefined {
  const isPadded = (flags & FLAG.padded) !== 0;
  const reader = new BlockReader(payload.subarray((isPadded ? 1 : 0) + ((flags & FLAG.priority) === 0 ? 0 : 5)));
  // The size of a table that nothing is put into.
  while ((reader.peek() & 0xe0) === 0x20) reader.number(5);
  const first = reader.peek();
  if ((first & 0x80) !== 0) return STATUSES[reader.number(7) - FIRST_STATUS];
  const name = reader.number((first & 0x40) === 0 ? 4 : 6);
  if (name === 0 ? reader.text() !== ':status' : STATUSES[name - FIRST_STATUS] === undefined) return undefined;
  const value = reader.text();
  return /^[1-5]\d\d$/.test(value) ? Number(value) : undefined;
}

class BlockReader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  peek(): number {
    return this.bytes[this.#at] ?? 0;
  }

  /** @param bits  of the first byte that belong to the number (RFC 7541, section 5.1) */
  number(bits: number): number {
    const most = 2 ** bits - 1;
    let value = this.#next() & most;
    if (value < most) return value;
    for (let scale = 1; this.#at < this.bytes.length; scale *= 128) {
      const byte = this.#next();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  }

  /** Of a text in Huffman's code only digits are read; anything else ends it. */
  text(): string {
    const isCoded = (this.peek() & 0x80) !== 0;
    const length = this.number(7);
    const bytes = this.bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return isCoded ? digitsIn(bytes) : bytes.toString('latin1');
  }

  #next(): number {
    return this.bytes[this.#at++] ?? 0;
  }
}

function digitsIn(bytes: Buffer): string {
  let digits = '';
  let code = '';
  for (const bit of [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')) {
    code += bit;
    const digit = DIGITS.get(code);
    if (digit !== undefined) {
      digits += String(digit);
      code = '';
    } else if (code.length === LONGEST_CODE) break;
  }
  return digits;
}
