/**
 * Puts the client together as a package of its own, `dist/packages/client`: what its entries reach of the build, and their
 * types. `npm pack dist/packages/client` makes the archive.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { ensureBuilt, root, runNode } from './bootstrap.mjs';

const PROTO = 'libs/protocols/proto/dharma/v1/decisions.proto';
const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

const build = join(root, 'dist');
const declared = join(build, 'packages', 'declarations');
const target = resolve(process.argv[2] ?? join(build, 'packages', 'client'));
const manifest = JSON.parse(readFileSync(join(root, 'libs/client/package/package.json'), 'utf8'));

ensureBuilt();
rmSync(target, { recursive: true, force: true });
const { code, output } = await runNode(
  [
    'node_modules/ts7/bin/tsc',
    '-p',
    'tsconfig.json',
    '--declaration',
    '--emitDeclarationOnly',
    '--outDir',
    declared,
    '--sourceMap',
    'false',
  ],
  { output: 'capture' },
);
if (code !== 0) stopWith(output);
const entries = Object.values(manifest.exports);
const outside = new Set([
  ...copyReached(
    build,
    entries.map((entry) => entry.default),
    'default',
  ),
  ...copyReached(
    declared,
    entries.map((entry) => entry.types),
    'types',
  ),
]);
const known = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
const unknown = [...outside].filter((name) => !known.has(name));
if (unknown.length > 0) stopWith(`the manifest does not name ${unknown.join(', ')}`);
put(root, PROTO);
cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
writeFileSync(join(target, 'package.json'), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
rmSync(declared, { recursive: true, force: true });
process.stdout.write(`${target}\n`);

/** Copies what the files reach; returns the packages of others among it. */
function copyReached(from, files, condition) {
  const packages = new Set();
  const waiting = files.map((file) => normalize(file));
  const reached = new Set(waiting);
  const faces = new Map();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    waiting.push(file);
  };
  while (waiting.length > 0) {
    const file = waiting.pop();
    const text = put(from, file);
    for (const [, name] of text.matchAll(IMPORT)) {
      if (name.startsWith('.')) reach(besides(file, name, condition));
      else if (!name.startsWith('#')) packages.add(packageOf(name));
      else if (condition === 'default') reach(faceOf(name, file, condition));
    }
    if (condition === 'types') {
      for (const [library, names] of borrowed(text)) {
        const face = faces.get(library) ?? new Set();
        for (const name of names) face.add(name);
        faces.set(library, face);
        for (const line of exportsOf(from, faceOf(library, file, condition), names)) {
          reach(besides(faceOf(library, file, condition), line.source, condition));
        }
      }
    }
  }
  for (const [library, names] of faces) putFace(from, faceOf(library, '', condition), names);
  packages.delete('node');
  return packages;
}

/** The names that a declaration takes from libraries, by library. */
function borrowed(text) {
  const found = [];
  for (const [, names, library] of text.matchAll(/(?:import|export)(?: type)? \{([^}]*)\} from ['"](#[\w-]+)['"]/g)) {
    found.push([
      library,
      names
        .split(',')
        .map(
          (name) =>
            name
              .trim()
              .replace(/^type /, '')
              .split(' as ')[0],
        )
        .filter(Boolean),
    ]);
  }
  for (const [, library, name] of text.matchAll(/import\(['"](#[\w-]+)['"]\)\.(\w+)/g)) found.push([library, [name]]);
  return found;
}

/** Lines of a library's face that export one of the names; what a face exports as a whole may hold any of them. */
function exportsOf(from, face, names) {
  const text = readFileSync(join(from, face), 'utf8');
  const lines = [];
  for (const [, all, listed, source] of text.matchAll(/export (?:(\*)|(?:type )?\{([^}]*)\}) from ['"]([^'"]+)['"]/g)) {
    const own = (listed ?? '')
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => names.includes(name));
    if (source.startsWith('.') && (all !== undefined || own.length > 0)) lines.push({ source, own });
  }
  return lines;
}

/** Of a library's face only what is reached: the rest would need packages that nobody else does. */
function putFace(from, face, names) {
  const lines = exportsOf(from, face, [...names]).map(({ source, own }) =>
    own.length === 0
      ? `export * from '${source}';`
      : `export { ${own.map((name) => `type ${name}`).join(', ')} } from '${source}';`,
  );
  writeFileSync(join(target, face), `${lines.join('\n')}\n`);
}

function faceOf(library, file, condition) {
  const found = manifest.imports[library]?.[condition];
  return found === undefined
    ? stopWith(`\`${file}\` imports \`${library}\`, which the package does not have`)
    : normalize(found);
}

function besides(file, name, condition) {
  const path = normalize(join(dirname(file), name));
  return condition === 'types' ? path.replace(/\.js$/, '.d.ts') : path;
}

function packageOf(name) {
  if (name.startsWith('node:')) return 'node';
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}

function put(from, file) {
  const source = join(from, file);
  if (!existsSync(source)) stopWith(`there is no \`${file}\``);
  const text = readFileSync(source, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  mkdirSync(dirname(join(target, file)), { recursive: true });
  writeFileSync(join(target, file), text);
  return text;
}

function stopWith(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
