/** Hostile and harmless targets through every protocol of running listeners: each door says what the policy says. */
import { readFileSync } from 'node:fs';
import { METHODS } from 'node:http';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { DecisionRecord } from '#decision';
import { canonicalPath } from '#engine';
import { type CheckListeners, clientOf, startCheckListeners, type Untyped } from '../../protocols/check-listeners.js';
import { sendRaw } from '../../support/http.js';
import { type Asked, TARGETS, type TargetJson, type Verdict } from './targets.js';

/** All of them, one after the other, on a busy machine. */
jest.setTimeout(240_000);

/** What a gateway is told. */
interface Told {
  readonly allowed: boolean;
  /** The judged path, which it is to forward; undefined where the protocol does not say. */
  readonly path?: string | undefined;
}

interface Door {
  readonly name: string;
  /** Where bytes beyond ASCII in a path are refused, because programs read them in different ways. */
  readonly isHttp: boolean;
  /** Whether the target can be said there, to the letter. */
  readonly carries: (asked: Asked) => boolean;
  readonly ask: (asked: Asked) => Promise<Told>;
}

let server: CheckListeners;
let decisions: Untyped;
let authorization: Untyped;

beforeAll(async () => {
  server = await startCheckListeners(policy('a'));
  decisions = clientOf('dharma.v1.Decisions', server.grpc);
  authorization = clientOf('envoy.service.auth.v3.Authorization', server.grpc);
});

afterAll(async () => {
  decisions.close();
  authorization.close();
  await server.stop();
});

const DOORS: readonly Door[] = [
  {
    name: 'POST /v1/decide',
    isHttp: false,
    carries: () => true,
    async ask({ target, headers }) {
      const response = await fetch(`http://${server.http.host}:${server.http.port}/v1/decide`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ target, headers }),
      });
      expect(response.status).toBe(200);
      return { allowed: ((await response.json()) as Untyped).decision === 'allow' };
    },
  },
  {
    name: 'dharma.v1',
    isHttp: false,
    carries: ({ target }) => isWellFormed(target),
    async ask({ target, headers }) {
      const answer = await called(decisions, 'Decide', { target: messageOf(target), headers });
      return { allowed: answer.decision === 'DECISION_ALLOW' };
    },
  },
  {
    name: 'Check',
    isHttp: false,
    carries: ({ target }) => isAddress(target) && isWellFormed(target),
    async ask({ target, headers }) {
      const attributes = { request: { http: { ...target, headers } } };
      const { status, okResponse } = await called(authorization, 'Check', { attributes });
      const judged = okResponse?.headers.find(({ header }: Untyped) => header.key === 'x-dharma-path');
      return { allowed: status.code === 0, path: judged?.header.value };
    },
  },
  {
    name: '/forward-auth/nginx',
    isHttp: true,
    carries: ({ target }) => isAddress(target) && Object.values(target).every(isFieldValue),
    ask: ({ target, headers }) =>
      forwardAuth('GET /forward-auth/nginx', {
        Host: 'dharma',
        'X-Original-Method': target['method'],
        'X-Original-Host': target['host'],
        'X-Original-URI': target['path'],
        ...headers,
      }),
  },
  {
    name: '/forward-auth/caddy',
    isHttp: true,
    carries: ({ target }) => isAddress(target) && Object.values(target).every(isFieldValue),
    ask: ({ target, headers }) =>
      forwardAuth('GET /forward-auth/caddy?x=/../', {
        Host: 'dharma',
        'X-Forwarded-Method': target['method'],
        'X-Forwarded-Host': target['host'],
        'X-Forwarded-Uri': target['path'],
        ...headers,
      }),
  },
  {
    name: '/forward-auth/envoy',
    isHttp: true,
    carries: ({ target }) =>
      isAddress(target) && METHODS.includes(target['method'] as string) && Object.values(target).every(isFieldValue),
    ask: ({ target, headers }) =>
      forwardAuth(`${String(target['method'])} /forward-auth/envoy${String(target['path'])}`, {
        Host: target['host'],
        ...headers,
      }),
  },
];

