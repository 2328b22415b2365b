import type { Flips, Plan } from './server-shapes.js';
import type { Output } from './terminal.js';

type Colours = Output['colours'];
type Group = Flips['groups'][number];

/** Groups that are shown; all of them are in the JSON. */
const MOST_SHOWN = 10;
/** What a plan says to whoever does not read everything. */
export const NOT_LOOKED_AT = 'endpoints and callers of others were not looked at';

/** What would be decided otherwise, by place and with one request each; then how much it is, and of what. */
export function flipsLines({ flips, changes }: Plan, colours: Colours): readonly string[] {
  // Of a plan that changes nothing nobody expects words.
  if (flips === undefined || (flips?.points === 0 && changes.length === 0)) return [];
  if (flips === null) return ['flips: nothing was decided, for the plan has faults or is not yours'];
  const left = flips.groups.length + flips.more - Math.min(flips.groups.length, MOST_SHOWN);
  return [
    ...flips.groups.slice(0, MOST_SHOWN).flatMap((group) => groupLines(group, colours)),
    ...(left === 0 ? [] : [`and ${left} more, --format json has all`]),
    ...conditionalLines(flips),
    `flips: ${flipsSummary(flips)}`,
  ];
}

function groupLines(group: Group, { bold, green, red }: Colours): readonly string[] {
  const { domain, endpoint, to, points, conditional, sample, before, after } = group;
  const colour = to === 'allow' ? green : red;
  const verb = conditional ? 'may come to be' : 'come to be';
  const count = `${points} ${points === 1 ? 'point' : 'points'} ${verb} ${colour(to === 'allow' ? 'allowed' : 'denied')}`;
  return [
    `${bold(endpoint)} of ${domain}: ${count}: ${verdictText(before)} → ${verdictText(after)}`,
    `    such as ${JSON.stringify(sample)}`,
  ];
}

function verdictText({ reason, deniedAt, rules }: Group['before']): string {
  const at = deniedAt === null ? '' : ` at ${deniedAt}`;
  return `${reason}${at}${rules.length === 0 ? '' : ` by ${rules.join(', ')}`}`;
}

function conditionalLines({ conditional, conditionals }: Flips): readonly string[] {
  if (conditional === 0) return [];
  const rules = [...new Set(conditionals.flatMap((place) => place.rules))].sort();
  const named = rules.slice(0, MOST_SHOWN).join(', ');
  const more = rules.length > MOST_SHOWN ? ` and ${rules.length - MOST_SHOWN} more` : '';
  return [`flips: ${conditional} points hang on conditions that nobody can know beforehand: ${named}${more}`];
}

/** One line; what was left out is said, so that nobody takes it for unchanged. */
export function flipsSummary({ points, decided, coverage, toAllow, toDeny }: Flips): string {
  const seen = coverage === null ? `; ${NOT_LOOKED_AT}` : '';
  if (points === 0) return `the change reaches nothing that you see${seen}`;
  const otherwise =
    toAllow + toDeny === 0 ? 'none comes out otherwise for sure' : `${toAllow} come to be allowed, ${toDeny} denied`;
  // Rounded down: whatever is left out is not to be lost in a hundred percent.
  const part = decided < points ? `; only ${Math.floor((decided / points) * 1000) / 10} % of them were decided` : '';
  const what = coverage === null ? 'that you see and the change can reach' : 'that the change can reach';
  return `of ${points} points ${what} ${otherwise}${part}${seen}`;
}
