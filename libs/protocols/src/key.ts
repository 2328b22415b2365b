import type { Metadata } from '@grpc/grpc-js';
import { valuesOf } from '#http';

/** The header, and the metadata key, in which an enforcement point shows its key. */
const KEY_HEADER = 'x-dharma-key';
const BEARER = /^bearer +(\S+)$/i;

/** The key that a message shows. What is unclear is never taken for the absence of a key. */
export type ShownKey =
  | { readonly kind: 'none' }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'unclear'; readonly because: string };

interface Message {
  readonly rawHeaders: readonly string[];
}

/** Where `authorization` is the client's: the key in its own header. */
export function keyOf(message: Message): ShownKey {
  return onlyKey(valuesOf(message, KEY_HEADER));
}

/** Where `authorization` is the caller's own: the key in either header. */
export function keyOrBearerOf(message: Message): ShownKey {
  const key = keyOf(message);
  const credentials = valuesOf(message, 'authorization');
  if (key.kind === 'unclear' || credentials.length === 0) return key;
  if (credentials.length > 1) return { kind: 'unclear', because: '`authorization` came more than once' };
  const bearer = BEARER.exec(credentials[0]!)?.[1];
  if (bearer === undefined) return { kind: 'unclear', because: '`authorization` is no bearer key' };
  if (key.kind === 'key' && key.key !== bearer) return { kind: 'unclear', because: 'it shows two different keys' };
  return { kind: 'key', key: bearer };
}

export function keyInMetadata(metadata: Metadata): ShownKey {
  return onlyKey(metadata.get(KEY_HEADER).map(String));
}

function onlyKey(values: readonly string[]): ShownKey {
  if (values.length === 0) return { kind: 'none' };
  if (values.length > 1) return { kind: 'unclear', because: `\`${KEY_HEADER}\` came more than once` };
  return { kind: 'key', key: values[0]! };
}
