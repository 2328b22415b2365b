import type { Attributes, Evidence, IdentityBinding, Json, Rule } from '#engine';
import type { Chance } from './chance.js';
import type { Scene } from './scene.js';
import { accessOf, chainOf } from './vocabulary.js';

/** Seconds of a token's remaining life; also none and a fraction of a millisecond's neighbourhood. */
const LIFETIMES_MILLISECONDS = [0, -1, 1, 999, 5_000, 25_000, 3_600_000];

/** Evidence that often suffices for the scene, and often not quite. */
export function randomEvidence(chance: Chance, scene: Scene, time: number): readonly Evidence[] {
  const items = [...trustItems(chance, scene), ...accessItems(chance, scene)].map((item) =>
    spoiled(chance, scene, item, time),
  );
  const kept = chance.percent(12) ? chance.some(items, 60) : items;
  const duplicate = chance.percent(6) ? chance.pick(kept) : undefined;
  return duplicate === undefined ? kept : [...kept, duplicate];
}

function trustItems(chance: Chance, { actor, vocabulary }: Scene): readonly Evidence[] {
  const { world, trustMechanisms } = vocabulary;
  const items: Evidence[] = [];
  const own = (actor?.identities ?? []).filter(({ mechanism }) => trustMechanisms.includes(mechanism));
  if (own.length > 0) {
    for (const identity of chance.percent(80) ? [chance.pick(own)!] : own) items.push(trustItem(chance, identity));
  }
  if (chance.percent(4)) {
    const other = chance.pick([...world.services.values()].flatMap(({ identities }) => identities));
    if (other !== undefined) items.push(trustItem(chance, other));
  }
  if (chance.percent(3)) {
    items.push(
      bare(
        'trust',
        chance.pick(trustMechanisms) ?? 'nothing',
        chance.oneOf('nobody', 'CN=nobody', '10.255.255.255', ''),
      ),
    );
  }
  return items;
}

function trustItem(chance: Chance, { mechanism, subject }: IdentityBinding): Evidence {
  return bare('trust', mechanism, subjectLike(chance, subject));
}

/** A subject that a binding covers. */
function subjectLike(chance: Chance, pattern: string): string {
  if (pattern.endsWith('**')) return `${pattern.slice(0, -2)}${chance.oneOf('', 'x', 'a/b')}`;
  const slash = pattern.lastIndexOf('/');
  if (!/^[0-9a-fA-F.:]+\/\d+$/.test(pattern)) return pattern;
  const address = pattern.slice(0, slash);
  const isVersion4 = address.includes('.') && !address.includes(':');
  return isVersion4 && chance.percent(25) ? `::ffff:${address}` : address;
}

/** For each domain on the way, a credential of a mechanism it accepts that has what one of its allows asks for. */
function accessItems(chance: Chance, scene: Scene): readonly Evidence[] {
  const { vocabulary, placement, rules, actor } = scene;
  const { world } = vocabulary;
  const items = new Map<string, Evidence>();
  const way = [placement, ...(chance.percent(40) ? (actor?.domains ?? []) : [])].filter((name) => name !== undefined);
  if (chance.percent(15)) return chance.percent(50) ? [] : [foreign(chance, scene)];
  for (const { name } of way.flatMap((domain) => chainOf(world, domain))) {
    const accepted = accessOf(world, name).filter((mechanism) => world.mechanisms.has(mechanism));
    const asked = rules.filter((rule) => rule.owner === name || rule.scope === 'subtree');
    const wanted = accepted.filter((mechanism) => asked.some((rule) => suits(scene, mechanism, rule)));
    const mechanism = chance.pick(wanted.length > 0 && chance.percent(80) ? wanted : accepted);
    if (mechanism === undefined || chance.percent(8)) continue;
    items.set(
      mechanism,
      asked.reduce(
        (item, rule) => satisfying(chance, scene, item, rule),
        items.get(mechanism) ?? credential(chance, scene, mechanism),
      ),
    );
  }
  return [...items.values(), ...(chance.percent(8) ? [foreign(chance, scene)] : [])];
}

/** Whether a credential of this mechanism could be what the rule asks for. */
function suits({ vocabulary }: Scene, mechanism: string, { who }: Rule): boolean {
  const { principalType } = vocabulary.world.mechanisms.get(mechanism)!;
  const holders = (who.roles ?? []).flatMap((role) => vocabulary.roleHolders.get(role) ?? []);
  const named = (principals: readonly string[]): boolean =>
    principals.some((name) => name.startsWith(`${principalType}:`) || name.startsWith('group:'));
  return (
    (who.mechanisms === undefined || who.mechanisms.includes(mechanism)) &&
    (who.principals === undefined || named(who.principals)) &&
    (who.roles === undefined || named(holders))
  );
}

