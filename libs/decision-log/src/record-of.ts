import { hash } from 'node:crypto';
import type { AccessRequest, Attributes, Evidence, Snapshot, Target } from '#engine';
import { pathWithout } from '#engine';
import { Instants } from './instants.js';
import { arePlain, flat, member, QuotedNames, quoted } from './json-texts.js';
import { type Masking, type MaskingSettings, NOTHING } from './masking.js';
import { PolicyTexts, verdictText } from './policy-texts.js';
import { readRecord, type RecordedDecision } from './record.js';
import type { DecidedBy, TakenDecision } from './taken.js';

/** A longer record is kept without its request. */
const MOST_CHARACTERS = 32 * 1024;
const FINGERPRINT_CHARACTERS = 16;
/** What is written of a method that a preflight asks for; others could be anything. */
const METHOD = /^[A-Z]{1,20}$/;

/** A verified credential as a record names it, by one masking. */
interface ProvenText {
  readonly masking: Masking;
  readonly text: string;
  /** `type:id`, quoted; empty for what names no principal. */
  readonly principal: string;
  /** What a rule reads of it and the text does not hold. */
  readonly left: readonly string[];
}

/** The end of a request, and what it says. */
interface EndText {
  readonly askedFrom: string;
  readonly policyAgeSeconds: number;
  readonly maxTtlSeconds: number;
  readonly text: string;
}

/**
 * Turns decisions into records. One a process: fingerprints of different ones cannot be compared. A line is put together
 * by hand, of texts most of which stood in a line before: that takes a third of what it takes to make an object and to
 * have it printed. What a line is, `record.ts` says.
 */
export class Recording {
  readonly #settings: MaskingSettings;
  readonly #key: string;
  readonly #policies = new WeakMap<Snapshot, PolicyTexts>();
  readonly #fingerprints = new WeakMap<Evidence, string>();
  readonly #provenTexts = new WeakMap<Evidence, ProvenText>();
  readonly #names = new QuotedNames();
  readonly #instants = new Instants();
  readonly #left = new Set<string>();
  #end: EndText | undefined;

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
    const { request, verdict, policy, enforcementPoint, dropped, observed, trace } = taken;
    const texts = policy === undefined ? undefined : this.#textsOf(policy);
    const microseconds = Math.round(taken.microseconds * 10) / 10;
    const common =
      `{"id":${quoted(taken.decisionId)},"time":"${this.#instants.text(request?.time ?? taken.time)}","microseconds":${microseconds}` +
      (texts?.verdict(verdict, observed, enforcementPoint) ??
        verdictText(verdict, observed, enforcementPoint, undefined, this.#names)) +
      (dropped.length === 0 ? '' : `,"dropped":${JSON.stringify(dropped)}`) +
      (trace === undefined ? '' : `,"trace":${quoted(trace)}`);
    if (request === undefined || policy === undefined || texts === undefined) return flat(`${common},"request":null}`);
    const left = this.#left;
    // Of the record before, which may have ended in a fault.
    if (left.size > 0) left.clear();
    const judged = this.#request(request, verdict.reason, verdict.endpoint, policy.snapshot, texts.masking, left);
    if (taken.isForTheQuery === true) left.add('request.query');
    const masked = left.size === 0 ? '}' : `${member('masked', [...left])}}`;
    const line = common + judged + masked;
    return flat(line.length <= MOST_CHARACTERS ? line : `${common},"request":null,"masked":["request"]}`);
  }

  #textsOf(policy: DecidedBy): PolicyTexts {
    const { snapshot } = policy;
    let texts = this.#policies.get(snapshot);
    if (texts === undefined) {
      texts = new PolicyTexts(policy, this.#settings, this.#names);
      this.#policies.set(snapshot, texts);
    }
    return texts;
  }

  /** Whose request it is, and the request. */
  #request(
    request: AccessRequest,
    reason: string,
    endpoint: string | null,
    snapshot: Snapshot,
    masking: Masking,
    left: Set<string>,
  ): string {
    const { target, headers, attributes, claimed, context } = request;
    const targetHere = targetText(target, reason, endpoint, snapshot, masking, left);
    const principals: string[] = [];
    const evidence = this.#evidence(request.evidence, snapshot, masking, principals, left);
    return (
      (principals.length === 0
        ? ''
        : `,"principals":[${principals.length === 1 ? principals[0]! : principals.join()}]`) +
      `,"request":{"target":${targetHere}${evidence}` +
      membersOf('headers', keptHeaders(target, headers, masking, left)) +
      membersOf('attributes', masking.kept('attributes', attributes, left)) +
      membersOf('claimed', masking.kept('claimed', claimed, left)) +
      membersOf('context', masking.kept('context', context, left)) +
      this.#endOf(request)
    );
  }

