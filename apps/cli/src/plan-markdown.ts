import { NOT_LOOKED_AT } from './flips-text.js';
import { isLoosened } from './guardrail-text.js';
import { markdownOf, quoted, row, type Section } from './markdown.js';
import {
  differenceOf,
  exceededText,
  foreignText,
  isPublishable,
  missedText,
  planSummary,
  refusalText,
} from './plan-text.js';
import { replaySummary } from './replay-text.js';
import type { Flips, Guardrail, Plan, Replay } from './server-shapes.js';

/** By which a job finds the comment that it made before. */
const MARKER = '<!-- dharma plan -->';
const NAME = 120;
const MOST_ROWS = 40;
const MOST_CHANGES = 400;

/** A plan as the comment of a merge request: the verdict, what opens, what is weakened, then everything else folded. */
export function planMarkdown(plan: Plan): string {
  const sections = [
    flipSection(plan.flips),
    loosenedSection(plan),
    againstSection(plan),
    warningSection(plan),
    replaySection(plan.replay),
    sampleSection(plan.flips),
    conditionalSection(plan.flips),
    otherGuardrailSection(plan),
    changeSection(plan),
  ];
  const shown = sections.filter((section) => section !== undefined);
  // While there are faults nothing is told of what would change.
  const summary = plan.faults.length > 0 ? [] : ['', quoted(planSummary(plan))];
  return markdownOf([MARKER, verdictLine(plan), ...summary], shown);
}

function verdictLine(plan: Plan): string {
  const { faults, tests, foreign, missed = [], exceeded = [], refusals } = plan;
  if (isPublishable(plan)) return '**dharma would publish this.**';
  const against = [
    counted(faults.length, 'fault', 'faults'),
    counted(tests.failed.length, 'failing test', 'failing tests'),
    counted(foreign.length, 'document of another source', 'documents of other sources'),
    counted(missed.length, 'document that another source uses', 'documents that other sources use'),
    counted(exceeded.length, 'limit exceeded', 'limits exceeded'),
    counted(refusals.length, 'change that is not yours', 'changes that are not yours'),
  ].filter((words) => words !== '');
  const why = against.length === 0 ? 'the server says no' : against.join(', ');
  return `**dharma would not publish this:** ${why}.`;
}

function counted(count: number, one: string, several: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : several}`;
}

/** What opens something comes first. */
function groupsOf({ groups }: Flips): Flips['groups'] {
  return groups.toSorted((left, right) => Number(right.to === 'allow') - Number(left.to === 'allow'));
}

function flipSection(flips: Plan['flips']): Section | undefined {
  if (flips === undefined || flips === null) return undefined;
  const { toAllow, toDeny, decided, points, coverage, conditional, more } = flips;
  const looked = decided < points ? `${decided} of ${points} points that were looked at` : `${points} points`;
  const hanging = conditional === 0 ? '' : `; ${conditional} hang on conditions`;
  const beyond = more === 0 ? '' : `; ${more} more groups are not told`;
  const seen = coverage === null ? `; ${NOT_LOOKED_AT}` : '';
  const opening = `**Decisions:** ${toAllow} open and ${toDeny} close, among ${looked}${hanging}${beyond}${seen}.`;
  const groups = groupsOf(flips);
  return {
    opening: [
      opening,
      ...(groups.length === 0 ? [] : ['', row('', 'Endpoint', 'Points', 'Before', 'After'), '|---|---|---|---|---|']),
    ],
    rows: groups.map((group) => {
      const where = `${textOr(group.endpoint, 'no endpoint')} of ${textOr(group.domain, 'no domain')}`;
      const many = `${group.points}${group.conditional ? ', on conditions' : ''}`;
      const sign = group.to === 'allow' ? '**opens**' : 'closes';
      return row(sign, where, many, verdictOf(group.before), verdictOf(group.after));
    }),
    most: MOST_ROWS,
    noun: 'groups',
  };
}

function textOr(text: string | null, otherwise: string): string {
  return text === null ? otherwise : quoted(text, NAME);
}

function verdictOf({ reason, deniedAt, rules }: Flips['groups'][number]['before']): string {
  const at = deniedAt === null || deniedAt === undefined ? '' : ` at ${quoted(deniedAt, NAME)}`;
  return `${quoted(reason, NAME)}${at}${byRules(rules)}`;
}

function byRules(rules: readonly string[]): string {
  const [first, ...more] = rules;
  if (first === undefined) return '';
  return ` by ${quoted(first, NAME)}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

function sampleSection(flips: Plan['flips']): Section | undefined {
  if (flips === undefined || flips === null || flips.groups.length === 0) return undefined;
  return {
    opening: [],
    rows: groupsOf(flips).map(
      ({ endpoint, to, sample }) =>
        `* to ${to}, ${textOr(endpoint, 'no endpoint')}: ${quoted(JSON.stringify(sample) ?? '')}`,
    ),
    most: MOST_ROWS,
    noun: 'samples',
    folded: 'A request of each group',
  };
}

function conditionalSection(flips: Plan['flips']): Section | undefined {
  if (flips === undefined || flips === null || flips.conditionals.length === 0) return undefined;
  return {
    opening: [],
    rows: flips.conditionals.map(
      ({ domain, endpoint, points, rules }) =>
        `* ${textOr(endpoint, 'no endpoint')} of ${textOr(domain, 'no domain')}: ${points} points${byRules(rules)}`,
    ),
    most: MOST_ROWS,
    noun: 'endpoints',
    folded: 'Decisions that hang on conditions',
  };
}

