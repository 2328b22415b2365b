import { printableJson } from '../printable.js';
import type { Output } from '../terminal.js';
import { shown, type Finding } from './judge.js';
import { type GatewayName, GATEWAYS, remedyFor } from './remedies.js';
import type { Judged, Verdict } from './suite.js';

export interface Report {
  /** As the user named it. */
  readonly url: string;
  /** Undefined where neither the user nor the gateway says. */
  readonly gateway: GatewayName | undefined;
  readonly judged: readonly Judged[];
  readonly http2: Http2;
}

/** Whether tricks went by HTTP/2 too; `closed` where that is spoken and even the plain request did not come through. */
export type Http2 = 'tried' | 'closed' | 'not spoken';

/** How many of each verdict. */
export function countsOf(judged: readonly Judged[]): { readonly [verdict in Verdict]: number } {
  const counts = { same: 0, refused: 0, differs: 0 };
  for (const { verdict } of judged) counts[verdict] += 1;
  return counts;
}

/** A line a trick, with what differs and the setting that mends it below; each setting once, where it is first needed. */
export function reportText({ url, gateway, judged, http2 }: Report, colours: Output['colours']): string {
  const said = new Set<string>();
  const lines = judged.flatMap((each) => [
    `${coloured(each.verdict, colours)} ${each.trick.name}${each.verdict === 'refused' ? `: ${replyText(each)}` : ''}`,
    ...each.findings.flatMap((finding) => [
      `         ${finding.what}`,
      ...remediesOf(finding, gateway).flatMap(([name, remedy]) => {
        const line = `           ${colours.bold(name)}: ${remedy}`;
        if (said.has(line)) return [];
        said.add(line);
        return [line];
      }),
    ]),
    ...(each.readings === null || each.verdict !== 'differs' ? [] : [readingsLine(each.readings)]),
  ]);
  const { same, refused, differs } = countsOf(judged);
  lines.push(
    ...http2Lines(http2),
    `${gateway ?? 'the gateway'} at ${url}: ${judged.length} requests, ${refused} refused, ${same} the same to everybody, ${differs} differ`,
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** The same for programs. */
export function reportJson({ url, gateway, judged, http2 }: Report): string {
  const results = judged.map(({ trick, reply, verdict, findings, readings, receipts }) => ({
    name: trick.name,
    concern: trick.concern,
    because: trick.because,
    verdict,
    status: reply.kind === 'answered' ? reply.status : null,
    readings,
    received: receipts.map(({ line, fields }) => ({ line, fields })),
    findings: findings.map((finding) => ({
      concern: finding.concern,
      what: finding.what,
      remedies: Object.fromEntries(remediesOf(finding, gateway)),
    })),
  }));
  return `${printableJson({ url, gateway: gateway ?? null, http2, counts: countsOf(judged), results }, 2)}\n`;
}

/** Of the gateway in question; of all where nobody knows which it is. */
function remediesOf({ concern, header }: Finding, gateway: GatewayName | undefined): readonly [GatewayName, string][] {
  const names = gateway === undefined ? GATEWAYS : [gateway];
  return names.map((name) => [name, remedyFor(name, concern, header)]);
}

function http2Lines(http2: Http2): readonly string[] {
  switch (http2) {
    case 'tried':
      return [];
    case 'closed':
      return ['HTTP/2 was not tried: by it the plain request does not reach the echo'];
    case 'not spoken':
      return ['HTTP/2 was not tried: the gateway does not speak it there'];
    default:
      return http2 satisfies never;
  }
}

function readingsLine({ sent, forwarded, judged, service }: NonNullable<Judged['readings']>): string {
  const told = judged === null ? 'does not say' : shown(judged);
  return `         sent ${shown(sent)}; gateway ${shown(forwarded)}; Dharma ${told}; a careless service ${shown(service)}`;
}

function replyText({ reply }: Judged): string {
  switch (reply.kind) {
    case 'answered':
      return reply.status < 300 ? `${reply.status}, by the gateway itself` : String(reply.status);
    case 'hung up':
    case 'silent':
      return reply.kind;
    default:
      return reply satisfies never;
  }
}

function coloured(verdict: Verdict, { green, red, dim }: Output['colours']): string {
  const padded = verdict.padEnd(8);
  switch (verdict) {
    case 'same':
      return green(padded);
    case 'refused':
      return dim(padded);
    case 'differs':
      return red(padded);
    default:
      return verdict satisfies never;
  }
}
