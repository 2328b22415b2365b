import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  Parser,
  type YAMLMap,
} from 'yaml';
import type { Json } from '#engine';
import { OffsetRefusal, parseJson } from './json.js';
import { MAXIMUM_DEPTH, MAXIMUM_DOCUMENT_BYTES, MAXIMUM_TOKENS } from './limits.js';
import { isWellFormed } from './names.js';
import { fitsDocument, type OffsetFault } from './source.js';

/** A document's plain value; maps have no prototype. `undefined`: nothing written, or nothing that can be judged. */
export interface Reading {
  readonly value: Json | undefined;
  readonly faults: readonly OffsetFault[];
  /** Where things are written. It holds the syntax tree, which is heavy: nobody keeps it. */
  readonly offsetOf: OffsetOf;
}

/** The offset of the value or name that a path leads to, or of the nearest one around it. */
export type OffsetOf = (path: Path, part: Part) => number;

/** A member's name and an item's index alternate as the document nests. */
export type Path = readonly (string | number)[];

/** What of a map's member is meant: its value, or the name itself. */
export type Part = 'value' | 'name';

/**
 * YAML leaves these out everywhere; the tokeniser uses some of them for its own purposes. A byte order mark may only begin
 * a file, which is where it is taken off: anywhere else nobody sees it, and readers take some of them off and others not.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const FORBIDDEN_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff\ufffe\uffff]|\r(?!\n)/;
/** The marker between documents, before one written as JSON. */
const START_MARKER = /^---(?=[ \t\r\n])/;
const MAXIMUM_SYNTAX_FAULTS = 20;
/** Tokens that stand for no text: start of a plain scalar, start of a document, end of a flow. */
const EMPTY_TOKENS = new Set(['\u001f', '\u0002', '\u0018']);

class SyntaxFaults extends Error {
  constructor(readonly fault: OffsetFault) {
    super(fault.message);
  }
}

/**
 * Reads one document (a chunk of {@link chunksOf}). Strict JSON is read by the reader that also reads requests; anything
 * else by the YAML library: YAML 1.2 core schema without anchors, aliases, tags, merge keys, directives, duplicate or
 * non-text keys. Warnings of YAML are faults. Of several syntax faults only the first is given: the rest are its
 * consequences.
 */
export function readYaml(text: string): Reading {
  const refused = refusedInAnyForm(text);
  if (refused !== undefined) return unreadable([refused]);
  const unmarked = text.replace(START_MARKER, '   ');
  if (unmarked.trimStart().startsWith('{')) {
    const json = parseJson(unmarked, { exactIntegers: true });
    if (!(json instanceof OffsetRefusal)) return { value: json, faults: [], offsetOf: offsetsIn(text) };
    if (json.code !== 'json-syntax') return unreadable([json]);
  }
  const refusedAsYaml = refusedAtOnce(text);
  if (refusedAsYaml !== undefined) return unreadable([refusedAsYaml]);
  const faults: OffsetFault[] = [];
  const document = composed(text, faults);
  if (document === undefined || document.contents === null) return unreadable(faults);
  const value = plain(document.contents as Node, 1, faults);
  return {
    value: value === null && faults.length === 0 ? undefined : value,
    faults,
    offsetOf: offsetsInTree(document),
  };
}

function unreadable(faults: readonly OffsetFault[]): Reading {
  return { value: undefined, faults, offsetOf: () => 0 };
}

function refusedInAnyForm(text: string): OffsetFault | undefined {
  if (!fitsDocument(text)) {
    return {
      offset: 0,
      code: 'too-large',
      message: `the document is larger than ${MAXIMUM_DOCUMENT_BYTES} bytes; split it`,
    };
  }
  if (!isWellFormed(text))
    return { offset: 0, code: 'yaml-syntax', message: 'the document is not well-formed Unicode' };
  return undefined;
}

