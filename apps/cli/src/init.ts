import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { STARTER } from './starter.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

/** Writes the smallest policy set that works into a folder that is new or empty. */
export async function init(terminal: Terminal, directory: string): Promise<ExitCode> {
  const absolute = resolve(terminal.cwd, directory);
  await mkdir(absolute, { recursive: true }).catch((fault: Error) => {
    throw new Stop(1, `cannot make the folder \`${directory}\`: ${fault.message}`);
  });
  // A `.git` or an editor's folder is no reason to refuse.
  const present = (await readdir(absolute)).find((name) => !name.startsWith('.'));
  if (present !== undefined) {
    throw new Stop(1, `\`${directory}\` is not empty (it holds \`${present}\`); nothing was written`);
  }
  for (const { file, text } of STARTER) {
    await writeFile(join(absolute, file), text, { flag: 'wx' });
    await terminal.out.line(join(directory, file));
  }
  const { bold } = terminal.aside.colours;
  const { program } = terminal;
  await terminal.aside.write(
    [
      '',
      `One API behind one gateway: GET passes, everything else does not. Next:`,
      `  ${bold(`${program} validate ${directory}`)}   faults, with file and line`,
      `  ${bold(`${program} test ${directory}`)}       the cases in \`shop.test.yaml\``,
      `  ${bold(`${program} explain --policies ${directory} --host localhost --method POST --path /orders`)}`,
      `  ${bold(`${program} serve --policies ${directory}`)}`,
      '',
    ].join('\n'),
  );
  return 0;
}
