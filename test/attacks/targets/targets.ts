/** Request targets that someone may try, and what each of two policies says to them. */
import { corpus, type Written, written } from '../corpus.js';

/**
 * `refused` (`INVALID_REQUEST`), `unknown` (`UNKNOWN_ENDPOINT`), `deny` (`DENY_RULE`), or the endpoint that is allowed as
 * `service/endpoint`.
 */
export type Verdict = string;

/** A target in the shape of `POST /v1/decide`. */
export interface TargetJson {
  readonly [member: string]: unknown;
}

export interface Asked {
  readonly because: string;
  readonly target: TargetJson;
  readonly headers: { readonly [name: string]: string };
  /** By policy A, and by policy B. */
  readonly verdicts: { readonly a: Verdict; readonly b: Verdict };
}

interface Row {
  readonly because: string;
  readonly a?: Verdict;
  readonly b?: Verdict;
}

export interface CanonicalRow {
  readonly because: string;
  readonly raw: string;
  /** Undefined: refused. */
  readonly canonical: string | undefined;
}

const paths = corpus<Row & { readonly path: Written; readonly canonical: Written | null }>('targets/paths.json');
const hosts = corpus<Row & { readonly host: Written; readonly canonical: Written | null }>('targets/hosts.json');
const others = corpus<Row & { readonly target: object; readonly headers?: Asked['headers'] }>('targets/others.json');

export const PATHS: readonly CanonicalRow[] = paths.map((row) => canonicalRow(row, row.path));
export const HOSTS: readonly CanonicalRow[] = hosts.map((row) => canonicalRow(row, row.host));

export const TARGETS: readonly Asked[] = [
  ...paths.map((row) => asked(row, { host: 'shop.example', method: 'GET', path: written(row.path) })),
  ...hosts.map((row) => asked(row, { host: written(row.host), method: 'GET', path: '/public/list' })),
  ...others.map((row) => asked(row, textsIn(row.target), row.headers)),
];

function canonicalRow(row: { because: string; canonical: Written | null }, raw: Written): CanonicalRow {
  const canonical = row.canonical === null ? undefined : written(row.canonical);
  return { because: row.because, raw: written(raw), canonical };
}

function asked(
  { because, a = 'refused', b = 'refused' }: Row,
  target: TargetJson,
  headers: Asked['headers'] = {},
): Asked {
  return { because, target, headers, verdicts: { a, b } };
}

/** Lists are texts in pieces; maps are looked through. */
function textsIn(map: object): TargetJson {
  const read = Object.entries(map).map(([name, member]) => [
    name,
    typeof member === 'object' && !Array.isArray(member) ? textsIn(member) : written(member as Written),
  ]);
  return Object.fromEntries(read) as TargetJson;
}
