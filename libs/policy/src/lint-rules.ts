import { parseCondition } from '#cel';
import { OUTSIDE, type Rule, type World } from '#engine';
import type { Catalogue } from './catalogue.js';
import { rulesOf } from './lower-rule.js';
import type { EndpointEntry } from './catalogue.js';
import { chainOf, isWithin, parentOf, RESERVED_PRINCIPAL_TYPES } from './names.js';
import type { Place } from './read.js';
import { parametersOf } from './patterns.js';
import { placeIn, type Report } from './report.js';
import { didYouMean } from './suggest.js';
import type { Path } from './yaml.js';

/** A rule with the place of each of its members. */
interface PlacedRule {
  readonly rule: Rule;
  at(...path: Path): Place;
}

/** Denies of one owner that forbid for everyone and always are compared with each allow; beyond this many they are not. */
const MAXIMUM_BLANKET_DENIES = 1_000;

/** Rules that no request can match, allows that a deny always hides, conditions and roles that hold surprises. */
export function lintRules(catalogue: Catalogue, world: World, report: Report): void {
  const rules = [...placedRules(catalogue)];
  const blanket = blanketDenies(rules, world);
  const types = new Set(
    [...world.mechanisms.values()].filter(({ role }) => role === 'access').map(({ principalType }) => principalType),
  );
  const roles = rolesOf(world);
  const parameters = parametersIn(catalogue.endpoints.values());
  for (const placed of rules) {
    const why = neverMatches(placed.rule, catalogue, world, types);
    if (why !== undefined)
      report.add(
        placed.at(...why.path),
        'rule-never-matches',
        `no request can match \`${placed.rule.id}\`: ${why.because}`,
      );
    lintHidden(placed, blanket, report);
    lintCondition(placed, report);
    lintParameters(placed, parameters, catalogue, report);
    lintRoles(placed, roles, report);
    if (placed.rule.effect === 'deny' && placed.rule.obligations.length > 0) {
      report.add(
        placed.at('obligations'),
        'obligations-on-deny',
        `\`${placed.rule.id}\` is a deny: its obligations are never asked for`,
      );
    }
  }
}

function* placedRules(catalogue: Catalogue): Generator<PlacedRule> {
  for (const { document, source } of catalogue.policies.values()) {
    for (const [index, rule] of rulesOf(document).entries()) {
      yield {
        rule,
        at: (...path) => placeIn(source, ['spec', 'rules', index, ...path]),
      };
    }
  }
}

interface Never {
  readonly path: Path;
  readonly because: string;
}

function neverMatches(rule: Rule, catalogue: Catalogue, world: World, types: ReadonlySet<string>): Never | undefined {
  return neverByCredential(rule, world, types) ?? neverByPlace(rule, catalogue) ?? neverByMethod(rule, catalogue);
}

function neverByCredential(
  { who, owner, effect, direction, scope }: Rule,
  world: World,
  types: ReadonlySet<string>,
): Never | undefined {
  if (who.mechanisms?.every((name) => world.mechanisms.get(name)!.role === 'trust')) {
    return { path: ['who', 'mechanisms'], because: 'credentials come by access mechanisms only' };
  }
  if (who.principals?.every((principal) => !types.has(principal.slice(0, principal.indexOf(':'))))) {
    const reserved = who.principals.some((principal) =>
      RESERVED_PRINCIPAL_TYPES.has(principal.slice(0, principal.indexOf(':'))),
    );
    const because = reserved
      ? 'a credential is no group or service; use `groups`, `services` or `roles`'
      : 'no access mechanism names principals of these types';
    return { path: ['who', 'principals'], because };
  }
  const accepted = effect === 'allow' && direction === 'in' && scope === 'self' ? accessOf(owner, world) : undefined;
  if (accepted !== undefined && who.mechanisms?.every((name) => !accepted.includes(name))) {
    return { path: ['who', 'mechanisms'], because: `\`${owner}\` accepts none of these mechanisms` };
  }
  return undefined;
}

