import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { z } from 'zod';
import { literalBlock, quotedAsNeeded, wordOf } from './scalar-text.js';
import { elementOf, type Fields, fieldsOf, schemaFor } from './schema-walk.js';

/** Columns up to which a map or list in braces stays on its line. */
const MAXIMUM_COLUMNS = 120;

type Schema = z.ZodType | undefined;

/** A document as canonical text; remarks stand before what they belong to, or behind it on its line. */
export function print(document: Document.Parsed, schema: Schema): string {
  const root = document.contents as Node | null;
  const before = remarks(document.commentBefore);
  const lines = [
    ...before,
    ...(before.length > 0 ? [''] : []),
    ...rootLines(root, schema),
    ...remarks(document.comment),
  ];
  return `${outdented(lines).join('\n')}\n`.replaceAll(LITERAL, '');
}

/** Leads each line of a literal block until the end: what looks like a remark there is none. */
const LITERAL = '\u0000';

function rootLines(root: Node | null, schema: Schema): readonly string[] {
  if (!isMap(root) && !isSeq(root)) return scalarLines(root);
  const inner = isMap(root) ? mapLines(root, schema, 0) : seqLines(root, schema, 0);
  return [...remarks(root.commentBefore), ...inner, ...(root.flow === true ? remarks(root.comment) : [])];
}

/** Remarks that others follow at a lesser indent move there: readers take them for one remark of what comes next. */
function outdented(lines: readonly string[]): readonly string[] {
  const result = [...lines];
  let indent: number | undefined;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const text = lines[index]!;
    if (text === '') continue;
    const own = text.length - text.trimStart().length;
    if (text[own] !== '#') {
      indent = undefined;
      continue;
    }
    indent = Math.min(indent ?? own, own);
    result[index] = text.slice(own - indent);
  }
  return result;
}

/** Lines of a map's members, `column` columns in, without the remarks before the first. */
function mapLines(map: YAMLMap, schema: Schema, column: number): readonly string[] {
  const lines: string[] = [];
  const fields = fieldsFor(map, schema);
  for (const [index, pair] of inOrder(map, fields).entries()) {
    const key = pair.key as Scalar;
    const value = pair.value as Node | null;
    if (index > 0 && key.spaceBefore === true) lines.push('');
    lines.push(...remarks(key.commentBefore), ...remarks(key.comment));
    lines.push(...entry(`${quotedAsNeeded(nameOf(pair), false)}:`, value, fields.get(nameOf(pair)), column));
  }
  return [...lines, ...(map.flow === true ? [] : remarks(map.comment))];
}

function seqLines(seq: YAMLSeq, schema: Schema, column: number): readonly string[] {
  const lines: string[] = [];
  const element = schema && elementOf(schema);
  for (const [index, item] of (seq.items as (Node | null)[]).entries()) {
    if (index > 0 && item?.spaceBefore === true) lines.push('');
    lines.push(...entry('-', item, element, column));
  }
  return [...lines, ...(seq.flow === true ? [] : remarks(seq.comment))];
}

/** A member or an item: its remarks, its lead (`key:` or `-`), and its value behind or below. */
function entry(lead: string, value: Node | null, schema: Schema, column: number): readonly string[] {
  const isItem = lead === '-';
  if (!isMap(value) && !isSeq(value)) return scalarEntry(lead, value);
  const flow = flowText(value, schema);
  const line = `${lead} ${flow}`;
  const mayStay =
    value.items.length === 0 ||
    (value.flow === true && !hasInnerRemarks(value) && column + line.length <= MAXIMUM_COLUMNS);
  if (mayStay) return [...remarks(value.commentBefore), ...withRemark(line, value.comment)];
  const inner = isMap(value) ? mapLines(value, schema, column + 2) : seqLines(value, schema, column + 2);
  const outer = value.flow === true ? remarks(value.comment) : [];
  if (!isItem) return [...outer, lead, ...indented([...remarks(value.commentBefore), ...inner])];
  const [first = '', ...rest] = inner;
  // An item whose first member has remarks of its own: they cannot stand behind the dash.
  const start = inner.findIndex((text) => text !== '' && !text.startsWith('#'));
  if (start <= 0) return [...remarks(value.commentBefore), ...outer, `- ${first}`, ...indented(rest)];
  return [
    ...remarks(value.commentBefore),
    ...outer,
    ...inner.slice(0, start),
    `- ${inner[start]!}`,
    ...indented(inner.slice(start + 1)),
  ];
}

