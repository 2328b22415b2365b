import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { run } from '../../apps/cli/src/program.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Iterable<string | Uint8Array>;
  readonly cwd?: string;
  readonly environment?: { readonly [name: string]: string };
  readonly program?: string;
  /** All three streams are a terminal. */
  readonly isTerminal?: boolean;
  /** RFC 3339. */
  readonly now?: string;
}

/** Runs the program in this process, with streams of its own. */
export async function dharma(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const {
    stdin = [],
    cwd = process.cwd(),
    environment = {},
    program = 'dharma',
    isTerminal = false,
    now = '2026-12-24T12:00:00Z',
  } = options;
  const [stdout, stderr] = [collector(isTerminal), collector(isTerminal)];
  const input = Readable.from(typeof stdin === 'string' ? [Buffer.from(stdin)] : stdin, { objectMode: false });
  const code = await run(argv, {
    stdin: Object.assign(input, { isTTY: isTerminal }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    cwd,
    environment,
    program,
    now: () => Date.parse(now),
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

export function collector(isTerminal = false): {
  readonly stream: Writable & { isTTY?: boolean };
  readonly text: () => string;
} {
  const chunks: Buffer[] = [];
  const stream: Writable & { isTTY?: boolean } = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  stream.isTTY = isTerminal;
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

/** A folder with these files; it goes when the tests of the file are over. */
export function folderWith(files: { readonly [name: string]: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'dharma-cli-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The smallest set that works. */
export const SHOP = `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }
`;
