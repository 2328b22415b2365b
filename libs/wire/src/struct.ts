import type { Json } from './json.js';

/** `google.protobuf.Struct` as `@grpc/proto-loader` reads and writes it. */
export interface Struct {
  readonly fields: { readonly [name: string]: StructValue };
}

/** `google.protobuf.Value`: one member is there; none in a value that says nothing. */
export interface StructValue {
  readonly nullValue?: 'NULL_VALUE';
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct;
  readonly listValue?: { readonly values: readonly StructValue[] };
}

/** Maps and lists inside one another that are read: some more than a request may have, which is then refused. */
const MAXIMUM_DEPTH = 40;

/** The JSON object that a struct stands for, in maps without a prototype. */
export function jsonOf(struct: Struct): { readonly [member: string]: Json } {
  return mapOf(struct, 1);
}

function mapOf({ fields }: Struct, depth: number): { readonly [member: string]: Json } {
  const map: { [member: string]: Json } = Object.create(null);
  for (const [name, value] of Object.entries(fields)) map[name] = jsonOfValue(value, depth);
  return map;
}

function jsonOfValue({ structValue, listValue, ...scalar }: StructValue, depth: number): Json {
  if (depth > MAXIMUM_DEPTH) return null;
  if (structValue !== undefined) return mapOf(structValue, depth + 1);
  if (listValue !== undefined) return listValue.values.map((value) => jsonOfValue(value, depth + 1));
  return scalar.stringValue ?? scalar.numberValue ?? scalar.boolValue ?? null;
}

/** Members that are `undefined` are left out, as JSON leaves them out. */
export function structOf(json: object): Struct {
  const fields: { [name: string]: StructValue } = Object.create(null);
  for (const [name, member] of Object.entries(json)) if (member !== undefined) fields[name] = valueOf(member);
  return { fields };
}

function valueOf(json: unknown): StructValue {
  switch (typeof json) {
    case 'string':
      return { stringValue: json };
    case 'number':
      return { numberValue: json };
    case 'boolean':
      return { boolValue: json };
    case 'object':
      if (json === null) return { nullValue: 'NULL_VALUE' };
      return Array.isArray(json) ? { listValue: { values: json.map(valueOf) } } : { structValue: structOf(json) };
    default:
      return { nullValue: 'NULL_VALUE' };
  }
}
