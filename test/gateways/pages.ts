import { readFile } from 'node:fs/promises';
import { replaced } from '../support/gateway.js';

/**
 * The blocks that a page below docs/gateways shows under a heading.
 *
 * @param files  what stands in place of each text that the section names, exactly once
 */
export async function blocksUnder(
  page: string,
  heading: string,
  files: { readonly [named: string]: string },
): Promise<readonly string[]> {
  const text = await readFile(new URL(`../../docs/gateways/${page}`, import.meta.url), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const blocks = replaced(section, Object.entries(files)).matchAll(
    /```(?:yaml|nginx|caddyfile|haproxy|apache)\n(.*?)```/gs,
  );
  return [...blocks].map(([, block]) => block!);
}
