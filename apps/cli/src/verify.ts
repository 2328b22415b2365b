import type { AccessRequest, World } from '#engine';
import { requestFromText } from '#policy';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Counts } from '#verification';
import { linesOf } from './lines.js';
import { kindOf, loadPolicies } from './policies.js';
import { Progress } from './progress.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';
import { differenceText } from './verify-difference.js';

export interface VerifyOptions {
  /** File of JSON requests, one a line, instead of random ones. */
  readonly requests?: string;
  readonly count: number;
  readonly seed: number;
  /** From 0 to 1: the part of the requests that casbin, the slowest voice, is asked too. */
  readonly casbinShare: number;
  readonly format: 'text' | 'json';
}

const MAXIMUM_LINE_BYTES = 1024 * 1024;

/** Asks the engines the same questions and shows the first on which they differ, with the smallest world that shows it. */
export async function verify(terminal: Terminal, directory: string, options: VerifyOptions): Promise<ExitCode> {
  const bundle = await loadPolicies(terminal, directory);
  const { VOICES, verify: compare } = await import('#verification');
  const { total, requests } = await requestsOf(terminal, bundle.world, options);
  const progress = new Progress(terminal.aside, terminal.now, 'compared', total);
  const verification = await compare({
    world: bundle.world,
    requests,
    voices: VOICES.map((voice) => ({ voice, share: voice.name === 'casbin' ? options.casbinShare : 1 })),
    onProgress: ({ requests: done }) => progress.update(done),
  });
  progress.finish();
  if (verification.kind === 'agreement') {
    await terminal.out.write(agreementText(verification.counts, options.format));
    return 0;
  }
  await terminal.aside.line(
    `request ${verification.index + 1} divides the engines; looking for the smallest world that does`,
  );
  const { seed, requests: file, format } = options;
  const origin = `${file === undefined ? `seed ${seed}, request ` : `${file}:`}${verification.index + 1}`;
  await terminal.out.write(await differenceText(bundle, verification, VOICES, origin, format));
  return 1;
}

interface Asked {
  readonly total: number;
  readonly requests: Iterable<AccessRequest>;
}

async function requestsOf(terminal: Terminal, world: World, { requests, count, seed }: VerifyOptions): Promise<Asked> {
  if (requests === undefined) {
    const { requestsFor } = await import('#verification');
    return { total: count, requests: first(count, requestsFor(world, seed)) };
  }
  const absolute = resolve(terminal.cwd, requests);
  if ((await kindOf(absolute, requests)) === 'folder')
    throw new Stop(2, `\`${requests}\` is a folder, not a file of requests`);
  const read: AccessRequest[] = [];
  for await (const lines of linesOf(createReadStream(absolute), MAXIMUM_LINE_BYTES)) {
    for (const line of lines) {
      const reading =
        line.kind === 'text' ? requestFromText(line.text, { mode: 'offline', now: terminal.now() }) : { faults: [] };
      if ('faults' in reading) {
        throw new Stop(
          1,
          `${requests}:${line.number}:1: ${reading.faults[0]?.message ?? 'the line is too long or no UTF-8'}`,
        );
      }
      read.push(reading.request);
    }
  }
  return { total: read.length, requests: read };
}

function* first<Item>(count: number, items: Iterator<Item, never>): Generator<Item> {
  for (let index = 0; index < count; index += 1) yield items.next().value;
}

function agreementText({ requests, asked, byReason, wouldDeny }: Counts, format: VerifyOptions['format']): string {
  const reasons = Object.entries(byReason).sort(([, left], [, right]) => right - left);
  if (format === 'json') {
    return `${JSON.stringify({ agreed: true, requests, asked, byReason: Object.fromEntries(reasons), wouldDeny }, null, 2)}\n`;
  }
  const voices = Object.entries(asked).map(([voice, times]) => `${voice} ${times.toLocaleString('en')}`);
  const rows = [...reasons, ['(allowed by report mode)', wouldDeny] as const].map(
    ([reason, times]) => `  ${reason.padEnd(26)} ${times.toLocaleString('en').padStart(10)}\n`,
  );
  return [`all engines agree on ${requests.toLocaleString('en')} requests (${voices.join(', ')})\n`, ...rows].join('');
}
