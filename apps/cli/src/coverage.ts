/** Which rules and boundaries decided something while tests ran, and which never did. */
import type { Outcome, Rule, World } from '#engine';
import type { Position } from '#policy';
import type { ValidBundle } from './policies.js';

export interface CoverageItem extends Position {
  /** `exit`: of a domain with closed egress. */
  readonly kind: 'rule' | 'boundary' | 'exit';
  /** `policy/rule`; a domain and what it marks; a domain. */
  readonly name: string;
}

export interface Coverage {
  readonly decided: number;
  readonly total: number;
  /** Whole percents, downward; of nothing all is covered. */
  readonly percent: number;
  /** By file and line. */
  readonly missed: readonly CoverageItem[];
}

interface Countable extends CoverageItem {
  readonly isHit: (outcome: Outcome) => boolean;
}

/** Rules that only report never decide and are not counted. */
export function coverageOf(bundle: ValidBundle, outcomes: readonly Outcome[]): Coverage {
  const items = [...rules(bundle), ...boundaries(bundle), ...exits(bundle)];
  const missed = items.filter(({ isHit }) => !outcomes.some(isHit));
  const decided = items.length - missed.length;
  return {
    decided,
    total: items.length,
    percent: items.length === 0 ? 100 : Math.floor((100 * decided) / items.length),
    missed: missed.map(({ isHit: _isHit, ...item }) => item).sort(byPlace),
  };
}

function rules(bundle: ValidBundle): readonly Countable[] {
  return rulesOf(bundle.world)
    .filter(({ mode }) => mode === 'enforce')
    .map(({ id }) => ({
      kind: 'rule',
      name: id,
      ...bundle.whereIs('rule', id)!,
      isHit: ({ rules: deciding }) => deciding.includes(id),
    }));
}

/** A mark decides where somebody crosses the boundary by it, or is kept out there. */
function boundaries({ documents }: ValidBundle): readonly Countable[] {
  return documents.flatMap(({ document, locate }) => {
    if (document.kind !== 'Domain') return [];
    const domain = document.metadata.name;
    return (document.spec.boundary ?? []).map((mark, index): Countable => ({
      kind: 'boundary',
      name: `${domain} for ${mark}`,
      ...locate(['spec', 'boundary', index]),
      isHit: ({ endpoint, crossed, deniedAt, reason }) =>
        endpoint !== null &&
        (mark === endpoint || mark === `${endpoint.split('/')[0]}/*`) &&
        (crossed.includes(domain) || (deniedAt === domain && AT_A_BOUNDARY.has(reason))),
    }));
  });
}

const AT_A_BOUNDARY: ReadonlySet<Outcome['reason']> = new Set(['ACCESS_EVIDENCE_MISSING', 'NO_ALLOW_RULE']);

/** A closed exit decides where it keeps somebody in, or where a rule lets a service of the domain out. */
function exits({ documents, world }: ValidBundle): readonly Countable[] {
  const outward = new Map(
    rulesOf(world).flatMap((rule) => (rule.direction === 'out' ? [[rule.id, rule.owner] as const] : [])),
  );
  return documents.flatMap(({ document, locate }) => {
    if (document.kind !== 'Domain' || document.spec.egress !== 'closed') return [];
    const domain = document.metadata.name;
    const lives = (actor: string | null): boolean =>
      actor !== null && world.services.get(actor)!.domains.some((name) => isWithin(name, domain));
    const isHit = ({ reason, deniedAt, actor, rules: deciding }: Outcome): boolean =>
      (reason === 'EGRESS_CLOSED' && deniedAt === domain) ||
      (lives(actor) && deciding.some((id) => outward.has(id) && isWithin(domain, outward.get(id)!)));
    return [{ kind: 'exit', name: domain, ...locate(['spec', 'egress']), isHit } as const];
  });
}

function rulesOf(world: World): readonly Rule[] {
  return [...world.outside, ...[...world.domains.values()].flatMap((domain) => domain.rules)];
}

function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.startsWith(`${ancestor}.`);
}

function byPlace(left: CoverageItem, right: CoverageItem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}

export function coverageWords({ decided, total, percent }: Coverage): string {
  return `coverage ${percent} %: ${decided} of ${total} rules, boundaries and exits decided something`;
}

export function missedWords({ kind, name }: CoverageItem): string {
  switch (kind) {
    case 'rule':
      return `the rule ${name} never decided`;
    case 'boundary':
      return `nobody was let across or kept out at the boundary of ${name}`;
    case 'exit':
      return `nobody was let out or kept in at the exit of ${name}`;
  }
}
