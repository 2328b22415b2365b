import type { AdminFlags } from './connection.js';
import { ServerClient } from './server-client.js';
import type { FleetServer } from './server-shapes.js';
import { spanText } from './span.js';
import { tableText } from './table.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface FleetOptions extends AdminFlags {
  readonly format: 'text' | 'json';
}

/** Which servers follow the same history, and how far each is. */
export async function fleet(terminal: Terminal, { format, ...flags }: FleetOptions): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const { items } = await client.fleet();
  await terminal.out.write(format === 'json' ? `${JSON.stringify(items, null, 2)}\n` : tableOf(items));
  return 0;
}

function tableOf(servers: readonly FleetServer[]): string {
  const rows = servers.map(
    ({ server, version, address, startedAt, revision, epoch, ageSeconds, seenSecondsAgo, silent }) => [
      server,
      version,
      address,
      startedAt,
      revision === null ? 'none' : `${revision} (epoch ${epoch})`,
      ageSeconds === null ? '' : spanText(ageSeconds),
      `${spanText(seenSecondsAgo)} ago${silent ? ', silent' : ''}`,
    ],
  );
  return tableText([['SERVER', 'VERSION', 'ADMIN', 'STARTED', 'REVISION', 'AGE', 'SEEN'], ...rows]);
}
