import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  AdminApiModule,
  type AdminApiParts,
  type PastExplanation,
  type PastRequest,
  prepareAdminApi,
  ServerLink,
  type ServerStatus,
} from '#admin-api';
import type { IssuerStanding } from '#identity';
import type { SourceFile } from '#policy';

export const STATUS: ServerStatus = {
  version: '0.0.0',
  mode: 'enforce',
  source: 'database',
  ready: { ready: true },
  policy: { epoch: 1, number: 7, contentHash: 'a'.repeat(64), ageSeconds: 3 },
  feed: { state: 'current' },
  addresses: { grpc: '127.0.0.1:1', http: '127.0.0.1:2', admin: '127.0.0.1:3' },
  uptimeSeconds: 60,
};

/** A serving thread that says what a test wants. */
export class ScriptedServer extends ServerLink {
  answer: () => Promise<ServerStatus> = async () => STATUS;
  files: readonly SourceFile[] = [];
  /** Of its one issuer; each refresh finds another one. */
  keys = 1;

  status(): Promise<ServerStatus> {
    return this.answer();
  }

  async metrics(): Promise<string> {
    await this.answer();
    return '# TYPE dharma_policy_revision gauge\ndharma_policy_revision 7\n';
  }

  async documents(): Promise<readonly SourceFile[]> {
    return this.files;
  }

  async issuers(): Promise<readonly IssuerStanding[]> {
    return [
      {
        address: 'https://login.acme.example/',
        mechanisms: ['login'],
        keys: this.keys,
        fetchedAt: 0,
        trouble: undefined,
      },
    ];
  }

  async refreshIssuers(): Promise<void> {
    this.keys += 1;
  }

  /** What was asked to be explained. */
  readonly explained: PastRequest[] = [];
  explanation: PastExplanation = { kind: 'revision-gone' };

  async explainPast(asked: PastRequest): Promise<PastExplanation> {
    this.explained.push(asked);
    return this.explanation;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test compares
  readonly json: any;
}

export interface TestAdmin {
  readonly app: NestFastifyApplication;
  /** With the operator token of the server unless said otherwise. */
  ask(method: string, path: string, more?: Asked): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Asked {
  /** Sent as JSON; a text is sent to the letter. */
  readonly body?: unknown;
  readonly headers?: { readonly [name: string]: string };
  /** Null: none is sent. */
  readonly token?: string | null;
}

export const TOKEN = 'given.token-of-this-test';

/**
 * The admin API on a free loopback port.
 *
 * @param listener  how it listens, where that is another way
 */
export async function startTestAdmin(
  parts: Omit<AdminApiParts, 'operatorToken'>,
  listener: ConstructorParameters<typeof FastifyAdapter>[0] = {},
): Promise<TestAdmin> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AdminApiModule.with({ ...parts, operatorToken: TOKEN }),
    new FastifyAdapter({ forceCloseConnections: true, ...listener } as object),
    { logger: ['error'], bodyParser: false, abortOnError: false },
  );
  prepareAdminApi(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    app,
    async ask(method, path, { body, headers = {}, token = TOKEN } = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: text }),
        redirect: 'manual',
      });
      const received = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text: received,
        json: isJson ? JSON.parse(received) : undefined,
      };
    },
    stop: () => app.close(),
  };
}
