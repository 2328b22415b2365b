import { encodeAuthorizationResponse, encodeUser, type Permission } from '@nats-io/jwt';
import type { KeyPair } from '@nats-io/nkeys';
import type { NatsClient } from './authorization-request.js';
import type { Granted, Refused } from './permissions.js';

/** As whom, and into what, clients are let in. */
export interface Issuing {
  /** The key of an account whose public half NATS knows as `issuer`. */
  readonly issuer: KeyPair;
  /** The account of the clients. */
  readonly account: string;
  /** Whoever gets a message with a reply subject may answer it there. */
  readonly mayAnswer: boolean;
}

/** A reply subject is open for one answer, and so long, in nanoseconds. */
const ANSWERS: { readonly max: number; readonly ttl: number } = { max: 1, ttl: 60e9 };
const EVERYTHING = '>';

/** The JWT that NATS reads: whom it lets in with what, or that it does not. */
export async function writeAuthorizationResponse(
  { userKey, serverId }: NatsClient,
  verdict: Granted | Refused,
  { issuer, account, mayAnswer }: Issuing,
): Promise<string> {
  const content =
    verdict.kind === 'refused'
      ? { error: verdict.because }
      : {
          jwt: await encodeUser(
            verdict.name,
            userKey,
            issuer,
            {
              pub: permission(verdict.publish),
              sub: permission(verdict.subscribe),
              ...(mayAnswer && { resp: ANSWERS }),
            },
            { aud: account, exp: verdict.until },
          ),
        };
  return encodeAuthorizationResponse(userKey, serverId, issuer, content, {});
}

/** A list of nothing is, to NATS, no limit at all. */
function permission(subjects: readonly string[]): Partial<Permission> {
  return subjects.length === 0 ? { deny: [EVERYTHING] } : { allow: [...subjects] };
}