function credential(chance: Chance, scene: Scene, mechanism: string): Evidence {
  const { vocabulary } = scene;
  const type = vocabulary.world.mechanisms.get(mechanism)!.principalType;
  const stored = vocabulary.entityIds.get(type) ?? [];
  const bound = [...vocabulary.world.services.values()]
    .flatMap(({ identities }) => identities)
    .filter((identity) => identity.mechanism === mechanism);
  const subject =
    bound.length > 0 && chance.percent(40)
      ? subjectLike(chance, chance.pick(bound)!.subject)
      : stored.length > 0 && chance.percent(20)
        ? chance.pick(stored)!
        : chance.percent(90)
          ? scene.person
          : 'u-2';
  return {
    ...bare('access', mechanism, subject),
    claims: scene.invented('principal.claims', 10),
    attributes: chance.percent(25) ? scene.invented('principal.attributes', 10) : empty(),
  };
}

/** The credential, with one rule's wishes added to it. */
function satisfying(chance: Chance, scene: Scene, item: Evidence, { who }: Rule): Evidence {
  const type = scene.vocabulary.world.mechanisms.get(item.mechanism)!.principalType;
  const scopes = who.scopes === undefined ? [] : 'allOf' in who.scopes ? who.scopes.allOf : [chance.pick(who.scopes)!];
  const holders = (who.roles ?? []).flatMap((role) => scene.vocabulary.roleHolders.get(role) ?? []);
  const principals = [...(who.principals ?? []), ...holders].filter(
    (name) => name.startsWith(`${type}:`) && !name.endsWith(':*'),
  );
  const groups = holders.filter((name) => name.startsWith('group:')).map((name) => name.slice('group:'.length));
  const subjects = [...(who.subjects ?? []), ...principals.map((name) => name.slice(type.length + 1))];
  const client = chance.pick(who.clients ?? []);
  return {
    ...item,
    subject:
      subjects.length > 0 && !subjects.includes(item.subject) && chance.percent(80)
        ? chance.pick(subjects)!
        : item.subject,
    scopes: union(item.scopes, chance.percent(92) ? scopes : chance.some(scopes, 50)),
    groups: union(item.groups, [chance.pick(who.groups ?? []), chance.percent(70) ? chance.pick(groups) : undefined]),
    claims: client === undefined ? item.claims : withMember(item.claims, chance.oneOf('azp', 'client_id'), client),
  };
}

/** A credential of any mechanism of the world, accepted here or not, or of none. */
function foreign(chance: Chance, scene: Scene): Evidence {
  const mechanism = chance.percent(90) ? chance.pick(scene.vocabulary.accessMechanisms) : undefined;
  return mechanism === undefined ? bare('access', 'nothing', 'u-1') : credential(chance, scene, mechanism);
}

/** Most items as they are; some unverified, near their expiry, in the wrong role, or with strange members. */
function spoiled(chance: Chance, scene: Scene, item: Evidence, time: number): Evidence {
  if (chance.percent(3)) return { ...item, verified: false };
  if (chance.percent(12)) return { ...item, expiresAt: time + chance.pick(LIFETIMES_MILLISECONDS)! };
  if (chance.percent(2)) return { ...item, role: item.role === 'trust' ? 'access' : 'trust' };
  if (chance.percent(3))
    return { ...item, claims: withMember(item.claims, chance.oneOf('__proto__', 'constructor', 'toString'), 'x') };
  if (chance.percent(2)) return { ...item, subject: chance.oneOf('', 'x:y', 'ü', scene.texts(1)[0] ?? 'x') };
  return item;
}

function bare(role: Evidence['role'], mechanism: string, subject: string): Evidence {
  return { role, mechanism, subject, verified: true, scopes: [], groups: [], claims: empty(), attributes: empty() };
}

function empty(): Attributes {
  return Object.create(null);
}

function withMember(map: Attributes, member: string, value: Json): Attributes {
  const copy: { [member: string]: Json } = Object.assign(Object.create(null), map);
  copy[member] = value;
  return copy;
}

function union(items: readonly string[], more: readonly (string | undefined)[]): readonly string[] {
  return [...new Set([...items, ...more.filter((item) => item !== undefined)])];
}
