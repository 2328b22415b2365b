/**
 * Lets Node run our TypeScript as it stands, for programs that test and are no part of the build:
 * `node --conditions=source --import ./scripts/typescript.mjs FILE.ts`. Types are taken away, not checked.
 */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// Node runs hooks on a thread of their own, which loads this file again.
if (isMainThread) register(import.meta.url);

/** Sources name each other as their build is called. */
export async function resolve(specifier, context, next) {
  const isOurs = context.parentURL?.endsWith('.ts') && /^\.\.?\/.*\.js$/.test(specifier);
  return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const { transform } = await import('@swc/core');
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { filename });
  return { format: 'module', source: code, shortCircuit: true };
}
