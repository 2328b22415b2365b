import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';

export const DISCOVERY = '/.well-known/openid-configuration';
export const KEYS = '/jwks';

/** What an issuer can do wrong when one of its documents is asked for. */
export type Fault =
  /** Answers, and takes its time. */
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** Ten megabytes, of which the first members are the right ones. */
  | { readonly kind: 'huge' }
  /** The right members, and these in place of some. */
  | { readonly kind: 'edited'; readonly members: object }
  | { readonly kind: 'redirect'; readonly to: string }
  /** Closes the connection without a word. */
  | { readonly kind: 'dropped' }
  /** A page for people. */
  | { readonly kind: 'page' }
  | { readonly kind: 'status'; readonly status: number };

/** A real issuer on a loopback port, in front of which faults can be put. */
export interface OidcServer {
  readonly issuer: string;
  /** `host:port` */
  readonly address: string;
  /** How often a path was asked for, at its address; asking for tokens here is not counted. */
  requests(path: string): number;
  /** A JWT for an API, by the grant `client_credentials`; its subject is the client. Also while it is down or faulty. */
  accessToken(audience: string): Promise<string>;
  /** An ID token about a user, whose audience is the client, by the grant `authorization_code`. */
  idToken(subject: string): Promise<string>;
  /** Starts anew with another key; the old one is not published any more. */
  rotate(): void;
  /** Until it is told otherwise. */
  misbehave(path: string, fault: Fault | undefined): void;
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** The one client that it knows. */
export const CLIENT = 'shop';
const SECRET = 'a-secret-of-the-shop';
const BACK = 'https://shop.example/back';
const TOKEN_SECONDS = 600;
const HUGE_BYTES = 10_000_000;

/** @param tls  certificate and key in PEM: it is asked by `https` then, and by the name `localhost` */
export async function startOidcServer(tls?: { readonly cert: string; readonly key: string }): Promise<OidcServer> {
  const counts = new Map<string, number>();
  const faults = new Map<string, Fault>();
  let rotations = 0;
  let provider: Provider;
  let answer: RequestListener;

  const front = tls === undefined ? createServer() : createTlsServer(tls);
  const port = await listen(front, 0);
  // Tokens are asked for at an address of their own, where nothing is ever wrong.
  const inner = createServer((request, response) => answer(request, response));
  const innerAddress = `http://127.0.0.1:${await listen(inner, 0)}`;
  const address = tls === undefined ? `127.0.0.1:${port}` : `localhost:${port}`;
  const issuer = `${tls === undefined ? 'http' : 'https'}://${address}`;

  const rotate = (): void => {
    rotations += 1;
    provider = newProvider(issuer, `key-${rotations}`);
    answer = provider.callback();
  };
  rotate();

  const rightMembers = async (path: string): Promise<object> => {
    const text = await (await fetch(`${innerAddress}${path}`)).text();
    return JSON.parse(text.replaceAll(innerAddress, issuer)) as object;
  };

  front.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url!.split('?')[0]!;
    counts.set(path, (counts.get(path) ?? 0) + 1);
    const right = () => answer(request, response);
    const fault = faults.get(path);
    if (fault === undefined) right();
    else void misanswer(fault, response, right, () => rightMembers(path));
  });

  const tokens = async (parameters: {
    readonly [name: string]: string;
  }): Promise<{ readonly [name: string]: string }> => {
    const response = await fetch(`${innerAddress}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` },
      body: new URLSearchParams(parameters),
    });
    if (!response.ok) throw new Error(`no token: ${await response.text()}`);
    return (await response.json()) as { readonly [name: string]: string };
  };

  const goDown = async (): Promise<void> => {
    if (front.listening) await close(front);
  };

  return {
    issuer,
    address,
    requests: (path) => counts.get(path) ?? 0,
    accessToken: async (audience) =>
      (await tokens({ grant_type: 'client_credentials', resource: audience }))['access_token']!,
    async idToken(subject) {
      const code = await codeFor(provider, subject);
      return (await tokens({ grant_type: 'authorization_code', code, redirect_uri: BACK }))['id_token']!;
    },
    rotate,
    misbehave(path, fault) {
      if (fault === undefined) faults.delete(path);
      else faults.set(path, fault);
    },
    goDown,
    async comeBack() {
      await listen(front, port);
    },
    async stop() {
      await goDown();
      await close(inner);
    },
  };
}

function newProvider(issuer: string, kid: string): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new Provider(issuer, {
    adapter: (name: string) => new MemoryAdapter(name),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        grant_types: ['client_credentials', 'authorization_code'],
        redirect_uris: [BACK],
      },
    ],
    cookies: { keys: ['a key of the tests'] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, audience: string) => ({
          audience,
          scope: '',
          accessTokenFormat: 'jwt',
          accessTokenTTL: TOKEN_SECONDS,
        }),
      },
    },
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: { AccessToken: TOKEN_SECONDS, ClientCredentials: TOKEN_SECONDS, Grant: TOKEN_SECONDS, IdToken: TOKEN_SECONDS },
  });
}

/** What a user's browser would bring back after they have signed in and agreed. */
async function codeFor(provider: Provider, accountId: string): Promise<string> {
  const grant = new provider.Grant({ clientId: CLIENT, accountId });
  grant.addOIDCScope('openid');
  const grantId = await grant.save();
  const client = await provider.Client.find(CLIENT);
  return new provider.AuthorizationCode({ accountId, client, grantId, scope: 'openid', redirectUri: BACK }).save();
}

/**
 * @param right  answers as the issuer does
 * @param members  of that answer
 */
async function misanswer(
  fault: Fault,
  response: ServerResponse,
  right: () => void,
  members: () => Promise<object>,
): Promise<void> {
  switch (fault.kind) {
    case 'slow':
      setTimeout(right, fault.milliseconds).unref();
      break;
    case 'huge':
      sendJson(response, { ...(await members()), padding: 'x'.repeat(HUGE_BYTES) });
      break;
    case 'edited':
      sendJson(response, { ...(await members()), ...fault.members });
      break;
    case 'redirect':
      response.writeHead(302, { location: fault.to }).end();
      break;
    case 'dropped':
      response.destroy();
      break;
    case 'page':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Maintenance</title>');
      break;
    case 'status':
      response.writeHead(fault.status).end();
      break;
    default:
      fault satisfies never;
  }
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
