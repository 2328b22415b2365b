import { denialBody, type DenialCode, PROBLEM_MEDIA_TYPE } from '#problem';
import { foldedHeaderName, strippedOf, STRIPPED_HEADERS, type Telling } from '#wire';
import type { Decided, Decision } from '../decision.js';

export type Verdict =
  | {
      readonly kind: 'pass';
      readonly decision: Decided;
      /** Names in lower case that no handler may see. */
      readonly removed: readonly string[];
      /** By names in lower case, over what the client sent. */
      readonly set: ReadonlyMap<string, string>;
    }
  | Refusal;

/** What the client gets in place of an answer. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly status: 401 | 403 | 503;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  /** For a log; absent where the policy denied. */
  readonly because?: string;
}

/** What a request came with, that is judged. */
export interface Sent {
  /** Of every header, in lower case. */
  readonly names: Iterable<string>;
  /** As it came, without query; absent where the target has none. */
  readonly path?: string;
}

type Allowed = Extract<Telling, { 'x-dharma-view': 'allow' }>;

const ESCAPE = /%[0-9a-f]{2}/gi;
/** A visible sign of ASCII as an escape: policies keep it, and routers decode it. Unreserved ones have no second spelling. */
const ESCAPED_SIGN = /%(?:2[1-9a-f]|3[a-f]|40|5[b-e]|60|7[b-e])/i;

/**
 * What a decision means for the request it is about.
 *
 * @param carriesRateLimits  critical rate limits are carried out by the program; else they deny
 */
export function verdictOn(decision: Decision, sent: Sent, carriesRateLimits: boolean): Verdict {
  if (decision.kind === 'unavailable') {
    return refusal('unavailable', undefined, { because: decision.failure.message });
  }
  const { answer, telling, allowed } = decision;
  const { decisionId } = answer;
  if (!allowed) {
    if (telling === undefined || telling['x-dharma-view'] === 'allow') return refusal('forbidden', decisionId);
    return refusal(telling['x-dharma-view'], decisionId, { challenge: telling['x-dharma-challenge'] });
  }
  if (telling !== undefined && telling['x-dharma-view'] !== 'allow') {
    return refusal(telling['x-dharma-view'], decisionId, { because: 'the query says what only a rule may say' });
  }
  if (telling === undefined) {
    return refusal('unavailable', decisionId, { because: 'the server does not tell what services are told' });
  }
  // What was judged is its one reading; the framework's router has read, or will read, the text as it came.
  if (sent.path !== undefined && upper(sent.path) !== upper(telling['x-dharma-path'])) {
    return refusal('forbidden', decisionId, { because: 'the path can be read in two ways' });
  }
  if (sent.path !== undefined && ESCAPED_SIGN.test(sent.path)) {
    return refusal('forbidden', decisionId, { because: 'a router may decode what the judged path keeps' });
  }
  const set = new Map<string, string>();
  const removed = new Set<string>();
  for (const obligation of answer.obligations) {
    switch (obligation.kind) {
      case 'setHeader':
        set.set(obligation.name.toLowerCase(), obligation.value);
        break;
      case 'removeHeader':
        removed.add(obligation.name.toLowerCase());
        break;
      case 'setQueryParameter':
      case 'removeQueryParameter':
        // The framework may have read the query before, and a handler may read the target as it came.
        if (obligation.critical) {
          return refusal('forbidden', decisionId, {
            because: `rule \`${obligation.rule}\` changes the query, and nobody does`,
          });
        }
        break;
      case 'rateLimit':
        if (obligation.critical && !carriesRateLimits) {
          return refusal('forbidden', decisionId, {
            because: `rule \`${obligation.rule}\` limits rates, and nobody does`,
          });
        }
        break;
      default:
        obligation satisfies never;
    }
  }
  for (const [name, value] of told(telling)) set.set(name, value);
  const ruled = new Set(telling['x-dharma-unsaid'].split(',').map(foldedHeaderName));
  // A handler may fold names as well as any other program: what is set stands alone.
  for (const name of set.keys()) ruled.add(foldedHeaderName(name));
  for (const name of strippedOf([...STRIPPED_HEADERS, ...sent.names], new Set(set.keys()), ruled)) removed.add(name);
  for (const name of set.keys()) removed.delete(name);
  return { kind: 'pass', decision, removed: [...removed], set };
}

export function refusal(
  code: DenialCode,
  decisionId?: string,
  { challenge, because }: { readonly challenge?: string; readonly because?: string } = {},
): Refusal {
  const status = STATUS[code];
  return {
    kind: 'refusal',
    status,
    headers: {
      'content-type': PROBLEM_MEDIA_TYPE,
      'cache-control': 'no-store',
      ...(decisionId !== undefined && { 'x-dharma-decision': decisionId }),
      ...(challenge !== undefined && { 'www-authenticate': challenge }),
      ...(status === 503 && { 'retry-after': '1' }),
    },
    body: denialBody(code, status, decisionId),
    ...(because !== undefined && { because }),
  };
}

const STATUS: { readonly [code in DenialCode]: Refusal['status'] } = {
  unauthenticated: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  forbidden: 403,
  unavailable: 503,
};

function told({ 'x-dharma-view': _view, 'x-dharma-unsaid': _unsaid, ...headers }: Allowed): [string, string][] {
  return Object.entries(headers);
}

function upper(path: string): string {
  return path.replace(ESCAPE, (escape) => escape.toUpperCase());
}
