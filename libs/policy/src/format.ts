import type { z } from 'zod';
import type { Json } from '#engine';
import { FULL_SCHEMAS, isDocumentKind } from './document.js';
import { isJsonFile } from './folder.js';
import { OffsetRefusal, parseJson } from './json.js';
import { print } from './print.js';
import { elementOf, fieldsOf, schemaFor } from './schema-walk.js';
import { type Chunk, chunksOf, type Fault, inOrder, positionIn, type SourceFile } from './source.js';
import { composed, readYaml } from './yaml.js';

/**
 * The one way a file is printed: members in the order of the documentation, two spaces a level, short maps and lists in
 * braces where the author wrote them so, comments kept. Printing what was printed changes nothing, and what is printed
 * reads as the same values. A file that ends in `.json` stays JSON.
 *
 * @returns faults when the file is no YAML that policies are written in; what its documents say is not judged
 */
export function format(source: SourceFile): { readonly text: string } | { readonly faults: readonly Fault[] } {
  if (isJsonFile(source.file)) return formatJson(source);
  const faults: Fault[] = [];
  const texts: string[] = [];
  for (const chunk of chunksOf(source)) {
    const reading = readYaml(chunk.text);
    for (const { offset, code, message } of reading.faults) {
      faults.push({ ...positionIn(chunk, offset), severity: 'error', code, message });
    }
    if (reading.faults.length > 0) continue;
    const text = reading.value === undefined ? remarksOf(chunk) : printed(chunk, reading.value);
    if (text !== '') texts.push(text);
  }
  return faults.length > 0 ? { faults: inOrder(faults) } : { text: texts.join('---\n') };
}

function formatJson({ file, text }: SourceFile): ReturnType<typeof format> {
  const json = parseJson(text, { exactIntegers: true });
  if (json instanceof OffsetRefusal) {
    const chunk = { file, text, linesBefore: 0 };
    return {
      faults: [{ ...positionIn(chunk, json.offset), severity: 'error', code: json.code, message: json.message }],
    };
  }
  return { text: `${JSON.stringify(orderedJson(json, schemaOfDocument(json)), null, 2)}\n` };
}

/** Comments that stand alone between documents. */
function remarksOf(chunk: Chunk): string {
  const lines = chunk.text.split('\n').map((line) => line.replace(/^(?:---|\.\.\.)(?=\s|$)/, '').trim());
  return lines
    .filter((line) => line.startsWith('#'))
    .map((line) => `${line}\n`)
    .join('');
}

function printed(chunk: Chunk, value: Json): string {
  const document = composed(chunk.text, []);
  // A JSON text can be sound and yet beyond what the YAML reader takes (its number of tokens).
  if (document === undefined) return ownLines(chunk.text);
  const schema = schemaOfDocument(value);
  const text = print(document, schema);
  // A print that would say something else is not worth its beauty.
  const again = readYaml(text);
  return again.faults.length === 0 && JSON.stringify(again.value) === JSON.stringify(orderedJson(value, schema))
    ? text
    : ownLines(chunk.text);
}

function ownLines(text: string): string {
  const bare = text.replace(/^---(?:[ \t]*\r?\n|(?=[ \t]))/, '').replace(/\n\.\.\.[ \t]*\r?\n?$/, '\n');
  return bare.endsWith('\n') ? bare : `${bare}\n`;
}

function schemaOfDocument(value: Json): z.ZodType | undefined {
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  return isDocumentKind(kind) ? FULL_SCHEMAS[kind] : undefined;
}

function orderedJson(value: Json, schema: z.ZodType | undefined): Json {
  if (Array.isArray(value)) {
    const element = schema && elementOf(schema);
    return value.map((item) => orderedJson(item as Json, element));
  }
  if (typeof value !== 'object' || value === null) return value;
  const map = value as { readonly [member: string]: Json };
  const members = Object.keys(map);
  const chosen = schema && schemaFor(schema, members, map['kind']);
  const fields = (chosen && fieldsOf(chosen)) ?? new Map<string, z.ZodType>();
  const names = [
    ...[...fields.keys()].filter((name) => Object.hasOwn(map, name)),
    ...members.filter((name) => !fields.has(name)),
  ];
  const ordered = Object.create(null) as { [member: string]: Json };
  for (const name of names) ordered[name] = orderedJson(map[name]!, fields.get(name));
  return ordered;
}
