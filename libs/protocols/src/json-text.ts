import { Problem } from '#problem';

/** Largest body, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;

const DECODER = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a body that came as `application/json`.
 *
 * @throws Problem `request-not-json`, `request-too-large`
 */
export function textOf(body: unknown): string {
  if (!(body instanceof Uint8Array)) throw new Problem('request-not-json', { fault: 'it is empty' });
  if (body.byteLength > MAX_BODY_BYTES) throw new Problem('request-too-large', { limit: MAX_BODY_BYTES });
  try {
    return DECODER.decode(body);
  } catch {
    throw new Problem('request-not-json', { fault: 'it is not UTF-8' });
  }
}
