/** Who may do what, said a second time: without casbin, without sets of rights, by comparing two whole worlds. */
import type { ModelWorld, Role, Tokens } from './worlds.js';

type Demand = readonly [role: Role, at: string];

const PARTS: { readonly [part: string]: Role } = {
  boundary: 'exposure-admin',
  discloseAccess: 'exposure-admin',
  trust: 'mechanism-admin',
  recognizes: 'mechanism-admin',
};
const KINDS = { Policy: 'policy-admin', Test: 'policy-admin', RoleSet: 'member-admin', EntitySet: 'member-admin' };
const under = (at: string, top: string) => top === '*' || at === top || at.startsWith(`${top}.`);
const above = (at: string) => (at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '*');

export function may(world: ModelWorld, tokens: Tokens, id: string, role: Role, at: string): boolean {
  const { maker, who, scope, revoked } = tokens[id]!;
  if (revoked) return false;
  if (maker === null) return true;
  const does = (has: Role) => has === role || has === 'owner' || role === 'auditor';
  const named = Object.entries(world.domains).flatMap(([domain, { admins }]) =>
    admins.flatMap(([has, whom]): readonly Demand[] => (who.includes(whom) ? [[has, domain]] : [])),
  );
  return (scope ?? named).some(([has, top]) => does(has) && under(at, top)) && may(world, tokens, maker, role, at);
}

/** Whether an operator may make one world of another. */
export function mayMake(before: ModelWorld, after: ModelWorld, tokens: Tokens, id: string): boolean {
  return demands(before, after).every(([role, at]) => [before, after].every((one) => may(one, tokens, id, role, at)));
}

type Named<Value> = { readonly [name: string]: Value };
const changed = <Value>(was: Named<Value>, is: Named<Value>) =>
  [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map((name) => [name, was[name], is[name]] as const)
    .filter(([, old, now]) => JSON.stringify(old) !== JSON.stringify(now));

function demands(before: ModelWorld, after: ModelWorld): readonly Demand[] {
  const found: Demand[] = [];
  const owners = Object.entries(after.domains).flatMap(([owner, { mechanisms }]) =>
    Object.entries(mechanisms).map(([name, mechanism]) => ({ name, owner, ...mechanism })),
  );
  for (const [name, was, is] of changed(before.domains, after.domains)) {
    if (was === undefined || is === undefined) found.push(['owner', above(name)]);
    for (const [part] of changed(was?.parts ?? {}, is?.parts ?? {})) found.push([PARTS[part] ?? 'owner', name]);
    if (JSON.stringify(was?.admins) !== JSON.stringify(is?.admins)) found.push(['owner', name]);
    if (JSON.stringify(was?.mechanisms) !== JSON.stringify(is?.mechanisms)) found.push(['mechanism-admin', name]);
  }
  for (const [name, was, is] of changed(before.services, after.services)) {
    const sides = [...(was?.members ?? []), ...(is?.members ?? [])];
    const moved = was?.members.join() !== is?.members.join();
    for (const at of sides) found.push(['member-admin', at], ...(moved ? [['exposure-admin', at] as const] : []));
    for (const mechanism of is?.bound ?? []) {
      if (!moved && was?.bound.includes(mechanism)) continue;
      const { owner, delegate } = owners.find((one) => one.name === mechanism) ?? { owner: '*', delegate: '-' };
      found.push(['member-admin', is!.members.some((at) => under(at, delegate)) ? delegate : owner]);
    }
    if (was !== undefined) continue;
    for (const { at, names } of Object.values(after.placed)) if (names.includes(name)) found.push(['member-admin', at]);
  }
  for (const [key, was, is] of changed(before.placed, after.placed)) {
    const [kind, name] = key.split('/') as [keyof typeof KINDS, string];
    const sides = [was?.at, is?.at].filter((at) => at !== undefined);
    for (const at of sides) found.push([(KINDS[kind] ?? 'mechanism-admin') as Role, at]);
    if (kind in KINDS || is === undefined || was?.at === is.at) continue;
    for (const { owner, asserter } of owners)
      if (asserter === name && !under(owner, is.at)) found.push(['mechanism-admin', owner]);
  }
  const hasGateways = (world: ModelWorld) => Object.keys(world.placed).some((key) => key.startsWith('Enf'));
  return hasGateways(before) === hasGateways(after) ? found : [...found, ['owner', '*']];
}
