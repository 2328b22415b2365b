import type { AccessRequest, Reason, World } from '#engine';
import { agree, hear, type Statement } from './agreement.js';
import type { Answerer, Voice } from './voices.js';

/** A voice, and which part of the requests it is asked. */
export interface AskedVoice {
  readonly voice: Voice;
  /** From 0 to 1, spread evenly; 1 asks it everything. */
  readonly share: number;
}

export interface Counts {
  /** Requests answered alike so far. */
  readonly requests: number;
  /** How often each voice was asked. */
  readonly asked: { readonly [voice: string]: number };
  readonly byReason: { readonly [reason in Reason]?: number };
  /** Allows that only report mode let through. */
  readonly wouldDeny: number;
}

export type Verification =
  | { readonly kind: 'agreement'; readonly counts: Counts }
  | {
      readonly kind: 'difference';
      readonly counts: Counts;
      /** How many requests came before it. */
      readonly index: number;
      readonly request: AccessRequest;
      readonly statements: readonly Statement[];
    };

export interface VerifyOptions {
  readonly world: World;
  readonly requests: Iterable<AccessRequest>;
  readonly voices: readonly AskedVoice[];
  /** Called after every {@link PROGRESS_INTERVAL} requests. */
  readonly onProgress?: (counts: Counts) => void;
}

/** Requests between two calls of `onProgress`. */
export const PROGRESS_INTERVAL = 500;

/** Asks every voice and stops at the first request on which two differ. The first voice's answers are counted. */
export async function verify({ world, requests, voices, onProgress }: VerifyOptions): Promise<Verification> {
  const prepared = new Map<Voice['name'], Answerer>();
  for (const { voice, share } of voices) {
    if (share > 0) prepared.set(voice.name, await voice.prepare(world));
  }
  const asked: { [voice: string]: number } = {};
  const byReason: { [reason in Reason]?: number } = {};
  let wouldDeny = 0;
  let index = 0;
  const counts = (): Counts => ({ requests: index, asked: { ...asked }, byReason: { ...byReason }, wouldDeny });
  for (const request of requests) {
    const turn = voices.filter(({ share }) => isTurn(share, index)).map(({ voice }) => voice.name);
    const statements = await hear(new Map(turn.map((name) => [name, prepared.get(name)!])), request);
    if (!agree(statements)) return { kind: 'difference', counts: counts(), index, request, statements };
    for (const name of turn) asked[name] = (asked[name] ?? 0) + 1;
    const said = statements[0]?.said;
    if (said !== undefined && 'reason' in said) {
      byReason[said.reason] = (byReason[said.reason] ?? 0) + 1;
      if (said.wouldDeny !== undefined) wouldDeny += 1;
    }
    index += 1;
    if (index % PROGRESS_INTERVAL === 0) onProgress?.(counts());
  }
  return { kind: 'agreement', counts: counts() };
}

/** Spreads a share evenly over the requests, the first included. */
function isTurn(share: number, index: number): boolean {
  return Math.ceil((index + 1) * share) > Math.ceil(index * share);
}
