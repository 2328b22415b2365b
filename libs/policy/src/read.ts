import { API_VERSION, DOCUMENT_SCHEMAS, isDocumentKind, type PolicyDocument, WRITTEN_KINDS } from './document.js';
import { conform, quoted, type ShapeFault } from './shape.js';
import { type Chunk, type OffsetFault, type Position, positionIn } from './source.js';
import { didYouMean } from './suggest.js';
import { type OffsetOf, offsetsIn, type Part, type Path, readYaml } from './yaml.js';

/** A fault of the shape, and the offset of where it is written. */
export interface LocatedShapeFault extends ShapeFault {
  readonly at: number;
}

/** A document as far as it could be read. */
export interface ReadDocument {
  readonly chunk: Chunk;
  /** Absent when too little of it is sound. Items with faults are left out of their lists. */
  readonly document?: PolicyDocument;
  /** By the list's path as JSON: the original indices of the items that stayed. */
  readonly kept: ReadonlyMap<string, readonly number[]>;
  readonly faults: readonly (OffsetFault | LocatedShapeFault)[];
  /** The plain value, where there are faults: what the document meant to declare can still be seen in it. */
  readonly remains?: unknown;
}

/** Lists whose items stand for themselves: one with a fault is left out, so that the others can still be judged. */
const SEPARABLE: ReadonlySet<string> = new Set([
  'spec.rules',
  'spec.mechanisms',
  'spec.endpoints',
  'spec.identities',
  'spec.administrators',
  'spec.assignments',
  'spec.roles',
  'spec.entities',
  'spec.credentials',
  'spec.cases',
]);

/** @returns `undefined` for a chunk that holds no document */
export function readDocument(chunk: Chunk): ReadDocument | undefined {
  const { value, faults, offsetOf } = readYaml(chunk.text);
  const located = (fault: ShapeFault): LocatedShapeFault => ({ ...fault, at: offsetOf(fault.path, fault.part) });
  if (value === undefined) return faults.length === 0 ? undefined : { chunk, kept: new Map(), faults };
  const head = headFaults(value);
  if (head.length > 0) return { chunk, kept: new Map(), faults: [...faults, ...head.map(located)], remains: value };
  const kind = (value as { readonly kind: keyof typeof DOCUMENT_SCHEMAS }).kind;
  const whole = conform(DOCUMENT_SCHEMAS[kind], value);
  if (whole.faults === undefined) {
    return { chunk, document: whole.value, kept: new Map(), faults, ...(faults.length > 0 && { remains: value }) };
  }
  const all = [...faults, ...whole.faults.map(located)];
  const rest = withoutFaultyItems(value, whole.faults);
  const second = rest && conform(DOCUMENT_SCHEMAS[kind], rest.value);
  if (second === undefined || second.faults !== undefined)
    return { chunk, kept: new Map(), faults: all, remains: value };
  return { chunk, document: second.value, kept: rest!.kept, faults: all, remains: value };
}

function headFaults(value: unknown): readonly ShapeFault[] {
  const fault = (path: Path, code: string, message: string): ShapeFault[] => [{ path, part: 'value', code, message }];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fault([], 'wrong-type', 'a document is a map with `apiVersion`, `kind`, `metadata` and `spec`');
  }
  const { apiVersion, kind } = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (kind === undefined) return fault([], 'missing-member', '`kind` is missing');
  if (!isDocumentKind(kind)) {
    const suggestion = typeof kind === 'string' ? didYouMean(kind, WRITTEN_KINDS) : '';
    return fault(
      ['kind'],
      'unknown-kind',
      `${quoted(kind)} is not a kind of document${suggestion || `; the kinds are ${WRITTEN_KINDS.join(', ')}`}`,
    );
  }
  if (apiVersion === undefined) return fault([], 'missing-member', '`apiVersion` is missing');
  if (apiVersion !== API_VERSION) {
    return fault(
      ['apiVersion'],
      'api-version',
      `${quoted(apiVersion)} is not a version this program reads: it must be \`${API_VERSION}\``,
    );
  }
  return [];
}

function withoutFaultyItems(value: unknown, faults: readonly ShapeFault[]) {
  const dropped = new Map<string, Set<number>>();
  for (const { path } of faults) {
    const [first, list, index] = path;
    if (typeof index !== 'number' || !SEPARABLE.has(`${first}.${list}`)) return undefined;
    const key = JSON.stringify([first, list]);
    dropped.set(key, (dropped.get(key) ?? new Set()).add(index));
  }
  const document = value as { readonly spec: { readonly [member: string]: unknown } };
  const spec: { [member: string]: unknown } = { ...document.spec };
  const kept = new Map<string, readonly number[]>();
  for (const [key, indices] of dropped) {
    const list = (JSON.parse(key) as [string, string])[1];
    const items = spec[list] as readonly unknown[];
    const staying = items.flatMap((_, index) => (indices.has(index) ? [] : [index]));
    kept.set(key, staying);
    spec[list] = staying.map((index) => items[index]);
  }
  return { value: { ...document, spec }, kept };
}

/** A place in a document. */
export interface Place {
  readonly source: ReadDocument;
  readonly path: Path;
  readonly part: Part;
  /** How the text at the path begins, where the place lies behind that. */
  readonly beginning?: string;
}

/**
 * Finds places in the text. Trees with positions are heavy, so none is kept once its document is read and its shape
 * judged; the one a position is asked of is read once more, and only the last one is kept.
 */
export function createLocator(): (place: Place) => Position {
  let last: { readonly chunk: Chunk; readonly offsetOf: OffsetOf } | undefined;
  return ({ source, path, part, beginning = '' }) => {
    if (last?.chunk !== source.chunk) last = { chunk: source.chunk, offsetOf: offsetsIn(source.chunk.text) };
    const offset = last.offsetOf(originalPath(source, path), part);
    return positionIn(source.chunk, behind(source.chunk.text, offset, beginning));
  };
}

/** Behind the beginning of a text that is written as it reads, quoted or not; else where the text starts. */
function behind(text: string, offset: number, beginning: string): number {
  const start = text[offset] === '"' || text[offset] === "'" ? offset + 1 : offset;
  return beginning !== '' && text.startsWith(beginning, start) ? start + beginning.length : offset;
}

function originalPath(source: ReadDocument, path: Path): Path {
  const [first, list, index] = path;
  if (typeof index !== 'number') return path;
  const original = source.kept.get(JSON.stringify([first, list]))?.[index];
  return original === undefined ? path : [first!, list!, original, ...path.slice(3)];
}
