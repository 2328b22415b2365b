import { TRUST_LEVELS } from '#engine';
import type { Change, ExplainedCheck, ExplainedRoute, ExplainedRule, Explanation } from '#engine';
import type { Bundle, Position } from '#policy';
import { inOneLine, printable } from './printable.js';
import type { Output } from './terminal.js';

type Colours = Output['colours'];

/** Rules shown of one check; a large policy has many that are about something else. */
const MAXIMUM_RULES = 20;
/** Rules named under a failing test. */
const MAXIMUM_BRIEF_RULES = 3;

const SECOND_RUN = 'again, reporting domains standing aside';

const CHECK_TITLES: { readonly [kind in ExplainedCheck['kind']]: string } = {
  'zero-trust': 'zero trust inside',
  boundary: 'boundary of',
  egress: 'closed egress of',
};

/** What the text knows beyond the explanation: where things are written, and who only reports. */
export interface Sources {
  whereIsRule(rule: string): Position | undefined;
  /** Where the lines of a change belong. */
  placeFor(change: Change): Position | undefined;
  isReporting(domain: string): boolean;
}

/** A server tells why, and keeps its documents to itself. */
export const NO_SOURCES: Sources = {
  whereIsRule: () => undefined,
  placeFor: () => undefined,
  isReporting: () => false,
};

export function sourcesOf(bundle: Bundle): Sources {
  return {
    whereIsRule: (rule) => bundle.whereIs('rule', rule),
    placeFor: (change) => placeIn(bundle, change),
    isReporting: (domain) => bundle.world?.domains.get(domain)?.mode === 'report',
  };
}

/** What a server knows of a request beyond the explanation. */
export interface Presented {
  /** What does not count, and why. */
  readonly dropped: readonly { readonly mechanism: string | null; readonly because: string }[];
  /** What conditions could read, with its values, one thing a line. */
  readonly recorded: readonly string[];
}

const NOTHING_MORE: Presented = { dropped: [], recorded: [] };

/** The whole explanation for a person: the verdict first, and what would change it last. */
export function explanationText(
  found: Explanation,
  sources: Sources,
  colours: Colours,
  { dropped, recorded }: Presented = NOTHING_MORE,
): string {
  const explanation = withoutTricks(found);
  const { outcome, evidence, denies, routes } = explanation;
  return [
    verdict(explanation, colours),
    '',
    ...section('target', targetLines(explanation), colours),
    ...section('caller', callerLines(explanation), colours),
    ...section(
      'evidence',
      evidence.map(({ role, mechanism, subject, service, because }) =>
        [`${role} ${mechanism} ${subject}`, service === null ? '' : ` (service ${service})`, `: ${because}`].join(''),
      ),
      colours,
    ),
    ...section(
      'presented, and does not count',
      dropped.map(({ mechanism, because }) => inOneLine(mechanism === null ? because : `${mechanism}: ${because}`)),
      colours,
    ),
    ...section('recorded of the request', recorded.map(inOneLine), colours),
    ...section('what conditions may read', attributeLines(explanation), colours),
    ...section('denies', ruleLines(denies, sources, colours), colours),
    ...section('routes', routesLines(routes, sources, colours), colours),
    ...section(
      'obligations',
      outcome.obligations.map((obligation) => JSON.stringify(obligation)),
      colours,
    ),
    ...section('nearest miss', nearestMissLines(explanation, sources, colours), colours),
    ...section('owner', ownerLines(explanation), colours),
  ].join('\n');
}

/** Why a case came out as it did, in a few lines. */
export function reasonInBrief(explanation: Explanation): readonly string[] {
  const { target, denies, routes, nearestMiss } = explanation;
  const failed = routes.flatMap(({ checks }) => checks).find(({ passed }) => !passed);
  const rules = [...denies.filter(({ counted }) => counted), ...(failed?.rules ?? [])];
  // The second run of report mode mostly finds what the first one did.
  const missing = routes.filter(({ meeting }) => meeting === null).map(({ because }) => because);
  return [
    target.because,
    ...new Set(missing),
    ...(failed === undefined ? [] : [`${titleOf(failed)}: ${failed.because}`]),
    ...rules.slice(0, MAXIMUM_BRIEF_RULES).map(ruleText),
    ...(nearestMiss === null ? [] : nearestMiss.changes.map(({ summary }) => `nearest miss: ${summary}`)),
  ];
}

