import { QUOTA_MEASURES, type QuotaMeasure } from '#policy';
import type { AdminFlags } from './connection.js';
import { ServerClient } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface QuotaOptions extends AdminFlags, QuotaFlags {
  readonly lift: boolean;
  readonly because?: string;
  readonly format: 'text' | 'json';
}

type QuotaFlags = { readonly [Measure in QuotaMeasure]?: number };

/** Says what a subtree may hold and does; or limits it, or lifts what limits it. */
export async function quota(
  terminal: Terminal,
  domain: string,
  { lift, because, format, ...flags }: QuotaOptions,
): Promise<ExitCode> {
  const limits = limitsIn(flags);
  const isSetting = Object.keys(limits).length > 0;
  if (lift && isSetting) throw new Stop(2, '`--lift` takes every limit away: give it alone, or say the limits');
  if ((lift || isSetting) && because === undefined)
    throw new Stop(2, 'say why, for whoever reads the history: `--because`');
  const client = await ServerClient.of(terminal, flags);
  if (because === undefined || !(lift || isSetting)) {
    const answer = await client.quota(domain);
    await terminal.out.write(format === 'json' ? jsonText(answer) : amountsText(answer.limits, answer.held));
    return 0;
  }
  const answer = await (lift ? client.liftQuota(domain, because) : client.setQuota(domain, limits, because));
  const state = lift ? 'is not limited by itself' : 'is limited';
  const since = answer.unchanged === true ? 'nothing changed' : `revision ${answer.revision?.number} published`;
  await terminal.out.write(format === 'json' ? jsonText(answer) : `\`${domain}\` ${state}; ${since}\n`);
  return 0;
}

function limitsIn(flags: QuotaFlags): QuotaFlags {
  return Object.fromEntries(
    QUOTA_MEASURES.flatMap((measure) => (flags[measure] === undefined ? [] : [[measure, flags[measure]]])),
  );
}

function amountsText(limits: QuotaFlags, held: { readonly [Measure in QuotaMeasure]?: number | undefined }): string {
  return QUOTA_MEASURES.filter((measure) => held[measure] !== undefined)
    .map((measure) => {
      const most = limits[measure] === undefined ? '' : ` of ${limits[measure]}`;
      return `${measure.padEnd(12)} ${held[measure]}${most}\n`;
    })
    .join('');
}

function jsonText(answer: object): string {
  return `${JSON.stringify(answer, null, 2)}\n`;
}