function scalarEntry(lead: string, value: Node | null): readonly string[] {
  const [first = '', ...rest] = scalarLines(value);
  const line = `${lead} ${first}`;
  // Behind the header of a block there is room for a remark, but its reader hands it to the next member.
  if (rest.length > 0) return [...remarks(value?.commentBefore), ...remarks(value?.comment), line, ...indented(rest)];
  return [...remarks(value?.commentBefore), ...withRemark(line, value?.comment)];
}

function scalarLines(node: Node | null): readonly string[] {
  const value = isScalar(node) ? node.value : null;
  if (typeof value !== 'string') return [wordOf(value as number | boolean | null)];
  const block = literalBlock(value);
  if (block !== undefined) return block.map((line, index) => (index === 0 || line === '' ? line : LITERAL + line));
  return [quotedAsNeeded(value, false)];
}

function flowText(node: Node | null, schema: Schema): string {
  if (isMap(node)) {
    const fields = fieldsFor(node, schema);
    const members = inOrder(node, fields).map((pair) => {
      const name = nameOf(pair);
      return `${quotedAsNeeded(name, true)}: ${flowText(pair.value as Node | null, fields.get(name))}`;
    });
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  if (isSeq(node))
    return `[${(node.items as (Node | null)[]).map((item) => flowText(item, schema && elementOf(schema))).join(', ')}]`;
  const value = isScalar(node) ? node.value : null;
  return typeof value === 'string' ? quotedAsNeeded(value, true) : wordOf(value as number | boolean | null);
}

function fieldsFor(map: YAMLMap, schema: Schema): Fields {
  const kind = map.items.find((pair) => nameOf(pair) === 'kind')?.value;
  const chosen = schema && schemaFor(schema, map.items.map(nameOf), isScalar(kind) ? kind.value : undefined);
  return (chosen && fieldsOf(chosen)) ?? NO_FIELDS;
}

function nameOf(pair: Pair): string {
  return String((pair.key as Scalar).value);
}

const NO_FIELDS: Fields = new Map();

/** Members in the order of their declaration, others behind them as they stand. */
function inOrder(map: YAMLMap, fields: Fields): readonly Pair[] {
  const rank = new Map([...fields.keys()].map((name, index) => [name, index]));
  const rankOf = (pair: Pair): number => rank.get(nameOf(pair)) ?? rank.size;
  return [...map.items].sort((left, right) => rankOf(left) - rankOf(right));
}

/** Remarks anywhere inside: braces on one line have no room for them. */
function hasInnerRemarks(node: YAMLMap | YAMLSeq): boolean {
  if (isMap(node))
    return node.items.some((pair) => isRemarked(pair.key as Node | null) || isRemarked(pair.value as Node | null));
  return (node.items as (Node | null)[]).some(isRemarked) || (node.comment ?? '').includes('\n');
}

function isRemarked(node: Node | null): boolean {
  if (node === null) return false;
  if (Boolean(node.comment) || Boolean(node.commentBefore)) return true;
  return (isMap(node) || isSeq(node)) && hasInnerRemarks(node);
}

function remarks(text: string | null | undefined): readonly string[] {
  if (text === null || text === undefined || text === '') return [];
  return text.split('\n').map((line) => (line.trim() === '' ? (line === '' ? '' : '#') : `#${line.trimEnd()}`));
}

/** A remark of one line stands behind, a longer one before. */
function withRemark(line: string, comment: string | null | undefined): readonly string[] {
  const lines = remarks(comment).filter((remark) => remark !== '');
  return lines.length === 1 ? [`${line} ${lines[0]!}`] : [...lines, line];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
