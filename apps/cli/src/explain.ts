import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AccessRequest, explain as explanationOf } from '#engine';
import { requestFromText } from '#policy';
import { namesRequest, readRequest, type RequestFlags, requestOfFlags } from './explain-request.js';
import { explanationText, linesToAdd } from './explain-text.js';
import { kindOf, loadPolicies, type ValidBundle } from './policies.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface ExplainOptions extends RequestFlags {
  readonly policies: string;
  readonly format: 'text' | 'json';
}

/**
 * Answers one request and says why.
 *
 * @param file  where the request is; `-` is standard input; undefined: the flags say it
 */
export async function explain(
  terminal: Terminal,
  file: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  const { policies, format, ...flags } = options;
  const bundle = await loadPolicies(terminal, policies);
  const request = await requestOf(terminal, bundle, file, flags);
  const explanation = explanationOf(bundle.world, request);
  await terminal.out.write(
    format === 'json'
      ? `${JSON.stringify({ ...explanation, linesToAdd: linesToAdd(explanation, bundle) }, null, 2)}\n`
      : explanationText(explanation, bundle, terminal.out.colours),
  );
  return 0;
}

async function requestOf(
  terminal: Terminal,
  { world }: ValidBundle,
  file: string | undefined,
  flags: RequestFlags,
): Promise<AccessRequest> {
  const now = terminal.now();
  if (file === undefined) return requestOfFlags(flags, world, now);
  if (namesRequest(flags)) throw new Stop(2, `the request is in \`${file}\`; leave out the flags that describe one`);
  const reading = requestFromText(await textOf(terminal, file), { mode: 'offline', now });
  if ('request' in reading && reading.credentials !== undefined) {
    await terminal.aside.line(
      '`credentials` are left out: only a server can verify them; say what they prove as `evidence`',
    );
  }
  return readRequest(reading);
}

async function textOf(terminal: Terminal, file: string): Promise<string> {
  if (file !== '-') {
    const absolute = resolve(terminal.cwd, file);
    if ((await kindOf(absolute, file)) === 'folder') throw new Stop(2, `\`${file}\` is a folder, not a request`);
    return readFile(absolute, 'utf8');
  }
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
