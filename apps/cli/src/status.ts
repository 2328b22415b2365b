import { type AdminFlags } from './connection.js';
import { ServerClient } from './server-client.js';
import type { ServerStatus } from './server-shapes.js';
import { spanText } from './span.js';
import type { ExitCode, Output, Terminal } from './terminal.js';

export interface StatusOptions extends AdminFlags {
  readonly format: 'text' | 'json';
}

/** Shown of a content hash; enough to tell two apart. */
const HASH_CHARACTERS = 12;

/**
 * What a server decides by, and whether it is ready to.
 *
 * @returns 1 when it is not ready
 */
export async function status(terminal: Terminal, { format, ...flags }: StatusOptions): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const found = await client.status();
  await terminal.out.write(
    format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : statusText(found, client.server, terminal),
  );
  return found.ready.ready ? 0 : 1;
}

function statusText(found: ServerStatus, server: string, terminal: Terminal): string {
  const { version, mode, source, ready, policy, feed, addresses, uptimeSeconds, newest } = found;
  const { bold, green, red } = terminal.out.colours;
  const rows: readonly (readonly [string, string])[] = [
    ['server', `${server}, dharma ${version}, up ${spanText(uptimeSeconds)}`],
    ['ready', ready.ready ? green('yes') : `${red('no')}: ${ready.because ?? 'it does not say why'}`],
    ...(ready.degraded ?? []).map((what) => ['but', what] as const),
    ['mode', mode],
    [
      'in force',
      policy === null ? red('no policy') : `${markText(policy)}, confirmed ${spanText(policy.ageSeconds)} ago`,
    ],
    ...(source === 'database' ? [['newest', newestText(newest, terminal.now())] as const] : []),
    ['source', source],
    ['feed', feed.detail ? `${feed.state}: ${feed.detail}` : feed.state],
    ...Object.entries(addresses).flatMap(([name, address]) =>
      address === null || address === undefined ? [] : [[name, address] as const],
    ),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...(mode === 'observe' ? [observing({ bold, red })] : []),
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
  ].join('\n');
}

function observing({ bold, red }: Pick<Output['colours'], 'bold' | 'red'>): string {
  return bold(red('OBSERVE MODE: every request is allowed and nothing is enforced (DHARMA_MODE=observe)'));
}

function markText({ epoch, number, contentHash }: NonNullable<ServerStatus['policy']>): string {
  return `revision ${number} (epoch ${epoch}, ${contentHash.slice(0, HASH_CHARACTERS)})`;
}

function newestText(newest: ServerStatus['newest'], now: number): string {
  if (newest === null || newest === undefined)
    return 'not known: nothing was published, or the store cannot be reached';
  const ago = spanText((now - Date.parse(newest.publishedAt)) / 1000);
  const why = newest.because.split('\n', 1)[0]!;
  return `revision ${newest.number}, published ${ago} ago by ${newest.author} from ${newest.source}: ${why}`;
}
