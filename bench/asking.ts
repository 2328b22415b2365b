/** Clients of both check listeners, with the key of the one enforcement point that the policies of a bench have. */
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { grpcDefinition } from '#protocols';
import type { Host } from './host.js';

const SECRET = 'a-secret-of-the-bench';
const KEY = `edge-1.${SECRET}`;
/** The credential of the enforcement point. */
export const CREDENTIAL = { kind: 'apiKey', id: 'edge-1', sha256: createHash('sha256').update(SECRET).digest('hex') };

const REQUEST_ID = '47688731-0000-4000-8000-000000000000';

export interface Asked {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** SPIFFE ID of the caller, of the mechanism `mesh`. */
  readonly caller?: string;
  /** Whom the mechanism `login` vouches for. */
  readonly user?: string;
}

/** @returns what came back */
export type Ask = (asked: Asked) => Promise<object>;

/** @param connections  at once */
export function askOverHttp({ addresses: { http } }: Host, connections: number, key = KEY): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const [host, port] = http.split(':') as [string, string];
  return ({ caller, user, ...target }) =>
    new Promise((done, failed) => {
      const body = JSON.stringify({
        target,
        evidence: [
          ...(caller === undefined ? [] : [{ role: 'trust', mechanism: 'mesh', subject: caller }]),
          ...(user === undefined ? [] : [{ role: 'access', mechanism: 'login', subject: user }]),
        ],
        headers: { 'user-agent': 'bench', accept: 'application/json', 'x-request-id': REQUEST_ID },
      });
      const asking = request(
        {
          agent,
          host,
          port,
          method: 'POST',
          path: '/v1/decide',
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'x-dharma-key': key,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.once('end', () => {
            if (response.statusCode === 200) done(JSON.parse(Buffer.concat(pieces).toString()) as object);
            else failed(new Error(`status ${response.statusCode}`));
          });
        },
      );
      asking.once('error', failed);
      asking.end(body);
    });
}

export function askOverGrpc({ addresses: { grpc } }: Host): Ask {
  const { envoy } = loadPackageDefinition(grpcDefinition()) as never as {
    readonly envoy: {
      readonly service: {
        readonly auth: { readonly v3: { readonly Authorization: new (...words: unknown[]) => GrpcClient } };
      };
    };
  };
  const client = new envoy.service.auth.v3.Authorization(grpc, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('x-dharma-key', KEY);
  return ({ host, method, path, caller = '' }) =>
    new Promise((done, failed) => {
      const headers = {
        ':path': path,
        ':method': method,
        ':authority': host,
        'user-agent':
          'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
        accept: 'application/json',
        'accept-language': 'pt-PT,pt;q=0.9',
        'x-request-id': REQUEST_ID,
      };
      const http = { method, path, host, protocol: 'HTTP/1.1', headers };
      const attributes = { source: { principal: caller }, request: { http } };
      client.Check({ attributes }, metadata, (fault, answer) => (fault ? failed(fault) : done(answer)));
    });
}

interface GrpcClient {
  Check(message: object, metadata: Metadata, answered: (fault: Error | null, answer: object) => void): void;
}
