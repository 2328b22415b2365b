import { z } from 'zod';
import type { AccessRequest, Attributes, Evidence, Json, Target } from '#engine';
import { attributes, instant, record, texts } from './declaration.js';
import { parseInstant } from './instant.js';
import { OffsetRefusal, parseJson } from './json.js';
import { MAXIMUM_DEPTH, MAXIMUM_REQUEST_BYTES } from './limits.js';
import { conform, type ShapeFault, shown } from './shape.js';
import { byteLength } from './source.js';
import { didYouMean } from './suggest.js';
import type { Path } from './yaml.js';

export interface RequestFault {
  /** JSON pointer (RFC 6901) into the request; empty for the whole of it. */
  readonly pointer: string;
  readonly code: 'INVALID_REQUEST';
  readonly message: string;
}

export interface RequestOptions {
  /**
   * `offline`: evidence is verified unless it says otherwise, and `time` may be given. `network`: a caller's `verified`
   * and `time` are faults, and evidence is unverified until the server finds its sender entitled.
   */
  readonly mode: 'offline' | 'network';
  /** Milliseconds since the epoch, for requests that name no time. */
  readonly now: number;
}

export interface ParsedRequest {
  /** `askedFrom` is `*`, `policyAgeSeconds` 0 and `maxTtlSeconds` 30: a server replaces them. */
  readonly request: AccessRequest;
  /** The caller has seen this revision. */
  readonly minRevision?: number;
  readonly explain: boolean;
  /** The client's own credentials by lower-case header name, yet to be verified. */
  readonly credentials?: { readonly [header: string]: string };
}

export type RequestReading = ParsedRequest | { readonly faults: readonly RequestFault[] };

const evidence = record({
  role: z.enum(['trust', 'access']),
  mechanism: z.string(),
  subject: z.string(),
  scopes: z.array(z.string()).optional(),
  groups: z.array(z.string()).optional(),
  claims: attributes.optional(),
  attributes: attributes.optional(),
  expiresAt: instant.optional(),
  verified: z.boolean().optional(),
});

const targets = {
  endpoint: record({ endpoint: z.string(), method: z.string().optional(), path: z.string().optional() }),
  host: record({ host: z.string(), method: z.string(), path: z.string() }),
  rpc: record({ rpc: z.string(), host: z.string().optional() }),
  topic: record({ topic: z.string(), action: z.string() }),
  resource: record({
    resource: record({ type: z.string(), id: z.string(), properties: attributes.optional() }),
    action: record({ name: z.string(), properties: attributes.optional() }),
  }),
} as const;

/** The request of `POST /v1/decide`, `dharma decide` and `Test` cases; its target is one of five shapes. */
export const requestShape = record({
  target: z.union([targets.endpoint, targets.host, targets.rpc, targets.topic, targets.resource]),
  evidence: z.array(evidence).optional(),
  credentials: texts.optional(),
  headers: texts.optional(),
  attributes: attributes.optional(),
  claimed: attributes.optional(),
  context: attributes.optional(),
  time: instant.optional(),
  minRevision: z.number().int().min(0).optional(),
  explain: z.boolean().optional(),
});
const looseTarget = requestShape.extend({ target: attributes });
const batchShape = record({ requests: z.array(z.unknown()) });

/** One request from JSON text: strict JSON, at most 1 MiB, at most 32 maps and lists inside one another. */
export function requestFromText(text: string, options: RequestOptions): RequestReading {
  const json = jsonFromText(text);
  return 'faults' in json ? json : read(json.value, options);
}

/** Strict JSON from the text of a request, whatever its shape: within the bounds of {@link requestFromText}. */
export function jsonFromText(text: string): { readonly value: Json } | { readonly faults: readonly RequestFault[] } {
  if (text.length > MAXIMUM_REQUEST_BYTES || byteLength(text) > MAXIMUM_REQUEST_BYTES) {
    return refused([], `the request is larger than ${MAXIMUM_REQUEST_BYTES} bytes`);
  }
  const value = parseJson(text, { exactIntegers: false });
  if (value instanceof OffsetRefusal) return refused([], `${value.message} (at character ${value.offset + 1})`);
  return { value };
}

/**
 * Several requests from JSON text, `{ "requests": [ … ] }`, within the bounds of one. What is wrong with one of them is
 * told in its place; pointers lead into that request.
 *
 * @returns faults only when the text as a whole is no such list
 */
export function requestsFromText(
  text: string,
  options: RequestOptions,
):
  | { readonly readings: readonly RequestReading[]; readonly faults?: undefined }
  | { readonly faults: readonly RequestFault[] } {
  const json = jsonFromText(text);
  if ('faults' in json) return json;
  const batch = conform(batchShape, json.value);
  if (batch.faults !== undefined) return { faults: batch.faults.map(requestFault) };
  return { readings: batch.value.requests.map((request) => read(request as Json, options)) };
}

/**
 * One request from a JSON value, whoever parsed it. Its maps are copied into ones without a prototype.
 *
 * @throws never; what is wrong comes back as faults, all at once
 */
export function parseRequest(json: unknown, options: RequestOptions): RequestReading {
  const copied = copy(json, 1);
  if (copied === undefined)
    return refused([], `the request is no JSON, or has more than ${MAXIMUM_DEPTH} maps and lists inside one another`);
  return read(copied, options);
}

function copy(value: unknown, depth: number): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'object' || depth > MAXIMUM_DEPTH) return undefined;
  if (Array.isArray(value)) {
    const list: Json[] = [];
    for (const item of value) {
      const copied = copy(item, depth + 1);
      if (copied === undefined) return undefined;
      list.push(copied);
    }
    return list;
  }
  const map = Object.create(null) as { [member: string]: Json };
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const copied = copy(member, depth + 1);
    if (copied === undefined) return undefined;
    map[name] = copied;
  }
  return map;
}

