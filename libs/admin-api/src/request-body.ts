import type { IncomingMessage } from 'node:http';
import { MAXIMUM_DOCUMENT_BYTES, oversizedDocument } from '#policy';
import { Problem } from '#problem';
import type { BodyShare } from './body-budget.js';
import { GatheredBytes } from './gathered-bytes.js';
import { jsonBody } from './json-body.js';
import { StreamedJson } from './streamed-json.js';

/** Elements of a bundle's lists: as many as it may have files, or documents that go. */
const MAXIMUM_ELEMENTS = 100_000;
/** Values of one of them: a file has two members, and so has the key of a document. */
const MAXIMUM_ELEMENT_VALUES = 64;

/** Bytes of one file, of however many documents: reading it takes about a tenth of a second, in which nobody is answered. */
const MAXIMUM_FILE_BYTES = 8 * 1024 * 1024;

/** A request whose body was not read yet. */
export type UnreadRequest = Pick<IncomingMessage, 'headers' | 'on' | 'off' | 'resume'>;

/**
 * The JSON of a small body.
 *
 * @throws Problem `request-too-large`, `request-not-json`, `request-invalid`
 */
export async function smallBody(request: UnreadRequest, limit: number): Promise<unknown> {
  const bytes = new GatheredBytes();
  await eachChunk(request, limit, (chunk) => bytes.add(chunk));
  return bytes.length === 0 ? undefined : jsonBody(bytes.take());
}

/**
 * The JSON of a body that holds a bundle, read as it comes: between any two chunks others are answered, and of what is not
 * as it may be the first chunk that shows it is the last that is looked at.
 *
 * @param restBytes  how much there may be beside files and names of documents
 * @param share  what is held of it counts there
 * @throws Problem `request-too-large`, `document-too-large`, `file-too-large`, `bodies-too-many`, `request-not-json`, `request-invalid`
 */
export async function bundleBody(
  request: UnreadRequest,
  limit: number,
  restBytes: number,
  share: BodyShare,
): Promise<unknown> {
  const limits = {
    restBytes,
    elements: MAXIMUM_ELEMENTS,
    elementValues: MAXIMUM_ELEMENT_VALUES,
    elementBytes: MAXIMUM_FILE_BYTES,
    documentBytes: MAXIMUM_DOCUMENT_BYTES,
  };
  const reader = new StreamedJson(limits, refuseOversized);
  await eachChunk(request, limit, (chunk) => {
    share.take(chunk.length);
    reader.push(chunk);
  });
  return reader.end();
}

/** What is no file is for others to refuse. @throws Problem `document-too-large` */
function refuseOversized(element: unknown): void {
  const { file, text } = (element ?? {}) as { readonly file?: unknown; readonly text?: unknown };
  if (typeof file !== 'string' || typeof text !== 'string') return;
  const place = oversizedDocument({ file, text });
  if (place === undefined) return;
  throw new Problem('document-too-large', { file, line: place.line, limit: MAXIMUM_DOCUMENT_BYTES });
}

/** @throws Problem `request-too-large`, also before anything is read; what `take` throws; `request-malformed` */
function eachChunk(request: UnreadRequest, limit: number, take: (chunk: Buffer) => void): Promise<void> {
  const tooLarge = () => new Problem('request-too-large', { limit });
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((read, refuse) => {
    let bytes = 0;
    const end = (fault?: unknown): void => {
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      if (fault === undefined) {
        read();
        return;
      }
      // The answer goes out at once; what is still on its way is let by, for as long as a request may take.
      request.resume();
      refuse(fault);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      try {
        if (bytes > limit) throw tooLarge();
        take(chunk);
      } catch (fault) {
        end(fault);
      }
    };
    const onEnd = (): void => end();
    const onBroken = (): void => end(new Problem('request-malformed', { fault: 'the body ends too early' }));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}
