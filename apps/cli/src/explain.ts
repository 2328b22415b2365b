import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { explain as explanationOf } from '#engine';
import { parseRequest, requestFromText } from '#policy';
import type { ConnectionFlags } from './connection.js';
import { explainDecision, isDecisionId } from './explain-decision.js';
import { namesRequest, readRequest, type RequestFlags, requestOfFlags } from './explain-request.js';
import { explanationText, linesToAdd, sourcesOf } from './explain-text.js';
import { kindOf, loadPolicies } from './policies.js';
import { printableJson } from './printable.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface ExplainOptions extends RequestFlags, Omit<ConnectionFlags, 'server'> {
  readonly policies?: string;
  /** The server to ask instead of reading policies; `true`: the one of this machine. */
  readonly server?: string | true;
  readonly keyFile?: string;
  /** Of an operator, for a recorded decision. */
  readonly tokenFile?: string;
  readonly format: 'text' | 'json';
}

/** Options that say something about the way to a server. */
const WAY = ['keyFile', 'ca', 'cert', 'key'] as const;

/**
 * Answers one request and says why, or has a server do it.
 *
 * @param file  where the request is; `-` is standard input; the id of a recorded decision; undefined: the flags say it
 */
export async function explain(
  terminal: Terminal,
  file: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  const { policies, server, keyFile, tokenFile, ca, cert, key, timeout, allowPlaintext, format, ...flags } = options;
  const named = server === true ? undefined : server;
  if (file !== undefined && isDecisionId(file)) {
    if (policies !== undefined || keyFile !== undefined || namesRequest(flags)) {
      throw new Stop(2, `\`${file}\` is a recorded decision: only the way to the admin listener goes with it`);
    }
    const way = { server: named, tokenFile, ca, cert, key, timeout, allowPlaintext };
    return explainDecision(terminal, file, way, format);
  }
  if (tokenFile !== undefined) throw new Stop(2, '`--token-file` goes with the id of a recorded decision');
  if ((policies === undefined) === (server === undefined)) {
    throw new Stop(2, 'say either `--policies DIR` or `--server [URL]`: a folder or a server gives the answer');
  }
  const text = file === undefined ? undefined : await textOf(terminal, file);
  if (text !== undefined && namesRequest(flags)) {
    throw new Stop(2, `the request is in \`${file}\`; leave out the flags that describe one`);
  }
  if (policies === undefined) {
    const { explainByServer } = await import('./explain-server.js');
    const way = { server: named, ca, cert, key, timeout, allowPlaintext };
    return explainByServer(terminal, way, keyFile, text ?? flags, format);
  }
  const misplaced = WAY.find((name) => options[name] !== undefined);
  if (misplaced !== undefined) throw new Stop(2, '`--key-file`, `--ca`, `--cert` and `--key` are for `--server`');
  return explainByFolder(terminal, policies, text ?? flags, format);
}

/** @param asked  the text of a request, or flags that say it */
async function explainByFolder(
  terminal: Terminal,
  policies: string,
  asked: string | RequestFlags,
  format: ExplainOptions['format'],
): Promise<ExitCode> {
  const bundle = await loadPolicies(terminal, policies);
  const options = { mode: 'offline', now: terminal.now() } as const;
  // Of a mechanism that does not exist nothing is kept anyway.
  const roleOf = (mechanism: string) => bundle.world.mechanisms.get(mechanism)?.role ?? 'access';
  const reading =
    typeof asked === 'string' ? requestFromText(asked, options) : parseRequest(requestOfFlags(asked, roleOf), options);
  if ('request' in reading && reading.credentials !== undefined) {
    await terminal.aside.line(
      '`credentials` are left out: only a server can verify them; say what they prove as `evidence`',
    );
  }
  const explanation = explanationOf(bundle.world, readRequest(reading));
  const sources = sourcesOf(bundle);
  await terminal.out.write(
    format === 'json'
      ? `${printableJson({ ...explanation, linesToAdd: linesToAdd(explanation, sources) }, 2)}\n`
      : explanationText(explanation, sources, terminal.out.colours),
  );
  return 0;
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