function refusedAtOnce(text: string): OffsetFault | undefined {
  const forbidden = FORBIDDEN_CHARACTER.exec(text);
  if (forbidden !== null) {
    const code = forbidden[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return {
      offset: forbidden.index,
      code: 'yaml-syntax',
      message: `the character U+${code} may not stand in a document`,
    };
  }
  const directive = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*%/.exec(text);
  if (directive !== null) {
    return { offset: directive[0].length - 1, code: 'yaml-directive', message: 'directives (`%…`) are not supported' };
  }
  return undefined;
}

/** The syntax tree, or `undefined` after faults that make it worthless. */
export function composed(text: string, faults: OffsetFault[]): Document.Parsed | undefined {
  const documents: Document.Parsed[] = [];
  const parser = new Parser();
  const composer = boundedComposer();
  const misplaced: CST.ErrorToken[] = [];
  let tokens = 0;
  let offset = 0;
  try {
    for (const token of new Lexer().lex(text)) {
      tokens += 1;
      if (tokens > MAXIMUM_TOKENS) {
        throw new SyntaxFaults({
          offset: 0,
          code: 'too-large',
          message: `the document has more than ${MAXIMUM_TOKENS} tokens; split it, or write it as JSON`,
        });
      }
      const refused = refusedToken(token, offset);
      if (refused !== undefined) faults.push(refused);
      if (faults.length > MAXIMUM_SYNTAX_FAULTS) return undefined;
      for (const node of parser.next(token)) {
        if (node.type === 'error') {
          // The composer makes an error with a stack of each, and counts none.
          misplaced.push(node);
          if (misplaced.length > MAXIMUM_SYNTAX_FAULTS) throw new SyntaxFaults(faultOf(misplaced[0]!));
        }
        documents.push(...composer.next(node));
      }
      // The parser's stack also holds the document itself and the scalar being read.
      if (parser.stack.length > MAXIMUM_DEPTH + 2) throw tooDeep(offset);
      if (!EMPTY_TOKENS.has(token)) offset += token.length;
    }
    for (const node of parser.end()) documents.push(...composer.next(node));
    documents.push(...composer.end(false, text.length));
  } catch (error) {
    if (!(error instanceof SyntaxFaults)) throw error;
    faults.push(error.fault);
    return undefined;
  }
  const document = documents[0];
  if (document === undefined) return undefined;
  const wrong = [...document.errors, ...document.warnings].sort((left, right) => left.pos[0] - right.pos[0]);
  // A refused alias or tag is already reported, and its tree has a hole.
  if (faults.length > 0)
    return faults.some((fault) => fault.code !== 'yaml-anchor') || wrong.length > 0 ? undefined : document;
  if (wrong.length === 0) return document;
  faults.push({ offset: wrong[0]!.pos[0], code: 'yaml-syntax', message: inOurWords(wrong[0]!.message) });
  return undefined;
}

/** A composer that gives up after a number of faults: each costs as much as a hundred tokens. */
function boundedComposer(): Composer {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    strict: true,
    logLevel: 'silent',
  });
  type Handler = (source: unknown, code: string, message: string, warning?: boolean) => void;
  // `onError` is set by the constructor and private to the type only; bounded reading is tested in malformed.spec.ts.
  const open = composer as unknown as { onError: Handler };
  const original = open.onError;
  let count = 0;
  let first: OffsetFault | undefined;
  open.onError = (source, code, message, warning) => {
    count += 1;
    first ??= { offset: offsetOf(source), code: 'yaml-syntax', message: inOurWords(message) };
    if (count > MAXIMUM_SYNTAX_FAULTS) throw new SyntaxFaults(first);
    original(source, code, message, warning);
  };
  return composer;
}

/** In the words of the composer. */
function faultOf({ offset, message, source }: CST.ErrorToken): OffsetFault {
  const words = source === '' ? message : `${message}: ${JSON.stringify(source)}`;
  return { offset, code: 'yaml-syntax', message: inOurWords(words) };
}

function offsetOf(source: unknown): number {
  if (typeof source === 'number') return source;
  if (Array.isArray(source)) return Number(source[0]);
  return Number((source as { offset?: unknown }).offset ?? 0);
}

function refusedToken(token: string, offset: number): OffsetFault | undefined {
  switch (token[0]) {
    case '&':
    case '*':
    case '!':
      break;
    default:
      return undefined;
  }
  switch (CST.tokenType(token)) {
    case 'anchor':
      return { offset, code: 'yaml-anchor', message: `anchors are not supported: \`${short(token)}\`` };
    case 'alias':
      return {
        offset,
        code: 'yaml-alias',
        message: `aliases are not supported: \`${short(token)}\`. Text that starts with \`*\` is written in quotes`,
      };
    case 'tag':
      return { offset, code: 'yaml-tag', message: `tags are not supported: \`${short(token)}\`` };
    default:
      return undefined;
  }
}