export interface LineToAdd {
  readonly kind: Change['kind'];
  readonly domain: string | null;
  readonly yaml: string;
  /** The document that the lines belong into; null when there is none of that kind yet. */
  readonly at: Position | null;
}

/** The lines of the nearest miss, each with the document it belongs into. */
export function linesToAdd({ nearestMiss }: Explanation, sources: Sources): readonly LineToAdd[] {
  return (nearestMiss?.changes ?? []).flatMap((change) =>
    change.yaml === null
      ? []
      : [{ kind: change.kind, domain: change.domain, yaml: change.yaml, at: sources.placeFor(change) ?? null }],
  );
}

/** Paths, subjects and conditions are others' words; only lines to add are more than one line. */
function withoutTricks(explanation: Explanation): Explanation {
  return JSON.parse(JSON.stringify(explanation), (member, value: unknown) =>
    typeof value !== 'string' ? value : member === 'yaml' ? printable(value) : inOneLine(value),
  );
}

function verdict({ outcome }: Explanation, { green, red, bold, yellow }: Colours): string {
  const { decision, reason, deniedAt, wouldDeny, rules, ttlSeconds } = outcome;
  const word = decision === 'allow' ? green('ALLOW') : red('DENY');
  const place = deniedAt === null ? '' : ` at ${deniedAt}`;
  const by = rules.length === 0 ? '' : `, by ${rules.join(', ')}`;
  const would =
    wouldDeny === undefined
      ? ''
      : yellow(
          `\nonly because a domain reports: enforced it were ${wouldDeny.reason}${wouldDeny.deniedAt === null ? '' : ` at ${wouldDeny.deniedAt}`}`,
        );
  return `${bold(`${word} ${reason}${place}`)}${by} (may be kept ${ttlSeconds} s)${would}`;
}

function section(title: string, lines: readonly string[], { bold }: Colours): readonly string[] {
  return lines.length === 0 ? [] : [bold(title), ...lines.map((line) => `  ${line}`), ''];
}

function targetLines({ target }: Explanation): readonly string[] {
  const canonical = [target.method, target.host, target.path].filter((part) => part !== null).join(' ');
  const placed = target.placements.length === 0 ? [] : [`placed in ${target.placements.join(', ')}`];
  return [target.because, ...(canonical === '' ? [] : [`judged as ${canonical}`]), ...placed];
}

function callerLines({ caller }: Explanation): readonly string[] {
  if (caller === null) return [];
  const { actor, proven, known, exits } = caller;
  const where = proven.length === 0 ? 'proven to be in no domain' : `proven to be in ${proven.join(', ')}`;
  const unproven = known.filter((name) => !proven.includes(name));
  return [
    actor === null ? 'external: no service is proven' : `the service ${actor}, ${where}`,
    ...(unproven.length === 0 ? [] : [`known in, for denies only: ${unproven.join(', ')}`]),
    ...(exits.length === 0 ? [] : [`leaves ${exits.join(', ')}`]),
  ];
}

function attributeLines({ attributes }: Explanation): readonly string[] {
  return TRUST_LEVELS.flatMap((level) => {
    const names = attributes.filter((attribute) => attribute.level === level).map(({ name }) => name);
    return names.length === 0 ? [] : [`${level}: ${names.join(', ')}`];
  });
}

/** The second run of report mode in full only where it went differently; where it had nobody to set aside, not at all. */
function routesLines(routes: readonly ExplainedRoute[], sources: Sources, colours: Colours): readonly string[] {
  const strict = routes.filter(({ run }) => run === 'strict');
  const again = routes.filter(({ run }) => run === 'report');
  const walk = (run: readonly ExplainedRoute[]): string =>
    JSON.stringify(run.map((route) => ({ ...route, run: null })));
  if (again.length > 0 && walk(strict) !== walk(again)) {
    return routes.flatMap((route) => routeLines(route, sources, colours));
  }
  const same = again.some((route) => passesReportingDomain(route, sources)) ? [`${SECOND_RUN}: the same`] : [];
  return [...strict.flatMap((route) => routeLines(route, sources, colours)), ...same];
}

