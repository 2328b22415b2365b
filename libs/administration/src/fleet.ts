import type { RevisionMark } from './revision.js';

/** What a server says of itself, again and again. */
export interface Heartbeat {
  /** Another one for each start, so that no server hides behind another; visible ASCII, at most 100 characters. */
  readonly server: string;
  readonly version: string;
  /** Of its admin listener, as the server knows it. */
  readonly address: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** What is in force there; null before the first policy. */
  readonly policy: (RevisionMark & { readonly ageSeconds: number }) | null;
}

/** A server as it was last heard of. */
export interface ServerSeen extends Heartbeat {
  /** Milliseconds since 1970, by the store's clock. */
  readonly lastSeenAt: number;
  /** How long ago that is, by the same clock. */
  readonly seenSecondsAgo: number;
}

/** A server that was not heard of for so long is stopped, cut off, or as good as that. */
export const SILENT_SECONDS = 30;

/** Which servers follow a store. Each says so itself, so it is a help for people and no evidence. */
export abstract class Fleet {
  /** Puts one server's word in the place of its last one. Those not heard of for ten minutes are forgotten. */
  abstract beat(heartbeat: Heartbeat): Promise<void>;

  /** A server that stops says so. */
  abstract leave(server: string): Promise<void>;

  /** By name; at most 1,000. */
  abstract list(): Promise<readonly ServerSeen[]>;
}

/**
 * Servers that were heard of lately and do not decide by a revision, or by a later one, yet: what a publisher waits for.
 *
 * @param mark  without an epoch: whichever
 */
export function behind(
  servers: readonly ServerSeen[],
  { epoch, number }: { readonly epoch?: number | undefined; readonly number: number },
): readonly ServerSeen[] {
  return servers.filter(({ policy, seenSecondsAgo }) => {
    if (seenSecondsAgo > SILENT_SECONDS) return false;
    if (policy === null) return true;
    return epoch === undefined || policy.epoch === epoch ? policy.number < number : policy.epoch < epoch;
  });
}
