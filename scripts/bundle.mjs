/**
 * Puts the build's programs and what they load into few files, `dist/program`: each of a server's threads would otherwise
 * find, read and link well over a thousand modules, which took more than half of the time to start.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build } from 'esbuild';
import { root } from './bootstrap.mjs';

const PROGRAMS = {
  dharma: 'apps/cli/src/main.js',
  server: 'apps/server/src/main.js',
  'policy-thread': 'apps/server/src/policy/policy-thread.js',
  'admin-thread': 'apps/server/src/admin/admin-thread.js',
};
/** Packages that are loaded from where they lie. */
const APART = [
  // It must be there before what asks for it, in whatever order files are evaluated.
  'reflect-metadata',
  // They read files beside their own.
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  '@grpc/reflection',
  'pino',
  'swagger-ui-dist',
  // They must be the same for us and for what lies apart.
  'protobufjs',
  'tslib',
];
const PREAMBLE = `import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);`;
const dist = join(root, 'dist');
const target = join(dist, 'program');

const { metafile } = await build({
  entryPoints: Object.fromEntries(Object.entries(PROGRAMS).map(([name, file]) => [name, join(dist, file)])),
  outdir: target,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Names of classes and functions are in logs, in injection tokens and in OpenAPI; `nameFewer` says which.
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
  banner: { js: PREAMBLE },
  plugins: [
    { name: 'apart', setup: leaveApart },
    { name: 'places', setup: keepPlaces },
  ],
});
const written = new Set(Object.keys(metafile.outputs).map((file) => resolve(file)));
for (const file of readdirSync(target)) if (!written.has(join(target, file))) rmSync(join(target, file));
nameFewer(written);
refuseThoseThatLookBeside(written);

/** What is not installed is asked for by frameworks only where somebody uses it. */
function leaveApart(bundler) {
  const own = new Set(APART);
  bundler.onResolve({ filter: /^[^./#]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
    if (pluginData === leaveApart || kind === 'entry-point' || path.startsWith('node:')) return undefined;
    if (own.has(packageOf(path))) return { path, external: true };
    const found = await bundler.resolve(path, { kind, importer, resolveDir, pluginData: leaveApart });
    return found.errors.length > 0 ? { path, external: true } : found;
  });
}

/** Our modules find files beside them wherever their code has gone. */
function keepPlaces(bundler) {
  bundler.onLoad({ filter: /\.js$/ }, ({ path }) => {
    if (!path.startsWith(dist + sep)) return undefined;
    const text = readFileSync(path, 'utf8');
    if (!text.includes('import.meta.url')) return undefined;
    const place = JSON.stringify(relative(target, path).split(sep).join('/'));
    return { contents: text.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`), loader: 'js' };
  });
}

/**
 * A name is given whenever a function is made, and writing it takes longer than the function: a twentieth of a plan. Most
 * have theirs already, and nobody asks for that of an arrow.
 */
function nameFewer(files) {
  const always = 'var __name = (target, value) => __defProp(';
  const seldom = `var __name = (target, value) => target.prototype === undefined || target.name === value ? target : __defProp(`;
  const found = [...files].filter((file) => file.endsWith('.js') && readFileSync(file, 'utf8').includes(always));
  for (const file of found) writeFileSync(file, readFileSync(file, 'utf8').replace(always, seldom));
  if (found.length === 1) return;
  process.stderr.write(`esbuild names functions in another way than scripts/bundle.mjs expects\n`);
  process.exitCode = 1;
}

/** `__dirname` means another folder once a package is put together with others, or nothing. */
function refuseThoseThatLookBeside(files) {
  const beside = [...files]
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    .filter((line) => /\b__(?:dir|file)name\b/.test(line) && !/^\s*(?:\*|\/\/)/.test(line));
  if (beside.length === 0) return;
  process.stderr.write(`a package that reads files beside its own must be left apart in scripts/bundle.mjs:\n`);
  for (const line of beside) process.stderr.write(`  ${line.trim().slice(0, 200)}\n`);
  process.exitCode = 1;
}

function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