function passesReportingDomain({ placement, checks }: ExplainedRoute, sources: Sources): boolean {
  const labels = placement?.split('.') ?? [];
  const chain = labels.map((_, index) => labels.slice(0, index + 1).join('.'));
  const walked = [...chain, ...checks.map(({ domain }) => domain)];
  return walked.some((domain) => sources.isReporting(domain));
}

function routeLines(route: ExplainedRoute, sources: Sources, colours: Colours): readonly string[] {
  const run = route.run === 'strict' ? '' : ` (${SECOND_RUN})`;
  const target = route.placement ?? 'the outside';
  const way =
    route.meeting === null
      ? ''
      : `, from ${route.meeting}${route.crossed.length === 0 ? ', nothing to cross' : `, across ${route.crossed.join(', ')}`}`;
  return [
    `to ${target}${way}${run}: ${route.because}`,
    ...route.checks.flatMap((check) => [
      `  ${titleOf(check)}${check.items.length === 0 ? '' : `, with ${check.items.join('; ')}`}: ${check.because}`,
      ...ruleLines(check.rules, sources, colours).map((line) => `    ${line}`),
    ]),
  ];
}

function titleOf({ kind, domain }: ExplainedCheck): string {
  return `${CHECK_TITLES[kind]} ${domain}`;
}

function ruleLines(rules: readonly ExplainedRule[], sources: Sources, { dim, green, red }: Colours): readonly string[] {
  // What matched is what a reader looks for.
  const sorted = rules.toSorted((left, right) => Number(right.matched) - Number(left.matched));
  const lines = sorted.slice(0, MAXIMUM_RULES).map((rule) => {
    const at = sources.whereIsRule(rule.rule);
    const place = at === undefined ? '' : dim(`  ${placeText(at)}`);
    return `${rule.matched ? green('+') : red('-')} ${ruleText(rule)}${place}`;
  });
  const left = sorted.length - lines.length;
  return left === 0 ? lines : [...lines, dim(`… and ${left} more that do not match`)];
}

function ruleText({ rule, item, because }: ExplainedRule): string {
  return `${rule} with ${item === 'none' ? 'no credential' : item}: ${because}`;
}

function nearestMissLines({ nearestMiss }: Explanation, sources: Sources, { dim, cyan }: Colours): readonly string[] {
  return (nearestMiss?.changes ?? []).flatMap((change, index) => {
    const at = change.yaml === null ? undefined : sources.placeFor(change);
    return [
      `${index + 1}. ${change.summary}${at === undefined ? '' : dim(`  ${placeText(at)}`)}`,
      ...(change.yaml === null ? [] : change.yaml.split('\n').map((line) => `     ${cyan(line)}`)),
    ];
  });
}

function ownerLines({ owner }: Explanation): readonly string[] {
  if (owner === null) return [];
  const people = owner.principals.length === 0 ? 'nobody is named as its owner' : owner.principals.join(', ');
  return [`${owner.domain}: ${people}`];
}

/** Rules go into a policy of their domain, roles into a role set of it, everything else into the domain itself. */
function placeIn(bundle: Bundle, { kind, domain }: Change): Position | undefined {
  if (domain === null) return undefined;
  const wanted = kind === 'rule' ? 'Policy' : kind === 'role' ? 'RoleSet' : undefined;
  if (wanted === undefined) return bundle.whereIs('domain', domain);
  return bundle.documents.find(
    ({ document }) => document.kind === wanted && 'domain' in document.metadata && document.metadata.domain === domain,
  )?.at;
}

function placeText({ file, line, column }: Position): string {
  return `${inOneLine(file)}:${line}:${column}`;
}
