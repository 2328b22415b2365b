import { hash } from 'node:crypto';
import type { AccessRequest, Attributes, Evidence, Snapshot, Target } from '#engine';
import { pathWithout } from '#engine';
import { Masking, type MaskingSettings } from './masking.js';
import type { RecordedDecision, RecordedEvidence, RecordedRequest } from './record.js';
import type { DecidedBy, TakenDecision } from './taken.js';

/** A longer record is kept without its request. */
const MOST_CHARACTERS = 32 * 1024;
const FINGERPRINT_CHARACTERS = 16;
const NO_HEADERS: ReadonlySet<string> = new Set();
/** What is written of a method that a preflight asks for; others could be anything. */
const METHOD = /^[A-Z]{1,20}$/;

/** Turns decisions into records. One a process: fingerprints of different ones cannot be compared. */
export class Recording {
  readonly #settings: MaskingSettings;
  readonly #key: string;
  readonly #maskings = new WeakMap<Snapshot, Masking>();
  readonly #fingerprints = new WeakMap<Evidence, string>();

  /** @param key  random and secret: without it nobody can try out what a fingerprint may be of */
  constructor(settings: MaskingSettings, key: string) {
    this.#settings = settings;
    this.#key = key;
  }

  /** The record as one line of JSON, without its end. */
  line(taken: TakenDecision): string {
    const record = this.record(taken);
    const line = JSON.stringify(record);
    return line.length <= MOST_CHARACTERS
      ? line
      : JSON.stringify({ ...record, request: null, principals: [], masked: ['request'] });
  }

  record(taken: TakenDecision): RecordedDecision {
    const { decisionId, microseconds, request, verdict, policy, enforcementPoint, dropped, observed, trace } = taken;
    const { decision, reason, deniedAt, rules, endpoint, wouldDeny } = verdict;
    const left = new Set<string>();
    const isJudged = request !== undefined && policy !== undefined;
    const recorded = isJudged ? this.#request(request, verdict.reason, endpoint, policy, left) : null;
    return {
      id: decisionId,
      time: new Date(request?.time ?? taken.time).toISOString(),
      microseconds: Math.round(microseconds * 10) / 10,
      decision,
      reason,
      deniedAt,
      rules: rules as string[],
      endpoint,
      domains: policy === undefined ? [] : domainsOf(policy.snapshot, endpoint, deniedAt),
      principals: isJudged ? principalsOf(request, policy.snapshot) : [],
      wouldDeny,
      observed: observed ? true : undefined,
      revision:
        policy === undefined
          ? null
          : { epoch: policy.epoch, number: policy.revision, contentHash: policy.contentHash },
      enforcementPoint,
      dropped: dropped as RecordedDecision['dropped'],
      trace,
      request: recorded,
      masked: [...left],
    };
  }

  #request(
    request: AccessRequest,
    reason: string,
    endpoint: string | null,
    policy: DecidedBy,
    left: Set<string>,
  ): RecordedRequest {
    const masking = this.#maskingOf(policy);
    const { target, evidence, headers, attributes, claimed, context, carries } = request;
    return {
      target: this.#target(target, reason, endpoint, policy.snapshot, masking, left),
      evidence: evidence.filter(({ verified }) => verified).map((item) => this.#evidence(item, masking, left)),
      unverified: evidence.filter(({ verified }) => !verified).map(({ role, mechanism }) => ({ role, mechanism })),
      headers: { ...masking.kept('request.headers', headers, left), ...preflight(target, headers, left) },
      attributes: masking.kept('attributes', attributes, left),
      claimed: masking.kept('claimed', claimed, left),
      context: masking.kept('context', context, left),
      askedFrom: request.askedFrom,
      policyAgeSeconds: request.policyAgeSeconds,
      carries: carries as RecordedRequest['carries'],
      maxTtlSeconds: request.maxTtlSeconds,
    };
  }

  #maskingOf({ snapshot, identity }: DecidedBy): Masking {
    let masking = this.#maskings.get(snapshot);
    if (masking === undefined) {
      masking = new Masking(snapshot, this.#settings, identity.reportHeaders ?? NO_HEADERS);
      this.#maskings.set(snapshot, masking);
    }
    return masking;
  }

  #evidence(item: Evidence, masking: Masking, left: Set<string>): RecordedEvidence {
    const { role, mechanism, subject, expiresAt, scopes, groups, claims, attributes } = item;
    return {
      role,
      mechanism,
      subject,
      expiresAt,
      scopes: scopes as string[],
      groups: groups as string[],
      claims: masking.kept('principal.claims', claims, left),
      attributes: masking.kept('principal.attributes', attributes, left),
      fingerprint: this.#fingerprintOf(item),
    };
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

  #target(
    target: Target,
    reason: string,
    endpoint: string | null,
    snapshot: Snapshot,
    masking: Masking,
    left: Set<string>,
  ): RecordedRequest['target'] {
    switch (target.kind) {
      case 'endpoint':
      case 'address':
        if (target.path === undefined) return target;
        return { ...target, path: pathOf(target.path, target.method, reason, endpoint, snapshot, masking, left) };
      case 'rpc':
      case 'topic':
        return target;
      case 'resource': {
        const { resource, action } = target;
        return {
          kind: 'resource',
          resource: { ...resource, properties: masking.kept('resource.attributes', resource.properties, left) },
          action: { ...action, properties: masking.kept('action.attributes', action.properties, left) },
        };
      }
      default:
        return target satisfies never;
    }
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
  const question = whole.indexOf('?');
  let path = question < 0 ? whole : whole.slice(0, question);
  if (masking.parameters.size > 0) {
    const shown = pathWithout(snapshot, endpoint, method, path, masking.parameters);
    if (shown === null) left.add('request.path');
    else for (const parameter of shown.left) left.add(`request.params.${parameter}`);
    path = shown?.path ?? '/';
  }
  if (question < 0) return path;
  // The query may be what the target was refused for.
  if (reason === 'INVALID_REQUEST') {
    left.add('request.query');
    return path;
  }
  const kept = keptQuery(whole.slice(question + 1), masking, left);
  return kept === '' ? path : `${path}?${kept}`;
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
      const fate = masking.names('request.query', name);
      if (fate === 'left') left.add(`request.query.${name}`);
      return fate === 'kept';
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

const NO_PREFLIGHT: Attributes = {};

/** What the engine itself reads of headers. */
function preflight(target: Target, headers: AccessRequest['headers'], left: Set<string>): Attributes {
  if (!('method' in target) || target.method !== 'OPTIONS' || headers['origin'] === undefined) return NO_PREFLIGHT;
  const asked = headers['access-control-request-method'];
  if (asked === undefined) return NO_PREFLIGHT;
  if (!METHOD.test(asked)) {
    left.add('request.headers.access-control-request-method');
    return NO_PREFLIGHT;
  }
  return { origin: '', 'access-control-request-method': asked };
}

function principalsOf({ evidence }: AccessRequest, snapshot: Snapshot): string[] {
  const principals = new Set<string>();
  for (const { role, verified, mechanism, subject } of evidence) {
    const type = role === 'access' && verified ? snapshot.mechanisms.get(mechanism)?.principalType : undefined;
    if (type !== undefined) principals.add(`${type}:${subject}`);
  }
  return [...principals];
}

function domainsOf(snapshot: Snapshot, endpoint: string | null, deniedAt: string | null): string[] {
  const placements = endpoint === null ? undefined : snapshot.endpoints.get(endpoint)?.placements;
  const domains = placements?.map(({ name }) => name) ?? [];
  if (deniedAt !== null && !domains.includes(deniedAt)) domains.push(deniedAt);
  return domains;
}
