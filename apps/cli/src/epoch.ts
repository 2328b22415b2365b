import type { AdminFlags } from './connection.js';
import { ServerClient } from './server-client.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface EpochOptions extends AdminFlags {
  readonly because: string;
  readonly above?: number;
  readonly format: 'text' | 'json';
}

/** Servers never go back to an older history by themselves; after a restore an operator says that they shall. */
export async function beginEpoch(
  terminal: Terminal,
  { because, above, format, ...flags }: EpochOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const { revision } = await client.beginEpoch(because, above);
  await terminal.out.write(
    format === 'json'
      ? `${JSON.stringify(revision, null, 2)}\n`
      : `epoch ${revision?.epoch} begins with revision ${revision?.number}\n`,
  );
  return 0;
}
