/**
 * Two worlds without conditions on either side of the real one, so that the engine itself says what always and what never
 * holds: what the narrower one allows is always allowed, what the wider one denies is never allowed. That rests on laws
 * of the semantics (M1, M4, M5): a deny or a missing allow never opens, a credential never closes where no deny reads it.
 *
 * @see docs/semantics.md, section 8
 */
import type { Domain, Rule, Segment, Who, World } from '#engine';
import { covers, formsOf, overlap } from './templates.js';

const NOBODY_IN_PARTICULAR: Who = { anonymous: false };
const OF_A_CREDENTIAL = ['mechanisms', 'subjects', 'clients', 'groups', 'principals', 'scopes', 'roles'] as const;

/** What a rule reads that no configuration knows beforehand, as the names of its members. */
export function unknowns(world: World, rule: Rule, now: number): readonly string[] {
  const { who, what } = rule;
  const known = new Set<string>(OF_A_CREDENTIAL.filter((part) => who[part] !== undefined).map((part) => `who.${part}`));
  if (rule.effect === 'deny' && hasBoundCredentials(world)) {
    if (who.services !== undefined) known.add('who.services');
    if (who.domains !== undefined) known.add('who.domains');
  }
  if (what.paths !== undefined && !isSettled(world, what.paths)) known.add('what.paths');
  if (rule.when !== undefined) known.add('when');
  if (rule.notBefore !== undefined && rule.notBefore > now) known.add('notBefore');
  if (rule.notAfter !== undefined) known.add('notAfter');
  if (rule.obligations.length > 0) known.add('obligations');
  return [...known];
}

/** Allows less than the real world does, whatever a request holds beside its caller. */
export function narrower(world: World, now: number): World {
  return withRules(world, (rule) => {
    if (isOver(rule, now)) return [];
    const parts = unknowns(world, rule, now);
    if (rule.effect === 'deny') return [asBroadAsItMayBe(rule, parts)];
    // Credentials are not unknown here: nobody has one, and then such an allow does not match.
    const holds = parts.every((part) => part.startsWith('who.'));
    // Whoever cannot carry a critical obligation is denied, also by an allow that another credential brings in.
    const obliges = rule.obligations.some(({ critical }) => critical);
    return [
      ...(holds ? [rule] : []),
      ...(obliges
        ? [
            asBroadAsItMayBe(
              { ...rule, id: `${rule.id}#obliges`, effect: 'deny', scope: 'subtree', obligations: [] },
              ALL,
            ),
          ]
        : []),
    ];
  });
}

/** Allows more than the real world does to any request of the caller. */
export function wider(world: World, now: number): World {
  const domains = new Map<string, Domain>();
  for (const [name, domain] of world.domains) domains.set(name, { ...domain, addresses: [] });
  const services = new Map(
    [...world.services].map(([name, service]) => [
      name,
      {
        ...service,
        identities: service.identities.filter(({ mechanism }) => world.mechanisms.get(mechanism)!.role === 'trust'),
      },
    ]),
  );
  return withRules({ ...world, domains, services }, (rule) => {
    if (isOver(rule, now)) return [];
    const parts = unknowns(world, rule, now);
    if (rule.effect === 'deny') return parts.length === 0 ? [rule] : [];
    const { anonymous, domains: from, services: callers, mechanisms } = rule.who;
    return [
      {
        ...without(rule, parts),
        who: { anonymous, domains: from, services: callers, mechanisms },
        obligations: [],
      },
    ];
  });
}

const ALL: readonly string[] = [
  ...OF_A_CREDENTIAL.map((part) => `who.${part}`),
  'who.services',
  'who.domains',
  'what.paths',
];

function asBroadAsItMayBe(rule: Rule, parts: readonly string[]): Rule {
  const { services, domains } = rule.who;
  return {
    ...without(rule, parts),
    who: {
      ...NOBODY_IN_PARTICULAR,
      services: parts.includes('who.services') ? undefined : services,
      domains: parts.includes('who.domains') ? undefined : domains,
    },
  };
}

function without(rule: Rule, parts: readonly string[]): Rule {
  return {
    ...rule,
    what: parts.includes('what.paths') ? { ...rule.what, paths: undefined } : rule.what,
    when: undefined,
    notBefore: undefined,
    notAfter: undefined,
  };
}

function isOver({ notAfter }: Rule, now: number): boolean {
  return notAfter !== undefined && notAfter <= now;
}

/** A deny by caller also looks at the service that a credential is bound to. */
function hasBoundCredentials(world: World): boolean {
  return [...world.services.values()].some(({ identities }) =>
    identities.some(({ mechanism }) => world.mechanisms.get(mechanism)!.role === 'access'),
  );
}

/** Whether the paths of a rule hold all of an operation or none of it, for every operation there is. */
function isSettled(world: World, paths: readonly string[]): boolean {
  return [...world.services.values()]
    .flatMap(({ endpoints }) => endpoints)
    .every(({ operations, trailingSlash }) => {
      const held = paths.flatMap((path) => formsOf(path, trailingSlash));
      return operations.every(
        (operation) =>
          operation.kind !== 'http' ||
          formsOf(operation.path, trailingSlash).every((form) => isAllOrNothing(held, form)),
      );
    });
}

function isAllOrNothing(held: readonly (readonly Segment[])[], form: readonly Segment[]): boolean {
  return held.some((template) => covers(template, form)) || !held.some((template) => overlap(template, form));
}

function withRules(world: World, changed: (rule: Rule) => readonly Rule[]): World {
  const domains = new Map<string, Domain>();
  for (const [name, domain] of world.domains) domains.set(name, { ...domain, rules: domain.rules.flatMap(changed) });
  return { ...world, domains, outside: world.outside.flatMap(changed) };
}
