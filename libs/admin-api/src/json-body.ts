import { Problem } from '#problem';

/** Maps and lists inside one another. */
export const MAXIMUM_DEPTH = 32;
const UTF8 = new TextDecoder('utf-8', { fatal: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
/** Names that code in between would take for something of JavaScript's own. */
const SPECIAL = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The JSON of a body.
 *
 * @throws Problem `request-not-json`, `request-invalid`
 */
export function jsonBody(body: Uint8Array): unknown {
  // What reads it after us recurses.
  if (isTooDeep(body)) {
    throw new Problem('request-not-json', {
      fault: `it has more than ${MAXIMUM_DEPTH} maps and lists inside one another`,
    });
  }
  return parsedJson(body);
}

/**
 * The JSON of bytes that are known not to be too deep.
 *
 * @throws Problem `request-not-json`, `request-invalid`
 */
export function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes), refuseSpecial);
  } catch (fault) {
    if (fault instanceof Problem) throw fault;
    throw new Problem('request-not-json', { fault: (fault as Error).message.slice(0, 200) });
  }
}

function refuseSpecial(member: string, value: unknown): unknown {
  if (SPECIAL.has(member)) {
    const errors = [{ pointer: '', message: `no member may be named \`${member}\`` }];
    throw new Problem('request-invalid', { faults: errors[0]!.message }, { errors });
  }
  return value;
}

function textOf(body: Uint8Array): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw new Problem('request-not-json', { fault: 'it is not UTF-8' });
  }
}

function isTooDeep(body: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at]!;
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (OPENING.has(byte)) {
      depth += 1;
      if (depth > MAXIMUM_DEPTH) return true;
    } else if (CLOSING.has(byte)) depth -= 1;
  }
  return false;
}
