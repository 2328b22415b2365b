import type { Fault } from '#policy';
import { faultLine, githubEscaped, githubLine } from './faults.js';
import { flipsLines } from './flips-text.js';
import { guardrailLines, isLoosened } from './guardrail-text.js';
import type { ReportedCase } from './junit.js';
import { inOneLine } from './printable.js';
import { replayLines } from './replay-text.js';
import type { Plan } from './server-shapes.js';
import type { Output } from './terminal.js';

type Colours = Output['colours'];
export type PlannedChange = Plan['changes'][number];

/** Whether a server would take it. */
export function isPublishable({ valid, faults, tests, foreign, missed = [], exceeded = [], refusals }: Plan): boolean {
  const against = [faults, tests.failed, foreign, missed, exceeded, refusals];
  return valid && against.every(({ length }) => length === 0);
}

/** Whether it is other sources that stand in its way, rather than what it says. */
export function isInOthersWay({ missed = [], ...plan }: Plan): boolean {
  return missed.length > 0 || isPublishable({ ...plan, foreign: [], valid: true });
}

/** Faults first, because nothing else matters while there are any; then what would change, in words. */
export function planText(plan: Plan, colours: Colours): string {
  return [
    ...plan.faults.map((fault) => faultLine({ ...fault, severity: 'error' }, colours)),
    ...plan.warnings.map((fault) => faultLine({ ...fault, severity: 'warning' }, colours)),
    ...plan.tests.failed.flatMap((one) => failedTestLines(one, colours)),
    ...plan.foreign.map(foreignText),
    ...(plan.missed ?? []).map(missedText),
    ...(plan.exceeded ?? []).map(exceededText),
    ...plan.refusals.map(refusalText),
    ...(plan.fourEyes ?? []).map((domain) => `two people decide in \`${domain}\`, where this changes something`),
    ...plan.changes.flatMap((change) => changeLines(change, colours)),
    ...guardrailLines(plan, colours),
    ...flipsLines(plan, colours),
    ...replayLines(plan, colours),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** One line: how much would change, and where. */
export function planSummary(plan: Plan): string {
  const { base, source, tests } = plan;
  const { documents, rules } = plan.summary;
  const on = base === null ? 'on no revision' : `on revision ${base.number}`;
  if (documents.added + documents.changed + documents.removed === 0) {
    // Of what is refused a server may not say what it would change.
    const what = isPublishable(plan) ? 'nothing changes' : 'nothing can be published';
    return `${what} ${on}, as source \`${source}\``;
  }
  const tested = tests.passed + tests.failed.length === 0 ? '' : `; ${tests.passed} tests pass`;
  return `${on}, as source \`${source}\`: documents ${countsText(documents)}; rules ${countsText(rules)}${tested}`;
}

export function countsText({ added, changed, removed }: Plan['summary']['rules']): string {
  return `${added} added, ${changed} changed, ${removed} removed`;
}

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;

export function changeLines(
  { change, kind, name, domain, words, rules }: PlannedChange,
  colours: Colours,
): readonly string[] {
  const place = domain === null || domain === undefined || kind === 'Domain' ? '' : ` of ${domain}`;
  const [first = '', ...more] = words.split('\n').filter((line) => line !== '');
  return [
    `${coloured(change, colours)} ${colours.bold(`${kind} ${name}`)}${place}${first === '' ? '' : `: ${first}`}`,
    ...more.map((line) => `    ${line}`),
    ...rules.map(
      (rule) => `    ${coloured(rule.change, colours)} ${rule.id}: ${rule.words.replaceAll('\n', '\n      ')}`,
    ),
  ];
}

function coloured(change: PlannedChange['change'], { green, yellow, red }: Colours): string {
  switch (change) {
    case 'added':
      return green(SIGNS.added);
    case 'changed':
      return yellow(SIGNS.changed);
    case 'removed':
      return red(SIGNS.removed);
  }
}

function failedTestLines(one: Plan['tests']['failed'][number], { bold, red }: Colours): readonly string[] {
  const { file, line, column, because } = one;
  return [
    `${bold(`${inOneLine(file)}:${line}:${column}:`)} ${red('failed')}: ${inOneLine(because)}`,
    ...differenceOf(one).map(inOneLine),
  ];
}

export function differenceOf({ expected, got }: Plan['tests']['failed'][number]): readonly string[] {
  const objections = objectionsIn(got);
  if (objections !== undefined) return objections.map((objection) => `  ${objection}`);
  return [
    ...(expected === undefined ? [] : [`  expected ${valueText(expected)}`]),
    ...(got === undefined ? [] : [`  got      ${valueText(got)}`]),
  ];
}

/** What speaks against an assertion; undefined for a case. */
function objectionsIn(got: unknown): readonly unknown[] | undefined {
  const because = typeof got === 'object' && got !== null && 'because' in got ? got.because : undefined;
  return Array.isArray(because) ? because : undefined;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function foreignText({ kind, name, source }: Plan['foreign'][number]): string {
  return `${kind} ${name} belongs to the source \`${source}\`; change it there, or leave it out here`;
}

export function missedText({ kind, name, what, by }: NonNullable<Plan['missed']>[number]): string {
  return `${what} of ${kind} ${name} would go, and ${by.kind} ${by.name} of the source \`${by.source}\` uses it`;
}

/** Nobody is told how much others hold. */
export function exceededText({ domain, measure, limit, count }: NonNullable<Plan['exceeded']>[number]): string {
  if (domain === '*') {
    return `all tests may have ${limit ?? '…'} ${measure} (DHARMA_ADMIN_TEST_CASES), and would have ${count ?? '…'}; none was asked`;
  }
  return `${domain} and everything below may hold ${limit ?? '…'} ${measure}, and would hold ${count ?? '…'}`;
}

/** What the operator may not do, and what it would take; what they may not see has no name. */
export function refusalText({ change, kind, name, part, needs, over }: Plan['refusals'][number]): string {
  const what = kind === null || name === null ? 'documents that you may not see' : `${kind} ${name}`;
  const whole = part === 'document' ? '' : `, ${part}`;
  const where = over === null ? 'a domain that you may not see' : over === '*' ? 'everything' : over;
  return `not yours: ${what} ${VERBS[change]}${whole}; it needs ${needs} over ${where}`;
}

const VERBS = { added: 'would be added', changed: 'would change', removed: 'would be removed' } as const;

/** Marks places in a pull request. */
export function githubText(plan: Plan): string {
  const line = (severity: Fault['severity']) => (fault: Plan['faults'][number]) =>
    githubLine(severity, fault, fault.code, fault.message);
  return [
    ...plan.faults.map(line('error')),
    ...plan.warnings.map(line('warning')),
    ...plan.tests.failed.map((one) =>
      githubLine('error', one, 'test failed', [one.because, ...differenceOf(one)].join('\n')),
    ),
    ...plan.foreign.map((one) => `::error title=document of another source::${githubEscaped(foreignText(one))}`),
    ...(plan.missed ?? []).map((one) => `::error title=used by another source::${githubEscaped(missedText(one))}`),
    ...(plan.exceeded ?? []).map((one) => `::error title=quota exceeded::${githubEscaped(exceededText(one))}`),
    ...plan.refusals.map((one) => `::error title=forbidden change::${githubEscaped(refusalText(one))}`),
    ...(plan.guardrails?.items ?? [])
      .filter(isLoosened)
      .map(({ change, words }) => `::warning title=guardrail ${change}::${githubEscaped(words)}`),
    `::notice title=dharma plan::${githubEscaped(planSummary(plan))}`,
  ]
    .map((text) => `${text}\n`)
    .join('');
}

/** As a report of tests. */
export function casesOf(plan: Plan): readonly ReportedCase[] {
  const cases: readonly ReportedCase[] = [
    ...plan.faults.map(({ file, line, column, code, message }) => ({
      group: file,
      name: `${line}:${column} ${code}`,
      failure: message,
    })),
    ...plan.warnings.map(({ file, line, column, code, message }) => ({
      group: file,
      name: `${line}:${column} ${code}`,
      note: message,
    })),
    ...plan.tests.failed.map((one) => ({
      group: one.file,
      name: one.because,
      failure: [one.because, ...differenceOf(one)].join('\n'),
    })),
    ...plan.foreign.map((one) => ({ group: one.kind, name: one.name, failure: foreignText(one) })),
    ...(plan.missed ?? []).map((one) => ({ group: one.kind, name: one.name, failure: missedText(one) })),
    ...(plan.exceeded ?? []).map((one) => ({ group: one.domain, name: one.measure, failure: exceededText(one) })),
    ...plan.refusals.map((one) => ({
      group: one.kind ?? 'elsewhere',
      name: `${one.name ?? ''} ${one.part}`.trim(),
      failure: refusalText(one),
    })),
  ];
  if (!isPublishable(plan)) return cases;
  return [...cases, { group: 'policies', name: 'the server would take them', note: planSummary(plan) }];
}
