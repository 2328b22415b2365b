/**
 * Rules of one owner, effect and direction, found by what a request has rather than by looking at each of them.
 *
 * First by endpoint or service, then, where more than a handful remain, by the most telling selector of each rule.
 * A rule that names nothing the index knows stands in `rest` and is looked at every time.
 */
import type { CompiledRule } from './snapshot.js';

/** The selectors a rule can be filed under, most telling first. */
export const KEYS = [
  'subject',
  'principal',
  'client',
  'resource',
  'service',
  'role',
  'group',
  'scope',
  'mechanism',
  'domain',
  'resourceType',
  'action',
  'principalType',
] as const;
export type Key = (typeof KEYS)[number];

/** Keys of the target: an endpoint by name leaves them open, and then every rule filed under them must be looked at. */
export const TARGET_KEYS: ReadonlySet<Key> = new Set<Key>(['resource', 'resourceType', 'action']);

/** A rule with the keys it may be filed under: any one value of the list found in a request makes it a candidate. */
export interface Filed {
  readonly rule: CompiledRule;
  readonly endpoints: readonly string[] | undefined;
  readonly services: readonly string[] | undefined;
  readonly keys: ReadonlyMap<Key, readonly string[]>;
}

/** Up to this many rules are looked at one by one; it is cheaper than asking what they have in common. */
const FEW = 8;

export interface Bucket {
  readonly rest: readonly CompiledRule[];
  readonly keyed: readonly { readonly key: Key; readonly rules: ReadonlyMap<string, readonly CompiledRule[]> }[];
}

export interface RuleIndex {
  readonly byEndpoint: ReadonlyMap<string, Bucket> | undefined;
  readonly byService: ReadonlyMap<string, Bucket> | undefined;
  readonly anywhere: Bucket | undefined;
}

export function indexRules(filed: readonly Filed[]): RuleIndex | undefined {
  if (filed.length === 0) return undefined;
  const byEndpoint = new Map<string, Filed[]>();
  const byService = new Map<string, Filed[]>();
  const anywhere: Filed[] = [];
  for (const entry of filed) {
    if (entry.endpoints === undefined && entry.services === undefined) anywhere.push(entry);
    entry.endpoints?.forEach((id) => put(byEndpoint, id, entry));
    entry.services?.forEach((name) => put(byService, name, entry));
  }
  return {
    byEndpoint: byEndpoint.size === 0 ? undefined : mapValues(byEndpoint, bucketOf),
    byService: byService.size === 0 ? undefined : mapValues(byService, bucketOf),
    anywhere: anywhere.length === 0 ? undefined : bucketOf(anywhere),
  };
}

function bucketOf(filed: readonly Filed[]): Bucket {
  if (filed.length <= FEW) return { rest: filed.map(({ rule }) => rule), keyed: NONE };
  const rest: CompiledRule[] = [];
  const byKey = new Map<Key, Map<string, CompiledRule[]>>();
  for (const { rule, keys } of filed) {
    const key = KEYS.find((candidate) => keys.has(candidate));
    if (key === undefined) {
      rest.push(rule);
      continue;
    }
    let values = byKey.get(key);
    if (values === undefined) byKey.set(key, (values = new Map()));
    for (const value of new Set(keys.get(key))) put(values, value, rule);
  }
  return { rest, keyed: [...byKey].map(([key, rules]) => ({ key, rules })) };
}

const NONE: Bucket['keyed'] = [];

function put<Entry>(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}

function mapValues<From, To>(map: ReadonlyMap<string, From>, change: (value: From) => To): ReadonlyMap<string, To> {
  const changed = new Map<string, To>();
  for (const [key, value] of map) changed.set(key, change(value));
  return changed;
}