describe.each(['a', 'b'] as const)('policy %s', (name) => {
  beforeAll(() => server.put(policy(name)));

  it.each(DOORS.map((door) => [door.name, door] as const))('%s', async (_, door) => {
    const carried = TARGETS.filter(door.carries);
    // A door that carried next to nothing would pass with ease.
    expect(carried.length).toBeGreaterThan(350);
    const wrong: string[] = [];
    for (const asked of carried) {
      const before = server.decisions.length;
      const seen = await door.ask(asked);
      const record = server.decisions[before];
      const expected = verdictAt(door, asked, asked.verdicts[name]);
      const fault = faultOf(seen, record, expected, asked.target);
      if (fault !== undefined) wrong.push(`${asked.because} (${expected}): ${fault}`);
    }
    expect(wrong).toEqual([]);
  });
});

function verdictAt({ isHttp }: Door, { target }: Asked, verdict: Verdict): Verdict {
  return isHttp && /\P{ASCII}/u.test(String(target['path'])) ? 'refused' : verdict;
}

/** @param record  what the server logged; none where it was no message at all to the parser of the listener */
function faultOf(
  { allowed, path }: Told,
  record: DecisionRecord | undefined,
  expected: Verdict,
  target: TargetJson,
): string | undefined {
  if (record === undefined) return allowed || expected !== 'refused' ? 'there was no decision' : undefined;
  if (allowed !== (record.decision === 'allow')) return 'the gateway is told something else than the log';
  if (verdictOf(record) !== expected) return `it is ${verdictOf(record)}`;
  if (path !== undefined && path !== canonicalPath(String(target['path']))?.path) return `the path is ${path}`;
  return undefined;
}

function verdictOf({ decision, reason, endpoint }: DecisionRecord): Verdict {
  if (decision === 'allow') return endpoint!;
  switch (reason) {
    case 'INVALID_REQUEST':
      return 'refused';
    case 'UNKNOWN_ENDPOINT':
      return 'unknown';
    case 'DENY_RULE':
      return 'deny';
    default:
      return reason;
  }
}

function policy(name: string): string {
  return readFileSync(join(import.meta.dirname, `policy-${name}.yaml`), 'utf8');
}

function called(client: Untyped, method: string, message: object): Promise<Untyped> {
  return new Promise((done, failed) => {
    client[method](message, (fault: unknown, answer: unknown) => (fault ? failed(fault) : done(answer)));
  });
}

/** Only 200 allows; every other answer has to be one on which no gateway lets anything pass. */
async function forwardAuth(line: string, fields: { readonly [name: string]: unknown }): Promise<Told> {
  const text = (value: unknown) => Buffer.from(String(value)).toString('latin1');
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${text(value)}`);
  const { status, headers } = await sendRaw(server.http, [`${text(line)} HTTP/1.1`, ...lines]);
  expect(status === 200 || (status >= 400 && status < 500)).toBe(true);
  return { allowed: status === 200, path: headers['x-dharma-path'] };
}

function messageOf(target: TargetJson): object {
  if ('endpoint' in target) return { endpoint: target };
  if ('rpc' in target) return { rpc: target };
  if ('topic' in target) return { topic: target };
  return 'host' in target ? { address: target } : { resourceAction: target };
}

/** Method, host and path: the only kind of target that gateways ask about. */
function isAddress(target: TargetJson): boolean {
  return 'host' in target && 'path' in target;
}

/** Half a surrogate pair cannot be written in UTF-8. */
function isWellFormed(target: TargetJson): boolean {
  const text = JSON.stringify(target, (_name, member: unknown) =>
    typeof member === 'string' ? Buffer.from(member).toString() : member,
  );
  return text === JSON.stringify(target);
}

/** A line end would end the field, and blanks around a value are no part of it. */
function isFieldValue(text: unknown): boolean {
  return typeof text === 'string' && !/[\r\n]|^[ \t]|[ \t]$/.test(text) && isWellFormed({ text });
}
