import { hash } from 'node:crypto';
import type { AccessRequest, Attributes, Evidence, Snapshot, Target } from '#engine';
import { pathWithout } from '#engine';
import { Instants } from './instants.js';
import { Masking, type MaskingSettings, NOTHING } from './masking.js';
import { readRecord, type RecordedDecision } from './record.js';
import type { DecidedBy, TakenDecision } from './taken.js';

/** A longer record is kept without its request. */
const MOST_CHARACTERS = 32 * 1024;
const FINGERPRINT_CHARACTERS = 16;
/** Names that are kept as they stand in JSON. */
const MOST_NAMES = 20_000;
/** What is written of a method that a preflight asks for; others could be anything. */
const METHOD = /^[A-Z]{1,20}$/;

/**
 * Turns decisions into records. One a process: fingerprints of different ones cannot be compared. A line is put together
 * by hand, for that takes a third of what it takes to make an object and to have it printed; what it is, `record.ts` says.
 */
export class Recording {
  readonly #settings: MaskingSettings;
  readonly #key: string;
  readonly #maskings = new WeakMap<Snapshot, Masking>();
  readonly #marks = new WeakMap<Snapshot, string>();
  readonly #fingerprints = new WeakMap<Evidence, string>();
  readonly #provenTexts = new WeakMap<Evidence, { readonly masking: Masking; readonly text: string }>();
  readonly #names = new QuotedNames();
  readonly #instants = new Instants();

  /** @param key  random and secret: without it nobody can try out what a fingerprint may be of */
  constructor(settings: MaskingSettings, key: string) {
    this.#settings = settings;
    this.#key = key;
  }

  record(taken: TakenDecision): RecordedDecision {
    return readRecord(this.line(taken));
  }

  /** The record as one line of JSON, without its end. */
  line(taken: TakenDecision): string {
    const { request, verdict, policy } = taken;
    const common = this.#common(taken);
    if (request === undefined || policy === undefined) return `${common},"request":null}`;
    const left = new Set<string>();
    const judged = this.#request(request, verdict.reason, verdict.endpoint, policy, left);
    if (taken.isForTheQuery === true) left.add('request.query');
    const principals = principalsOf(request, policy.snapshot);
    const masked = left.size === 0 ? '' : member('masked', [...left]);
    const line = `${common}${member('principals', principals)},"request":${judged}${masked}}`;
    return flat(line.length <= MOST_CHARACTERS ? line : `${common},"request":null,"masked":["request"]}`);
  }

  /** What every record has, without the end of its object. */
  #common(taken: TakenDecision): string {
    const { decisionId, request, verdict, policy, enforcementPoint, dropped, observed, trace } = taken;
    const { decision, reason, deniedAt, rules, endpoint, wouldDeny } = verdict;
    const microseconds = Math.round(taken.microseconds * 10) / 10;
    return (
      `{"id":${quoted(decisionId)},"time":"${this.#instants.text(request?.time ?? taken.time)}","microseconds":${microseconds}` +
      `,"decision":"${decision}","reason":"${reason}","deniedAt":${this.#names.quoted(deniedAt)},"endpoint":${this.#names.quoted(endpoint)}` +
      this.#names.member('rules', rules) +
      (policy === undefined ? '' : this.#names.member('domains', domainsOf(policy.snapshot, endpoint, deniedAt))) +
      (wouldDeny === undefined ? '' : `,"wouldDeny":${JSON.stringify(wouldDeny)}`) +
      (observed ? ',"observed":true' : '') +
      `,"revision":${policy === undefined ? 'null' : this.#mark(policy)},"enforcementPoint":${this.#names.quoted(enforcementPoint)}` +
      (dropped.length === 0 ? '' : `,"dropped":${JSON.stringify(dropped)}`) +
      (trace === undefined ? '' : `,"trace":${quoted(trace)}`)
    );
  }