function loosenedSection({ guardrails }: Plan): Section | undefined {
  const loosened = guardrails?.items.filter(isLoosened) ?? [];
  if (loosened.length === 0) return undefined;
  return {
    opening: ['**Guardrails that let more through:**', '', ...GUARDRAIL_HEAD],
    rows: loosened.map(guardrailRow),
    most: MOST_ROWS,
    noun: 'guardrails',
  };
}

function otherGuardrailSection({ guardrails }: Plan): Section | undefined {
  const others = guardrails?.items.filter((one) => !isLoosened(one)) ?? [];
  const more = guardrails?.more ?? 0;
  if (others.length + more === 0) return undefined;
  return {
    opening: [...(more === 0 ? [] : [`The server leaves out ${more} more.`, '']), ...GUARDRAIL_HEAD],
    rows: others.map(guardrailRow),
    most: MOST_ROWS,
    noun: 'guardrails',
    folded: `Other guardrails touched: ${others.length + more}`,
  };
}

const GUARDRAIL_HEAD = [row('', 'Of', 'What'), '|---|---|---|'] as const;

function guardrailRow(guardrail: Guardrail): string {
  const { change, kind, domain, words } = guardrail;
  const sign = isLoosened(guardrail) ? `**${change}**` : change;
  return row(sign, `${quoted(kind, NAME)} of ${quoted(domain, NAME)}`, quoted(words));
}

/** Everything for which the server would not take it. */
function againstSection({ faults, tests, foreign, missed = [], exceeded = [], refusals }: Plan): Section | undefined {
  const rows = [
    ...faults.map((fault) => `* ${placeOf(fault)}: ${quoted(fault.message)}`),
    ...tests.failed.map((failed) => {
      const said = differenceOf(failed).map((line) => quoted(line));
      return `* ${placeOf(failed)}: failed: ${[quoted(failed.because), ...said].join('; ')}`;
    }),
    ...[...foreign.map(foreignText), ...missed.map(missedText), ...exceeded.map(exceededText)].map(
      (text) => `* ${quoted(text)}`,
    ),
    ...refusals.map((refusal) => `* ${quoted(refusalText(refusal))}`),
  ];
  if (rows.length === 0) return undefined;
  return { opening: ['**Against it:**', ''], rows, most: MOST_ROWS, noun: 'reasons' };
}

function placeOf({ file, line, column }: Plan['faults'][number] | Plan['tests']['failed'][number]): string {
  return quoted(`${file}:${line}:${column}`, NAME);
}

function warningSection({ warnings }: Plan): Section | undefined {
  if (warnings.length === 0) return undefined;
  return {
    opening: [],
    rows: warnings.map((warning) => `* ${placeOf(warning)}: ${quoted(warning.message)}`),
    most: MOST_ROWS,
    noun: 'warnings',
    folded: `Warnings: ${warnings.length}`,
  };
}

function replaySection(replay: Replay | null | undefined): Section | undefined {
  if (replay === undefined) return undefined;
  if (replay === null) {
    const why = 'nothing was decided again, for the plan has faults or is not yours';
    return { opening: [`**Replay:** ${why}.`], rows: [], most: 0, noun: 'flips' };
  }
  const anew = replay.unrecorded.map((member) => quoted(member, NAME));
  const unknown =
    anew.length === 0 ? '' : ` Decided as absent, for records need not hold it: ${anew.slice(0, 5).join(', ')}.`;
  const opening = `**Replay:** ${replaySummary(replay)}.${unknown}`;
  if (replay.flips.length === 0) return { opening: [opening], rows: [], most: 0, noun: 'flips' };
  return {
    opening: [
      opening,
      '',
      row('', 'Endpoint', 'Times', 'Before', 'After', 'First seen', 'Last seen'),
      '|---|---|---|---|---|---|---|',
    ],
    rows: replay.flips
      .toSorted((left, right) => Number(right.after.decision === 'allow') - Number(left.after.decision === 'allow'))
      .map(({ endpoint, before, after, rule, count, firstSeen, lastSeen }) =>
        row(
          after.decision === 'allow' ? '**opens**' : 'closes',
          textOr(endpoint, 'no endpoint'),
          String(count),
          quoted(before.reason, NAME),
          `${quoted(after.reason, NAME)}${rule === null ? '' : byRules([rule])}`,
          quoted(firstSeen, NAME),
          quoted(lastSeen, NAME),
        ),
      ),
    most: MOST_ROWS,
    noun: 'flips',
  };
}

function changeSection({ changes }: Plan): Section | undefined {
  if (changes.length === 0) return undefined;
  return {
    opening: [],
    rows: changes.flatMap(({ change, kind, name, domain, words, rules }) => {
      const place = typeof domain === 'string' && kind !== 'Domain' ? ` of ${quoted(domain, NAME)}` : '';
      const said = words === '' ? '' : `: ${quoted(words)}`;
      return [
        `* ${change} ${quoted(`${kind} ${name}`, NAME)}${place}${said}`,
        ...rules.map((rule) => `  * ${rule.change} ${quoted(rule.id, NAME)}: ${quoted(rule.words)}`),
      ];
    }),
    most: MOST_CHANGES,
    noun: 'lines',
    folded: `Changes: ${changes.length} ${changes.length === 1 ? 'document' : 'documents'}`,
  };
}