function read(json: Json, options: RequestOptions): RequestReading {
  const outer = conform(looseTarget, json);
  const faults: ShapeFault[] = [...(outer.faults ?? [])];
  const target = targetIn(json, faults);
  if (outer.faults !== undefined || target === undefined) return { faults: faults.map(requestFault) };
  const { value } = outer;
  const headers = folded(value.headers, 'headers', faults);
  const credentials = folded(value.credentials, 'credentials', faults);
  if (options.mode === 'network') refuseServersOwn(value, faults);
  if (faults.length > 0) return { faults: faults.map(requestFault) };
  return {
    request: {
      target,
      evidence: (value.evidence ?? []).map((item) =>
        evidenceOf(item, options.mode === 'offline' && (item.verified ?? true)),
      ),
      headers,
      attributes: value.attributes ?? emptyMap(),
      claimed: value.claimed ?? emptyMap(),
      context: value.context ?? emptyMap(),
      time: value.time === undefined ? options.now : parseInstant(value.time)!,
      askedFrom: '*',
      policyAgeSeconds: 0,
      maxTtlSeconds: 30,
    },
    ...(value.minRevision !== undefined && { minRevision: value.minRevision }),
    explain: value.explain ?? false,
    ...(value.credentials !== undefined && { credentials }),
  };
}

/** Exactly one of the five shapes, told apart by the member that names the target. */
function targetIn(json: Json, faults: ShapeFault[]): Target | undefined {
  const target = (json as { readonly target?: unknown } | null)?.target;
  if (typeof target !== 'object' || target === null || Array.isArray(target)) return undefined;
  const kinds = (Object.keys(targets) as (keyof typeof targets)[]).filter((kind) => Object.hasOwn(target, kind));
  // A host stands beside an RPC too.
  const kind = kinds.includes('rpc') ? 'rpc' : kinds[0];
  if (kind === undefined) {
    const first = Object.keys(target)[0];
    const suggestion = first === undefined ? '' : didYouMean(first, Object.keys(targets));
    const message = `a target names one of \`endpoint\`, \`host\`, \`rpc\`, \`topic\` and \`resource\`${suggestion}`;
    faults.push({ path: ['target'], part: 'value', code: 'invalid-value', message });
    return undefined;
  }
  const result = conform<z.ZodType>(targets[kind], target);
  if (result.faults !== undefined) {
    faults.push(...result.faults.map((fault) => ({ ...fault, path: ['target', ...fault.path] })));
    return undefined;
  }
  return targetOf(kind, result.value as never);
}

function targetOf(kind: keyof typeof targets, value: never): Target {
  switch (kind) {
    case 'endpoint':
      return { kind: 'endpoint', ...(value as z.infer<typeof targets.endpoint>) };
    case 'host':
      return { kind: 'address', ...(value as z.infer<typeof targets.host>) };
    case 'rpc':
      return { kind: 'rpc', ...(value as z.infer<typeof targets.rpc>) };
    case 'topic':
      return { kind: 'topic', ...(value as z.infer<typeof targets.topic>) };
    case 'resource': {
      const { resource, action } = value as z.infer<typeof targets.resource>;
      return {
        kind: 'resource',
        resource: { type: resource.type, id: resource.id, properties: resource.properties ?? emptyMap() },
        action: { name: action.name, properties: action.properties ?? emptyMap() },
      };
    }
  }
}

function evidenceOf(item: z.infer<typeof evidence>, verified: boolean): Evidence {
  return {
    role: item.role,
    mechanism: item.mechanism,
    subject: item.subject,
    verified,
    ...(item.expiresAt !== undefined && { expiresAt: parseInstant(item.expiresAt)! }),
    scopes: item.scopes ?? [],
    groups: item.groups ?? [],
    claims: item.claims ?? emptyMap(),
    attributes: item.attributes ?? emptyMap(),
  };
}

function folded(
  named: { readonly [name: string]: string } | undefined,
  member: string,
  faults: ShapeFault[],
): { readonly [name: string]: string } {
  const result = Object.create(null) as { [name: string]: string };
  for (const name in named) {
    const lower = name.toLowerCase();
    if (lower in result) {
      const message = `\`${shown(name)}\` is given twice: header names do not differ by case`;
      faults.push({ path: [member, name], part: 'name', code: 'duplicate-key', message });
    }
    result[lower] = named[name]!;
  }
  return result;
}

/** What only the server may say over the network. */
function refuseServersOwn(value: z.infer<typeof looseTarget>, faults: ShapeFault[]): void {
  const refuse = (path: Path, message: string): void =>
    void faults.push({ path, part: 'name', code: 'servers-own', message });
  if (value.time !== undefined) refuse(['time'], '`time` comes from the clock of the server; leave it out');
  for (const [index, item] of (value.evidence ?? []).entries()) {
    if (item.verified !== undefined)
      refuse(['evidence', index, 'verified'], '`verified` is for the server to find out; leave it out');
  }
}

function emptyMap(): Attributes {
  return Object.create(null) as Attributes;
}

function requestFault({ path, message }: ShapeFault): RequestFault {
  const pointer = path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { pointer, code: 'INVALID_REQUEST', message };
}

function refused(path: Path, message: string): { readonly faults: readonly RequestFault[] } {
  return { faults: [requestFault({ path, part: 'value', code: 'invalid-value', message })] };
}