/** The access set in force at a domain. */
export function accessOf(domain: string, world: World): readonly string[] {
  for (const name of chainOf(domain)) {
    const set = world.domains.get(name)?.access;
    if (set !== undefined) return set;
  }
  return [];
}

function neverByPlace({ what, owner, direction, effect, scope }: Rule, catalogue: Catalogue): Never | undefined {
  if (what.endpoints === undefined || owner === OUTSIDE) return undefined;
  const selected = what.endpoints.flatMap((reference) => endpointsBy(reference, catalogue));
  const concerns = ({ placements }: { readonly placements: readonly string[] }): boolean => {
    if (direction === 'out') return !placements.some((placement) => isWithin(placement, owner));
    if (effect === 'deny' && scope === 'self') return placements.includes(owner);
    return placements.some((placement) => isWithin(placement, owner));
  };
  if (selected.some(concerns)) return undefined;
  const because =
    direction === 'out'
      ? `these endpoints lie in \`${owner}\`: reaching them does not leave it`
      : `none of these endpoints is placed in \`${owner}\``;
  return { path: ['what', 'endpoints'], because };
}

function endpointsBy(reference: string, catalogue: Catalogue) {
  if (!reference.endsWith('/*')) return [catalogue.endpoints.get(reference)!];
  return catalogue.endpointsOf.get(reference.slice(0, -2)) ?? [];
}

function neverByMethod({ what }: Rule, catalogue: Catalogue): Never | undefined {
  const { endpoints, methods } = what;
  if (endpoints === undefined || methods === undefined) return undefined;
  const answered = new Set(
    endpoints
      .flatMap((reference) => endpointsBy(reference, catalogue))
      .flatMap(({ declaration }) => methodsOf(declaration)),
  );
  // A preflight is seen as OPTIONS, whatever operation it resolves to.
  if (answered.has('*') || methods.some((method) => answered.has(method) || method === 'OPTIONS')) return undefined;
  return { path: ['what', 'methods'], because: 'none of its endpoints answers these methods' };
}

function methodsOf(
  declaration: { readonly kind?: string; readonly operations?: readonly object[] } | undefined,
): readonly string[] {
  if (declaration?.operations === undefined) return declaration?.kind === 'async' ? [] : ['*'];
  return declaration.operations.flatMap((operation) => {
    if ('rpc' in operation) return ['POST'];
    if ('path' in operation) return (operation as { readonly methods?: readonly string[] }).methods ?? ['*'];
    return [];
  });
}

/** Denies without conditions of any kind on the caller or the time, by owner. */
function blanketDenies(rules: readonly PlacedRule[], world: World): ReadonlyMap<string, readonly Rule[]> {
  const blanket = new Map<string, Rule[]>();
  for (const { rule } of rules) {
    const isFree =
      rule.when === undefined &&
      rule.notBefore === undefined &&
      rule.notAfter === undefined &&
      Object.keys(rule.who).length === 1;
    if (rule.effect !== 'deny' || rule.direction !== 'in' || rule.mode !== 'enforce' || !isFree) continue;
    if (rule.owner !== OUTSIDE && (rule.scope === 'self' || reports(rule.owner, world))) continue;
    const list = blanket.get(rule.owner) ?? [];
    blanket.set(rule.owner, list);
    if (list.length < MAXIMUM_BLANKET_DENIES) list.push(rule);
  }
  return blanket;
}

function reports(domain: string, world: World): boolean {
  for (let name: string | undefined = domain; name !== undefined; name = parentOf(name)) {
    const mode = world.domains.get(name)?.mode;
    if (mode !== undefined) return mode === 'report';
  }
  return false;
}