  #mark({ epoch, revision: number, contentHash, snapshot }: DecidedBy): string {
    let mark = this.#marks.get(snapshot);
    if (mark === undefined) this.#marks.set(snapshot, (mark = JSON.stringify({ epoch, number, contentHash })));
    return mark;
  }

  #request(
    request: AccessRequest,
    reason: string,
    endpoint: string | null,
    policy: DecidedBy,
    left: Set<string>,
  ): string {
    const masking = this.#maskingOf(policy);
    const { target, headers, attributes, claimed, context, carries } = request;
    return (
      `{"target":${targetText(target, reason, endpoint, policy.snapshot, masking, left)}` +
      this.#evidence(request.evidence, policy.snapshot, masking, left) +
      membersOf('headers', keptHeaders(target, headers, masking, left)) +
      membersOf('attributes', masking.kept('attributes', attributes, left)) +
      membersOf('claimed', masking.kept('claimed', claimed, left)) +
      membersOf('context', masking.kept('context', context, left)) +
      `,"askedFrom":${this.#names.quoted(request.askedFrom)},"policyAgeSeconds":${request.policyAgeSeconds}` +
      (carries === undefined ? '' : `,"carries":${JSON.stringify(carries)}`) +
      `,"maxTtlSeconds":${request.maxTtlSeconds}}`
    );
  }

  #maskingOf({ snapshot, identity }: DecidedBy): Masking {
    let masking = this.#maskings.get(snapshot);
    if (masking === undefined) {
      masking = new Masking(snapshot, this.#settings, identity.reportHeaders);
      this.#maskings.set(snapshot, masking);
    }
    return masking;
  }

  #evidence(evidence: AccessRequest['evidence'], snapshot: Snapshot, masking: Masking, left: Set<string>): string {
    let verified = '';
    let unverified = '';
    for (const item of evidence) {
      if (item.verified) verified += `${verified === '' ? '' : ','}${this.#proven(item, masking, left)}`;
      else unverified += `${unverified === '' ? '' : ','}${this.#unproven(item, snapshot)}`;
    }
    return `,"evidence":[${verified}]${unverified === '' ? '' : `,"unverified":[${unverified}]`}`;
  }

  /** A name that no policy declares is its sender's own words. */
  #unproven({ role, mechanism }: Evidence, snapshot: Snapshot): string {
    const name = snapshot.mechanisms.has(mechanism) ? this.#names.quoted(mechanism) : '""';
    return `{"role":"${role}","mechanism":${name}}`;
  }

  /** A credential that was verified once comes with many requests. */
  #proven(item: Evidence, masking: Masking, left: Set<string>): string {
    const known = this.#provenTexts.get(item);
    if (known?.masking === masking) return known.text;
    const leftHere = new Set<string>();
    const text = this.#provenText(item, masking, leftHere);
    if (leftHere.size === 0) this.#provenTexts.set(item, { masking, text });
    else for (const member of leftHere) left.add(member);
    return text;
  }

  #provenText(item: Evidence, masking: Masking, left: Set<string>): string {
    const { role, mechanism, subject, expiresAt, scopes, groups, claims, attributes } = item;
    return (
      `{"role":"${role}","mechanism":${this.#names.quoted(mechanism)},"subject":${quoted(subject)}` +
      (expiresAt === undefined || !Number.isFinite(expiresAt) ? '' : `,"expiresAt":${expiresAt}`) +
      member('scopes', scopes) +
      member('groups', groups) +
      membersOf('claims', masking.kept('principal.claims', claims, left)) +
      membersOf('attributes', masking.kept('principal.attributes', attributes, left)) +
      (isToldApart(item) ? `,"fingerprint":"${this.#fingerprintOf(item)}"}` : '}')
    );
  }

  /** Of everything a credential says, so that two of one subject can be told apart. */
  #fingerprintOf(item: Evidence): string {
    let fingerprint = this.#fingerprints.get(item);
    if (fingerprint === undefined) {
      fingerprint = hash('sha256', this.#key + JSON.stringify(item)).slice(0, FINGERPRINT_CHARACTERS);
      this.#fingerprints.set(item, fingerprint);
    }
    return fingerprint;
  }
}

const OPENING = 0x7b;

/**
 * A text put together of many is a tree of them until somebody reads it. While it waits, a collection would walk each: that
 * took five times as long as all the rest. What was read has to matter, or the machine leaves the reading out.
 */
function flat(text: string): string {
  if (text.charCodeAt(0) !== OPENING) throw new Error('a record is an object');
  return text;
}

/** A credential that says more than whose it is; others of the same subject are the same. */
function isToldApart({ role, expiresAt, claims }: Evidence): boolean {
  if (role !== 'access') return false;
  if (expiresAt !== undefined) return true;
  for (const _ in claims) return true;
  return false;
}

/** Names of a policy as they stand in JSON: they come again and again, so each is looked at once. */
class QuotedNames {
  readonly #known = new Map<string, string>();