function plain(node: Node | null, depth: number, faults: OffsetFault[]): Json {
  if (node === null) return null;
  const offset = node.range?.[0] ?? 0;
  if (isScalar(node)) return scalar(node.value, node.source, offset, faults);
  if (depth > MAXIMUM_DEPTH) {
    faults.push(tooDeep(offset).fault);
    return null;
  }
  if (isSeq(node)) return node.items.map((item) => plain(item as Node | null, depth + 1, faults));
  if (isAlias(node) || !isMap(node)) return null;
  const map = Object.create(null) as { [member: string]: Json };
  for (const pair of node.items) {
    const key = pair.key as Node | null;
    const at = key?.range?.[0] ?? offset;
    const name = isScalar(key) ? key.value : undefined;
    if (typeof name !== 'string') {
      faults.push({
        offset: at,
        code: 'non-string-key',
        message: `a member name must be text${isScalar(key) && key.source ? `; write \`"${short(key.source)}"\`` : ''}`,
      });
    } else if (name === '<<' && isScalar(key) && key.type === 'PLAIN') {
      faults.push({ offset: at, code: 'yaml-merge-key', message: 'merge keys (`<<`) are not supported' });
    } else if (Object.hasOwn(map, name)) {
      faults.push({ offset: at, code: 'duplicate-key', message: `\`${short(name)}\` is given twice in one map` });
    } else {
      map[name] = plain(pair.value as Node | null, depth + 1, faults);
    }
  }
  return map;
}

function scalar(value: unknown, source: string | undefined, offset: number, faults: OffsetFault[]): Json {
  if (typeof value === 'number') {
    const written = source ?? String(value);
    const isWhole = /^[-+]?(?:\d+|0[xo][0-9a-fA-F]+)$/.test(written);
    if (!Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) {
      faults.push({
        offset,
        code: 'number-out-of-range',
        message: `\`${short(written)}\` is too large a number; write it in quotes`,
      });
    }
    return value;
  }
  if (typeof value === 'string') {
    if (!isWellFormed(value))
      faults.push({ offset, code: 'yaml-syntax', message: 'a text holds half a character (a lone surrogate)' });
    return value;
  }
  return typeof value === 'boolean' ? value : null;
}

/** Prepares a document for questions where something in it is written; it is read when the first one comes. */
export function offsetsIn(text: string): OffsetOf {
  let offsetOf: OffsetOf | undefined;
  return (path, part) => {
    offsetOf ??= offsetsInTree(composed(text, []));
    return offsetOf(path, part);
  };
}

function offsetsInTree(document: Document.Parsed | undefined): OffsetOf {
  // Hundreds of faults may lie in one map of thousands of members.
  const members = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  return (path, part) => {
    let node = (document?.contents ?? null) as Node | null | undefined;
    let offset = node?.range?.[0] ?? 0;
    for (const [depth, step] of path.entries()) {
      let next: Node | null | undefined;
      if (isSeq(node) && typeof step === 'number') next = node.items[step] as Node | null | undefined;
      if (isMap(node)) {
        const known = members.get(node) ?? pairsByName(node);
        members.set(node, known);
        const pair = known.get(String(step));
        const key = pair?.key as Node | undefined;
        next = pair?.value as Node | null | undefined;
        if (key?.range && depth === path.length - 1 && (part === 'name' || !next?.range)) return key.range[0];
      }
      if (!next?.range) break;
      node = next;
      offset = next.range[0];
    }
    return offset;
  };
}

/** Of members with one name the first. */
function pairsByName(map: YAMLMap): ReadonlyMap<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const pair of map.items) {
    if (isScalar(pair.key) && typeof pair.key.value === 'string' && !pairs.has(pair.key.value))
      pairs.set(pair.key.value, pair);
  }
  return pairs;
}

function tooDeep(offset: number): SyntaxFaults {
  return new SyntaxFaults({
    offset,
    code: 'too-deep',
    message: `more than ${MAXIMUM_DEPTH} maps and lists inside one another`,
  });
}

function inOurWords(message: string): string {
  const line = message.split('\n', 1)[0]!.replace(/[.:]$/, '');
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
