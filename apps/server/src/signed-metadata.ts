import { readFile } from 'node:fs/promises';
import { Problem } from '#problem';
import { signedMetadata } from '#protocols';
import type { ServerConfig } from './config.js';

/**
 * The metadata of AuthZEN, signed; undefined where there is no key for it.
 *
 * @param now  milliseconds since the epoch
 * @throws Problem `setting-invalid` when the key cannot be used
 */
export async function signedMetadataOf(
  { publicUrl, metadataKey }: Pick<ServerConfig, 'publicUrl' | 'metadataKey'>,
  now: number,
): Promise<string | undefined> {
  if (publicUrl === undefined || metadataKey === undefined) return undefined;
  try {
    return await signedMetadata(publicUrl, await readFile(metadataKey, 'utf8'), Math.floor(now / 1000));
  } catch (fault) {
    throw new Problem('setting-invalid', {
      faults: `\`DHARMA_METADATA_KEY\`: \`${metadataKey}\` cannot be used: ${(fault as Error).message}`,
    });
  }
}