  quoted(name: string | null): string {
    if (name === null) return 'null';
    let text = this.#known.get(name);
    if (text === undefined) {
      // Policies come and go; what is left of old ones must not stay for ever.
      if (this.#known.size >= MOST_NAMES) this.#known.clear();
      this.#known.set(name, (text = quoted(name)));
    }
    return text;
  }

  /** A list of names that has any. */
  member(name: string, names: readonly string[]): string {
    if (names.length === 0) return '';
    let list = this.quoted(names[0]!);
    for (let index = 1; index < names.length; index += 1) list += `,${this.quoted(names[index]!)}`;
    return `,"${name}":[${list}]`;
  }
}

/** What stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A list of texts that has any. */
function member(name: string, texts: readonly string[]): string {
  if (texts.length === 0) return '';
  let list = quoted(texts[0]!);
  for (let index = 1; index < texts.length; index += 1) list += `,${quoted(texts[index]!)}`;
  return `,"${name}":[${list}]`;
}

/** A map that has members. */
function membersOf(name: string, map: Attributes): string {
  return map === NOTHING ? '' : `,"${name}":${JSON.stringify(map)}`;
}

function targetText(
  target: Target,
  reason: string,
  endpoint: string | null,
  snapshot: Snapshot,
  masking: Masking,
  left: Set<string>,
): string {
  switch (target.kind) {
    case 'address': {
      const { host, method, path } = target;
      const shown = pathOf(path, method, reason, endpoint, snapshot, masking, left);
      const shownHost = reason === 'INVALID_REQUEST' ? host.slice(host.lastIndexOf('@') + 1) : host;
      if (shownHost !== host) left.add('request.host');
      return `{"kind":"address","host":${quoted(shownHost)},"method":${quoted(method)},"path":${quoted(shown)}}`;
    }
    case 'endpoint': {
      if (target.path === undefined) return JSON.stringify(target);
      const path = pathOf(target.path, target.method, reason, endpoint, snapshot, masking, left);
      return JSON.stringify({ ...target, path });
    }
    case 'rpc':
    case 'topic':
      return JSON.stringify(target);
    case 'resource': {
      const { resource, action } = target;
      return JSON.stringify({
        kind: 'resource',
        resource: { ...resource, properties: masking.kept('resource.attributes', resource.properties, left) },
        action: { ...action, properties: masking.kept('action.attributes', action.properties, left) },
      });
    }
    default:
      return target satisfies never;
  }
}

function pathOf(
  whole: string,
  method: string | undefined,
  reason: string,
  endpoint: string | null,
  snapshot: Snapshot,
  masking: Masking,
  left: Set<string>,
): string {
  if (reason === 'INVALID_REQUEST') return refusedPath(whole, left);
  const question = whole.indexOf('?');
  let path = question < 0 ? whole : whole.slice(0, question);
  if (masking.parameters.size > 0) {
    const shown = pathWithout(snapshot, endpoint, method, path, masking.parameters);
    if (shown === null) left.add('request.path');
    else for (const parameter of shown.left) left.add(`request.params.${parameter}`);
    path = shown?.path ?? '/';
  }
  if (question < 0) return path;
  if (!masking.concerns('request.query')) return path;
  const kept = keptQuery(whole.slice(question + 1), masking, left);
  return kept === '' ? path : `${path}?${kept}`;
}

/**
 * What a target was refused for may be what carries a secret: a user and password before a host, a query, a fragment or
 * parameters behind a path, however they are written. Only the path before all of them is kept.
 */
function refusedPath(whole: string, left: Set<string>): string {
  const path = whole.replace(/^[^/?#]*:\/*[^/?#]*/, '');
  const end = path.search(/[?#;]|%(?:3f|23|3b|25)/i);
  if (end < 0 && path === whole) return whole;
  left.add(end >= 0 && path[end] === '?' ? 'request.query' : 'request.path');
  return end < 0 ? path : path.slice(0, end);
}

/** Pairs stay as they were written, in their order. */
function keptQuery(query: string, masking: Masking, left: Set<string>): string {
  return query
    .split('&')
    .filter((pair) => {
      if (pair === '') return false;
      const equals = pair.indexOf('=');
      const name = formDecoded(equals < 0 ? pair : pair.slice(0, equals));
      if (name === undefined) return false;
      return masking.keeps('request.query', name, left);
    })
    .join('&');
}

/** Undefined for what no judged query has. */
function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function keptHeaders(
  target: Target,
  headers: AccessRequest['headers'],
  masking: Masking,
  left: Set<string>,
): Attributes {
  const kept = masking.kept('request.headers', headers, left);
  // What makes a preflight the engine itself reads.
  if (!('method' in target) || target.method !== 'OPTIONS' || headers['origin'] === undefined) return kept;
  const asked = headers['access-control-request-method'];
  if (asked === undefined) return kept;
  if (!METHOD.test(asked)) {
    left.add('request.headers.access-control-request-method');
    return kept;
  }
  return { origin: '', ...kept, 'access-control-request-method': asked };
}

function principalsOf({ evidence }: AccessRequest, snapshot: Snapshot): string[] {
  const principals: string[] = [];
  for (const { role, verified, mechanism, subject } of evidence) {
    const type = role === 'access' && verified ? snapshot.mechanisms.get(mechanism)?.principalType : undefined;
    if (type === undefined) continue;
    const principal = `${type}:${subject}`;
    if (!principals.includes(principal)) principals.push(principal);
  }
  return principals;
}

function domainsOf(snapshot: Snapshot, endpoint: string | null, deniedAt: string | null): string[] {
  const placements = endpoint === null ? undefined : snapshot.endpoints.get(endpoint)?.placements;
  const domains = placements?.map(({ name }) => name) ?? [];
  if (deniedAt !== null && !domains.includes(deniedAt)) domains.push(deniedAt);
  return domains;
}
