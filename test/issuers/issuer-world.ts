/** A shop that lets in who has a token of one issuer, the program that decides about it, and how to ask it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sha256 } from '../identity/identities.js';
import { endpointOf, sendRaw } from '../support/http.js';
import type { OidcServer } from '../support/oidc-server.js';
import { type Program, startProgram } from '../support/program.js';

/** The API that tokens are for. */
export const AUDIENCE = 'urn:acme:api';
const EDGE_KEY = 'edge.secret-of-edge';
const OPERATOR_TOKEN = 'given.a-token-of-the-tests';
const TARGET = { host: 'shop.example', method: 'GET', path: '/account' };
const PATIENCE_MILLISECONDS = 30_000;

export function issuerWorld(issuer: string): string {
  return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [login]
  boundary: ["shop/*"]
  mechanisms:
    - { name: login, role: access, kind: jwt, jwt: { issuer: "${issuer}", audiences: ["${AUDIENCE}"] } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: shop }
spec: { domains: [acme], hosts: [shop.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec: { rules: [{ id: read, effect: allow, who: { mechanisms: [login] } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec:
  credentials: [{ kind: apiKey, id: edge, sha256: "${sha256('secret-of-edge')}" }]
  mayExplain: true
`;
}

/** What is said about a request with a token. */
export interface Said {
  readonly decision: 'allow' | 'deny';
  /** Why its token was dropped. */
  readonly because: string;
}

/** @param http  address of the check listener */
export async function said(http: string, token: string): Promise<Said> {
  const credentials = { authorization: `Bearer ${token}` };
  const response = await fetch(`http://${http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-dharma-key': EDGE_KEY },
    body: JSON.stringify({ target: TARGET, credentials, explain: true }),
  });
  const { decision, dropped } = (await response.json()) as {
    readonly decision: Said['decision'];
    readonly dropped: readonly { readonly because: string }[];
  };
  return { decision, because: dropped.map(({ because }) => because).join('; ') };
}

/** What nginx is told to say to the client. */
export async function challenged(http: string, token: string): Promise<string | undefined> {
  const lines = [
    `X-Dharma-Key: ${EDGE_KEY}`,
    `X-Original-Method: ${TARGET.method}`,
    `X-Original-Host: ${TARGET.host}`,
    `X-Original-URI: ${TARGET.path}`,
    `Authorization: Bearer ${token}`,
  ];
  const { headers } = await sendRaw(endpointOf(http), ['GET /forward-auth/nginx HTTP/1.1', 'Host: dharma', ...lines]);
  return headers['www-authenticate'];
}

/** How the keys of the one issuer stand. */
export interface IssuerStanding {
  readonly address: string;
  readonly mechanisms: readonly string[];
  readonly keys: number;
  readonly fetchedAt: string | null;
  readonly trouble: string | null;
}

/** The program, on policies and a data folder of its own. */
export class IssuerProgram {
  http = '';
  #admin = '';
  #program: Program | undefined;
  readonly #address: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'dharma-issuers-'));

  constructor({ issuer, address }: OidcServer) {
    this.#address = address;
    mkdirSync(this.#at('policies'));
    writeFileSync(this.#at('policies/acme.yaml'), issuerWorld(issuer));
    writeFileSync(this.#at('token'), OPERATOR_TOKEN, { mode: 0o600 });
  }

  async start(): Promise<void> {
    const ports = ['grpc', 'http', 'admin'].flatMap((name) => [`--${name}-address`, '127.0.0.1:0']);
    this.#program = startProgram(['--policies', this.#at('policies'), '--data-dir', this.#at('data'), ...ports], {
      DHARMA_READY_FILE: this.#at('ready.json'),
      DHARMA_OPERATOR_TOKEN_FILE: this.#at('token'),
      DHARMA_ISSUER_HOSTS: this.#address,
    });
    await this.#program.says('until Ctrl-C');
    ({ http: this.http, admin: this.#admin } = JSON.parse(readFileSync(this.#at('ready.json'), 'utf8')));
  }

  async stop(): Promise<void> {
    this.#program?.process.kill('SIGTERM');
    await this.#program?.ended;
  }

  /** One of the two ways in which an operator has keys fetched at once. */
  hangUp(): void {
    this.#program!.process.kill('SIGHUP');
  }

  /** The other; resolves when they are there, or cannot be had. */
  async refresh(): Promise<void> {
    expect((await this.#ask('POST', '/admin/v1/issuers/refresh')).status).toBe(200);
  }

  async standing(): Promise<IssuerStanding> {
    const response = await this.#ask('GET', '/admin/v1/issuers');
    const { items } = (await response.json()) as { readonly items: readonly IssuerStanding[] };
    expect(items).toHaveLength(1);
    return items[0]!;
  }

  /** What it has logged. */
  get log(): string {
    return this.#program!.output.error;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ask(method: string, path: string): Promise<Response> {
    return fetch(`http://${this.#admin}${path}`, { method, headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } });
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }
}

/** Asks until a token is accepted. */
export function untilAccepted(http: string, token: string): Promise<void> {
  let last = '';
  return until(
    async () => {
      const { decision, because } = await said(http, token);
      last = because;
      return decision === 'allow';
    },
    () => last,
  );
}

/**
 * Looks again and again, until the test is out of patience.
 *
 * @param found  what is there instead, for whoever reads why the test failed
 */
export async function until(holds: () => Promise<boolean>, found = (): string => 'it is not so'): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`out of patience: ${found()}`);
    await pause(20);
  }
}
