/**
 * What every command of a fresh clone does first: install when the lockfile asks for it, build when a source changed.
 * Imports nothing but Node's own modules, because nothing else is there yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const SOURCE_FOLDERS = ['apps', 'bench', 'libs', 'migrations'];
const ASSET = /\.(proto|conf|sql)$/;
const installStamp = join(root, 'node_modules', '.dharma-installed');
const buildStamp = join(root, 'dist', '.dharma-built');
const lock = join(root, '.dharma', 'bootstrap.lock');
const LOCK_PATIENCE_MILLISECONDS = 10 * 60 * 1000;

export function ensureInstalled() {
  requireNode();
  if (isInstalled()) return;
  whileLocked(() => {
    if (!isInstalled()) install();
  });
}

export function ensureBuilt() {
  ensureInstalled();
  if (isBuilt()) return;
  whileLocked(() => {
    if (!isBuilt()) build();
  });
}

/** Type checks and emits everything, puts what is no TypeScript beside it, then bundles. Exits the process on a fault. */
export function build() {
  const stamp = sourcesDigest();
  // Programs that read our standard error expect log lines there.
  if (process.stderr.isTTY) process.stderr.write('dharma: building …\n');
  const compiled = spawnSync(process.execPath, [join(root, 'node_modules/ts7/bin/tsc'), '-p', 'tsconfig.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (compiled.status !== 0) stopWith('the build failed', compiled.status);
  const wanted = new Set();
  for (const file of sourceFiles()) {
    const target = join(root, 'dist', file);
    if (ASSET.test(file)) {
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, file), target);
      wanted.add(target);
    } else {
      const emitted = target.replace(/\.ts$/, '.js');
      wanted.add(emitted).add(`${emitted}.map`);
    }
  }
  removeOutputsWithoutSource(wanted);
  const bundled = spawnSync(process.execPath, [join(root, 'scripts/bundle.mjs')], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (bundled.status !== 0) stopWith('the build failed', bundled.status);
  writeFileSync(buildStamp, stamp);
}

/** npm only warns of an old Node, and what then fails does not say why. */
function requireNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const [wanted, given] = [engines.node, process.versions.node].map((text) => text.match(/\d+/g).map(Number));
  if (given[0] > wanted[0] || (given[0] === wanted[0] && given[1] >= wanted[1])) return;
  stopWith(`this is Node ${process.versions.node}, and ${wanted.join('.')} or newer is needed`, 1);
}

function install() {
  process.stderr.write('dharma: installing dependencies (first start, or the lockfile changed) …\n');
  const flags = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = process.env.npm_execpath;
  const options = { cwd: root, stdio: ['ignore', 2, 2] };
  const installed =
    npm && /\.c?js$/.test(npm)
      ? spawnSync(process.execPath, [npm, ...flags], options)
      : spawnSync(['npm', ...flags].join(' '), { ...options, shell: true });
  if (installed.status !== 0) stopWith('`npm ci` failed; its own message is above', installed.status);
  writeFileSync(installStamp, lockfileDigest());
}

function isInstalled() {
  if (!existsSync(join(root, 'package-lock.json'))) return true;
  if (textOf(installStamp) === lockfileDigest()) return true;
  // Someone who ran `npm install` has what the lockfile says, but not our stamp.
  if (!holdsWhatTheLockfileSays()) return false;
  writeFileSync(installStamp, lockfileDigest());
  return true;
}

function holdsWhatTheLockfileSays() {
  const present = textOf(join(root, 'node_modules', '.package-lock.json'));
  if (present === undefined) return false;
  const installed = JSON.parse(present).packages;
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

function isBuilt() {
  if (!existsSync(join(root, 'tsconfig.json'))) return true;
  return textOf(buildStamp) === sourcesDigest();
}

function lockfileDigest() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform} ${process.arch}`)
    .digest('hex');
}

/** Names, sizes and times instead of contents: it runs before every `./dharma` call, and a needless build does no harm. */
function sourcesDigest() {
  const digest = createHash('sha256');
  // Other packages have other types.
  const others = ['tsconfig.json', 'package.json', 'package-lock.json', 'scripts/bundle.mjs'];
  for (const file of [...others.filter((name) => existsSync(join(root, name))), ...sourceFiles()]) {
    const { size, mtimeMs } = statSync(join(root, file));
    digest.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return digest.digest('hex');
}

function sourceFiles() {
  return SOURCE_FOLDERS.flatMap((folder) => filesBelow(join(root, folder)))
    .map((file) => relative(root, file))
    .filter((file) => ASSET.test(file) || (file.endsWith('.ts') && !file.endsWith('.spec.ts')))
    .sort();
}

export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function removeOutputsWithoutSource(wanted) {
  for (const file of SOURCE_FOLDERS.flatMap((folder) => filesBelow(join(root, 'dist', folder)))) {
    if (!wanted.has(file)) rmSync(file);
  }
}

/** Two commands started together must not install or build into one folder together. */
function whileLocked(work) {
  mkdirSync(dirname(lock), { recursive: true });
  const end = Date.now() + LOCK_PATIENCE_MILLISECONDS;
  while (!tryLock()) {
    if (Date.now() > end) stopWith(`another process has held \`${relative(root, lock)}\` for ten minutes`, 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  work();
  process.removeListener('exit', release);
  release();
}

function tryLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (fault) {
    if (fault.code !== 'EEXIST') throw fault;
    const holder = Number(textOf(lock));
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (fault) {
    return fault.code === 'EPERM';
  }
}

/**
 * Runs Node on a script of ours, hands signals on to it, and resolves to its exit code.
 *
 * @param {string[]} argv
 * @param {{ env?: Record<string, string | undefined>, output?: 'inherit' | 'capture', silence?: number }} [options]
 *   `silence`: milliseconds without output after which it is killed; for programs that tell of their progress
 * @returns {Promise<{ code: number, output: string, wentSilent: boolean }>}
 */
export function runNode(argv, { env = {}, output = 'inherit', silence } = {}) {
  const stdio = output === 'capture' || silence !== undefined ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, argv, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['inherit', stdio, stdio],
  });
  let captured = '';
  let wentSilent = false;
  const watchdog =
    silence === undefined
      ? undefined
      : setTimeout(() => {
          wentSilent = true;
          child.kill('SIGKILL');
        }, silence);
  for (const name of ['stdout', 'stderr']) {
    child[name]?.on('data', (chunk) => {
      watchdog?.refresh();
      if (output === 'capture') captured += chunk;
      else process[name].write(chunk);
    });
  }
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => {
      clearTimeout(watchdog);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      done({ code: code ?? (signal === 'SIGINT' ? 130 : 143), output: captured, wentSilent });
    });
  });
}

/** npm dies of a SIGTERM without handing it on; what it started must notice that its parent is gone. */
export function stopWithParent(stop) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, 500);
  timer.unref();
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function stopWith(message, code) {
  process.stderr.write(`dharma: ${message}\n`);
  process.exit(code || 1);
}
