import { contentHashOf } from '#administration';
import { compile } from '#engine';
import {
  callerWords,
  conditionWords,
  loadBundle,
  parseInstant,
  type Position,
  requestDocument,
  routeWords,
} from '#policy';
import { ANYBODY, Effort, type Finding, Reachability, type TargetFilter, type Witness } from '#reach';
import type { AdminFlags } from './connection.js';
import { loadPolicies, type ValidBundle } from './policies.js';
import { inOneLine, printableJson } from './printable.js';
import { ServerClient } from './server-client.js';
import { type ExitCode, type Output, Stop, type Terminal } from './terminal.js';

export interface WhoCanOptions extends AdminFlags {
  readonly policies?: string;
  readonly time?: string;
  readonly format: 'text' | 'json';
}

/** All that were found. */
interface Answer {
  readonly certain: readonly Witness[];
  readonly conditional: readonly Witness[];
  /** Why there may be others. */
  readonly undecided: readonly string[];
}

type WhereIs = (rule: string) => Position | undefined;

/**
 * Everybody who gets through to an endpoint, and by what.
 *
 * @returns 1 when nobody does, or when it could not be found out to the end
 */
export async function whoCan(
  terminal: Terminal,
  operation: string,
  endpoint: string,
  { policies, time, format, ...flags }: WhoCanOptions,
): Promise<ExitCode> {
  const at = time === undefined ? terminal.now() : parseInstant(time);
  if (at === undefined) throw new Stop(2, `\`${time}\` is no instant, like 2026-12-24T12:00:00Z`);
  const bundle = policies === undefined ? await inForce(terminal, flags) : await loadPolicies(terminal, policies);
  const { world } = bundle;
  const reachability = new Reachability(world, compile(world), at, new Effort());
  const [known] = endpoint.endsWith('/*') ? [] : reachability.endpointsOf(endpoint);
  if (known === undefined) throw new Stop(2, `there is no endpoint \`${endpoint}\``);
  const findings = [...reachability.everybody(known, filterOf(bundle, known, operation))];
  if (findings.some(({ kind }) => kind === 'nothing-asked'))
    throw new Stop(2, `\`${endpoint}\` answers no \`${operation}\``);
  const answer = answerOf(findings);
  // What is on a server has no lines that anybody could open.
  const whereIs: WhereIs = (rule) => (policies === undefined ? undefined : bundle.whereIs('rule', rule));
  const { colours } = terminal.out;
  await terminal.out.write(
    format === 'json' ? jsonOf(answer, operation, endpoint) : textOf(answer, bundle, whereIs, colours),
  );
  for (const because of answer.undecided)
    await terminal.aside.line(colours.yellow(`there may be others: ${inOneLine(because)}`));
  return answer.certain.length + answer.conditional.length === 0 || answer.undecided.length > 0 ? 1 : 0;
}

async function inForce(terminal: Terminal, flags: AdminFlags): Promise<ValidBundle> {
  const client = await ServerClient.of(terminal, flags);
  const { policy } = await client.status();
  if (policy === null) throw new Stop(1, `\`${client.server}\` has no policy in force`);
  const documents = await client.documents(policy.number);
  // A deny that is hidden makes somebody of nobody: of a part of a set nothing is certain.
  if (contentHashOf(documents) !== policy.contentHash) {
    throw new Stop(
      1,
      `you see a part of revision ${policy.number} of \`${client.server}\`, and the rest decides too\nask somebody who sees all of it, or say \`--policies\` with a folder that holds the whole set`,
    );
  }
  const bundle = loadBundle(documents.map(({ kind, name, text }) => ({ file: `${kind}/${name}`, text })));
  if (bundle.world === null)
    throw new Stop(
      1,
      `revision ${policy.number} of \`${client.server}\` is no valid set to this version of \`dharma\``,
    );
  return { ...bundle, world: bundle.world };
}

function filterOf({ world }: ValidBundle, id: string, operation: string): TargetFilter {
  if (operation === 'any') return {};
  const { endpoints } = world.services.get(id.slice(0, id.indexOf('/')))!;
  const { kind } = endpoints.find((endpoint) => endpoint.id === id)!;
  return kind === 'http' || kind === 'grpc' ? { methods: [operation] } : { actions: [operation] };
}

function answerOf(findings: readonly Finding[]): Answer {
  return {
    certain: findings.flatMap((finding) => (finding.kind === 'allowed' ? [finding.witness] : [])),
    conditional: findings.flatMap((finding) => (finding.kind === 'conditional' ? [finding.witness] : [])),
    undecided: [...new Set(findings.flatMap((one) => (one.kind === 'undecided' ? [one.because] : [])))],
  };
}

function textOf(
  { certain, conditional }: Answer,
  { world }: ValidBundle,
  whereIs: WhereIs,
  { bold, dim }: Output['colours'],
): string {
  if (certain.length + conditional.length === 0) return 'nobody\n';
  const lines = (witness: Witness): readonly string[] => [
    `  ${inOneLine(whoWords(witness))}`,
    dim(`    ${inOneLine(routeWords(witness.outcome, whereIs))}`),
  ];
  return [
    ...(certain.length === 0 ? [] : [bold('certainly')]),
    ...certain.flatMap(lines),
    ...(conditional.length === 0 ? [] : [bold('under conditions')]),
    ...conditional.flatMap((witness) => [
      ...lines(witness),
      dim(`    hangs on ${inOneLine(conditionWords(witness, world, whereIs))}`),
    ]),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** A subject that no document speaks of stands for all of them. */
function whoWords(witness: Witness): string {
  return callerWords(witness).replaceAll(new RegExp(`\`${ANYBODY}z*\``, 'g'), 'anybody');
}

function jsonOf({ certain, conditional, undecided }: Answer, operation: string, endpoint: string): string {
  const members = ({ service, alike, request, outcome, conditions }: Witness, isCertain: boolean) => ({
    service: service ?? null,
    alike,
    request: requestDocument(request).request,
    reason: outcome.reason,
    meeting: outcome.meeting,
    crossed: outcome.crossed,
    rules: outcome.rules,
    ...(isCertain ? {} : { conditions }),
  });
  const answer = {
    endpoint,
    operation,
    certain: certain.map((witness) => members(witness, true)),
    conditional: conditional.map((witness) => members(witness, false)),
    undecided,
  };
  return `${printableJson(answer, 2)}\n`;
}