  /** Requests that come one after the other mostly end alike. */
  #endOf({ askedFrom, policyAgeSeconds, carries, maxTtlSeconds }: AccessRequest): string {
    const known = this.#end;
    const isUsual = carries === undefined;
    if (
      isUsual &&
      known?.askedFrom === askedFrom &&
      known.policyAgeSeconds === policyAgeSeconds &&
      known.maxTtlSeconds === maxTtlSeconds
    ) {
      return known.text;
    }
    const text =
      `,"askedFrom":${this.#names.quoted(askedFrom)},"policyAgeSeconds":${policyAgeSeconds}` +
      (isUsual ? '' : `,"carries":${JSON.stringify(carries)}`) +
      `,"maxTtlSeconds":${maxTtlSeconds}}`;
    if (isUsual) this.#end = { askedFrom, policyAgeSeconds, maxTtlSeconds, text };
    return text;
  }

  /** @param principals  gains everyone whom a verified credential names, once */
  #evidence(
    evidence: AccessRequest['evidence'],
    snapshot: Snapshot,
    masking: Masking,
    principals: string[],
    left: Set<string>,
  ): string {
    let verified = '';
    let unverified = '';
    for (const item of evidence) {
      if (item.verified) {
        const { text, principal, left: leftHere } = this.#proven(item, snapshot, masking);
        verified = verified === '' ? text : `${verified},${text}`;
        if (principal !== '' && !principals.includes(principal)) principals.push(principal);
        if (leftHere.length > 0) for (const one of leftHere) left.add(one);
      } else {
        unverified += `${unverified === '' ? '' : ','}${this.#unproven(item, snapshot)}`;
      }
    }
    return `,"evidence":[${verified}${unverified === '' ? ']' : `],"unverified":[${unverified}]`}`;
  }

  /** A name that no policy declares is its sender's own words. */
  #unproven({ role, mechanism }: Evidence, snapshot: Snapshot): string {
    const name = snapshot.mechanisms.has(mechanism) ? this.#names.quoted(mechanism) : '""';
    return `{"role":"${role}","mechanism":${name}}`;
  }

  /** A credential that was verified once comes with many requests. */
  #proven(item: Evidence, snapshot: Snapshot, masking: Masking): ProvenText {
    const known = this.#provenTexts.get(item);
    if (known?.masking === masking) return known;
    const left = new Set<string>();
    const text = flat(this.#provenText(item, masking, left));
    const proven = { masking, text, principal: principalOf(item, snapshot), left: [...left] };
    this.#provenTexts.set(item, proven);
    return proven;
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

/** A credential that says more than whose it is; others of the same subject are the same. */
function isToldApart({ role, expiresAt, claims }: Evidence): boolean {
  if (role !== 'access') return false;
  if (expiresAt !== undefined) return true;
  for (const _ in claims) return true;
  return false;
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
      return arePlain(shownHost, method, shown)
        ? `{"kind":"address","host":"${shownHost}","method":"${method}","path":"${shown}"}`
        : `{"kind":"address","host":${quoted(shownHost)},"method":${quoted(method)},"path":${quoted(shown)}}`;
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
  if (reason === 'INVALID_REQUEST') return refusedPath(whole, masking, left);
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
 * parameters behind a path, however they are written. Only the path before all of them is kept; and where parameters of paths
 * are not shown nothing of it is, for nobody knows which part would be one: a token with an escaped slash is refused as it is.
 */
function refusedPath(whole: string, masking: Masking, left: Set<string>): string {
  if (masking.parameters.size > 0) {
    left.add('request.path');
    return '/';
  }
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

/** Quoted; empty where a credential names nobody: whose access it is, or which service a proof of trust is bound to. */
function principalOf({ role, mechanism: name, subject }: Evidence, snapshot: Snapshot): string {
  const mechanism = snapshot.mechanisms.get(name);
  if (mechanism?.role !== role) return '';
  if (role === 'trust') {
    const service = mechanism.bindings.find(subject);
    return service === undefined ? '' : quoted(`service:${service.name}`);
  }
  return quoted(`${mechanism.principalType}:${subject}`);
}
