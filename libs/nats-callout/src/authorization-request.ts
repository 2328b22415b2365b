import { decode, type AuthorizationRequest } from '@nats-io/jwt';

/** A client that a NATS server wants to know about. */
export interface NatsClient {
  /** The key by which the server names the connection; the answer is for it alone. */
  readonly userKey: string;
  /** The server that asks; the answer is for it alone. */
  readonly serverId: string;
  /** As the client says it; absent: it says none. */
  readonly user: string | undefined;
  /** What the client proves itself by; absent: nothing. */
  readonly secret: string | undefined;
}

const AUDIENCE = 'nats-authorization-request';
const TYPE = 'authorization_request';
/** Of servers and of users, as NATS writes public keys. */
const SERVER_KEY = /^N[A-Z2-7]{55}$/;
const USER_KEY = /^U[A-Z2-7]{55}$/;
/** Longer than any token that Dharma reads. */
const MAXIMUM_SECRET = 16 * 1024;

/**
 * What a server asks, if it was a server that signed it for a callout, and just now.
 *
 * @param text  a JWT of NATS
 * @param now   milliseconds since the epoch
 * @returns why it is no such question
 */
export function readAuthorizationRequest(text: string, now: number): NatsClient | string {
  let claims;
  try {
    claims = decode<AuthorizationRequest>(text);
  } catch {
    return 'it is not signed by the key that it names';
  }
  const { aud, iss, exp, nats } = claims;
  if (aud !== AUDIENCE || nats?.type !== TYPE) return 'it is meant for something else';
  if (typeof exp === 'number' && exp * 1000 <= now) return 'it is old';
  const { server_id: server, user_nkey: userKey, connect_opts: options } = nats;
  if (typeof iss !== 'string' || !SERVER_KEY.test(iss) || server?.id !== iss) return 'it is signed by no server';
  if (typeof userKey !== 'string' || !USER_KEY.test(userKey)) return 'it names no connection';
  const user = textIn(options?.user);
  const secrets = [textIn(options?.pass), textIn(options?.auth_token)].filter((secret) => secret !== undefined);
  // Of two, one might be judged and the other meant.
  if (secrets.length > 1) return 'the client proves itself by more than one secret';
  if ((secrets[0]?.length ?? 0) > MAXIMUM_SECRET) return 'the secret of the client is too long';
  return { userKey, serverId: iss, user, secret: secrets[0] };
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