function lintHidden({ rule, at }: PlacedRule, blanket: ReadonlyMap<string, readonly Rule[]>, report: Report): void {
  if (rule.effect !== 'allow' || rule.direction !== 'in') return;
  const deny = [OUTSIDE, ...chainOf(rule.owner)]
    .flatMap((owner) => blanket.get(owner) ?? [])
    .find((candidate) => covers(candidate.what, rule.what));
  if (deny !== undefined)
    report.add(
      at(),
      'allow-always-denied',
      `\`${rule.id}\` never counts: the deny \`${deny.id}\` forbids everything it allows`,
    );
}

/** Whether everything the narrower selectors take, the wider ones take too. */
function covers(wider: Rule['what'], narrower: Rule['what']): boolean {
  return Object.entries(wider).every(([selector, list]: [string, readonly string[]]) => {
    const wanted = narrower[selector as keyof Rule['what']];
    return (
      wanted !== undefined &&
      wanted.every(
        (item) =>
          list.includes(item) || (selector === 'endpoints' && list.includes(`${item.slice(0, item.indexOf('/'))}/*`)),
      )
    );
  });
}

function lintCondition({ rule, at }: PlacedRule, report: Report): void {
  if (rule.effect !== 'deny' || rule.when === undefined) return;
  const parsed = parseCondition(rule.when);
  if ('faults' in parsed || parsed.condition.unguardedReads.length === 0) return;
  const reads = parsed.condition.unguardedReads.map((path) => `\`${path}\``).join(', ');
  const guards = parsed.condition.guards.map((guard) => `\`${guard}\``).join(' and ');
  const mend = guards === '' ? 'read it by optional syntax, like `principal.groups[?0]`,' : `guard it with ${guards}`;
  report.add(
    at('when'),
    'unguarded-read',
    `where ${reads} is missing the condition cannot be evaluated, and this deny counts as matched; ${mend} if that is not meant`,
  );
}

/** @param parameters  of all endpoints there are */
function lintParameters(
  { rule, at }: PlacedRule,
  parameters: ReadonlySet<string>,
  catalogue: Catalogue,
  report: Report,
): void {
  // Most conditions need not be read for it.
  if (rule.when === undefined || !rule.when.includes('params')) return;
  const parsed = parseCondition(rule.when);
  if ('faults' in parsed) return;
  const { endpoints } = rule.what;
  const given =
    endpoints === undefined
      ? parameters
      : parametersIn(endpoints.flatMap((reference) => endpointsBy(reference, catalogue)));
  const missing = new Set(parsed.condition.reads.flatMap((path) => PARAMETER_READ.exec(path)?.[1] ?? []));
  for (const name of missing) {
    if (given.has(name)) continue;
    report.add(
      at('when'),
      'unknown-parameter',
      `\`request.params.${name}\` is never there: no path of ${endpoints === undefined ? 'an endpoint' : 'these endpoints'} has \`{${name}}\`, and \`what.paths\` gives none${didYouMean(name, given)}`,
    );
  }
}

const PARAMETER_READ = /^request\.params\.([A-Za-z_][A-Za-z0-9_]*)/;

function parametersIn(endpoints: Iterable<EndpointEntry>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { declaration } of endpoints) {
    for (const operation of declaration?.operations ?? []) {
      if ('path' in operation) for (const name of parametersOf(operation.path)) names.add(name);
    }
  }
  return names;
}

/** Role names assigned or defined anywhere, by domain. */
function rolesOf(world: World): ReadonlySet<string> {
  const roles = new Set<string>();
  for (const { roles: definitions, directory } of world.domains.values()) {
    for (const { name } of definitions) roles.add(name);
    for (const assigned of directory.assignments.values()) for (const role of assigned) roles.add(role);
  }
  return roles;
}

function lintRoles({ rule, at }: PlacedRule, roles: ReadonlySet<string>, report: Report): void {
  for (const [index, role] of (rule.who.roles ?? []).entries()) {
    if (!roles.has(role))
      report.add(
        at('who', 'roles', index),
        'undefined-role',
        `nobody can hold the role \`${role}\`: no role set names it${didYouMean(role, roles)}`,
      );
  }
}
