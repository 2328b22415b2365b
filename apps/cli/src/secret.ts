import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Stop, type Terminal } from './terminal.js';

/** Where a secret goes that is shown once. */
export interface SecretOutlet {
  /** The file as the user named it; null: standard output. */
  readonly file: string | null;
  /** Writes the secret and a newline. */
  deliver(secret: string): Promise<void>;
  /** There will be no secret: leaves nothing behind. */
  abandon(): Promise<void>;
}

/**
 * A person's terminal, or a new file that only we may read. Opened before the secret is made, so that none is made that
 * cannot be kept.
 *
 * @param out  a path; `-` is standard output whatever it leads to; undefined: standard output when it is a terminal
 * @throws Stop with 2
 */
export async function openSecretOutlet(terminal: Terminal, out: string | undefined): Promise<SecretOutlet> {
  if (out === '-' || (out === undefined && terminal.out.isTerminal)) {
    return { file: null, deliver: (secret) => terminal.out.line(secret), abandon: () => Promise.resolve() };
  }
  if (out === undefined) {
    throw new Stop(
      2,
      'a secret is shown on a terminal only; name a new file with `--out FILE`, or say `--out -` for standard output',
    );
  }
  const path = resolve(terminal.cwd, out);
  const file = await open(path, 'wx', 0o600).catch((fault: NodeJS.ErrnoException) => {
    throw new Stop(
      2,
      fault.code === 'EEXIST'
        ? `\`${out}\` exists and is not overwritten; name a new file`
        : `cannot write \`${out}\`: ${fault.code ?? fault.message}`,
    );
  });
  return {
    file: out,
    async deliver(secret) {
      await file.writeFile(`${secret}\n`);
      await file.sync();
      await file.close();
    },
    async abandon() {
      await file.close();
      await rm(path, { force: true });
    },
  };
}
