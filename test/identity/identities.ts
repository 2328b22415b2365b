/** Identities prepared from documents, as a server prepares them, and the little that a test has to say of a message. */
import { createHash } from 'node:crypto';
import type { Evidence } from '#engine';
import {
  Identity,
  type IdentityParts,
  identitySettings,
  type Judged,
  KeyRing,
  type KnownCaller,
  type Peer,
  type Presented,
} from '#identity';
import { loadBundle } from '#policy';

export const NOW = Date.parse('2026-12-24T12:00:00Z');

/** @param documents  YAML of a valid set */
export async function identityOf(documents: string, parts: Partial<IdentityParts> = {}): Promise<Identity> {
  const bundle = loadBundle([{ file: 'set.yaml', text: documents }]);
  expect(bundle.faults).toEqual([]);
  const settings = identitySettings(bundle.documents.map(({ document }) => document));
  return Identity.prepare(settings, { keys: new KeyRing(), onlyLocal: true, ...parts });
}

export function peer(differing: Partial<Peer>): Peer {
  return { listener: 'tcp', address: '192.0.2.1', key: undefined, certificateUris: [], ...differing };
}

export function presented(differing: Partial<Presented>): Presented {
  return { asserted: [], credentials: {}, reported: {}, ...differing };
}

/** The enforcement point of that name; it proves itself by the key `NAME.secret-of-NAME`. */
export function callerNamed(identity: Identity, name: string): KnownCaller {
  const caller = identity.caller(peer({ key: `${name}.secret-of-${name}` }), NOW);
  if (caller.kind !== 'known') throw new Error(caller.reason);
  return caller;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function item(differing: Partial<Evidence> & Pick<Evidence, 'mechanism' | 'subject'>): Evidence {
  return { role: 'trust', verified: false, scopes: [], groups: [], claims: {}, attributes: {}, ...differing };
}

/** `mechanism subject`, with a `?` in front of what is not verified. */
export function shown({ evidence }: Judged): readonly string[] {
  return evidence.map(({ mechanism, subject, verified }) => `${verified ? '' : '?'}${mechanism} ${subject}`);
}

/** `mechanism: because`. */
export function reasons({ dropped }: Judged): readonly string[] {
  return dropped.map(({ mechanism, because }) => `${mechanism ?? '-'}: ${because}`);
}
