/** What others need for the flat part of the same question: may this user, by a role, use this endpoint? */
import { newEnforcer, newModelFromString } from 'casbin';

export interface PeerFigures {
  readonly name: string;
  readonly microseconds: number;
  /** To load the policy. */
  readonly seconds: number;
}

const ROLES = 50;
const USERS = 100;

const casbinModel = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`;

/** Microseconds of one call, over as many calls as fit a second. */
function timed(call: (index: number) => void): number {
  call(0);
  const start = process.hrtime.bigint();
  let calls = 0;
  while (process.hrtime.bigint() - start < 1_000_000_000n) call(calls++);
  return Number(process.hrtime.bigint() - start) / 1000 / calls;
}

export async function benchCasbin(rules: number): Promise<PeerFigures> {
  const start = process.hrtime.bigint();
  const model = newModelFromString(casbinModel);
  for (let index = 0; index < rules; index++) {
    model.addPolicy('p', 'p', [
      `role-${index % ROLES}`,
      `s${Math.floor(index / ROLES)}/all`,
      'GET',
      index % 10 === 9 ? 'deny' : 'allow',
    ]);
  }
  const enforcer = await newEnforcer(model);
  for (let index = 0; index < USERS; index++) await enforcer.addGroupingPolicy(`u-${index}`, `role-${index % ROLES}`);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const microseconds = timed((index) =>
    enforcer.enforceSync(`u-${index % USERS}`, `s${index % Math.ceil(rules / ROLES)}/all`, 'GET'),
  );
  return { name: 'node-casbin', microseconds, seconds };
}

export async function benchCedar(rules: number): Promise<PeerFigures> {
  const cedar = await import('@cedar-policy/cedar-wasm/nodejs');
  const policies: Record<string, string> = {};
  for (let index = 0; index < rules; index++) {
    const effect = index % 10 === 9 ? 'forbid' : 'permit';
    policies[`p${index}`] =
      `${effect}(principal in Role::"role-${index % ROLES}", action == Action::"GET", resource == Endpoint::"s${Math.floor(index / ROLES)}/all");`;
  }
  const start = process.hrtime.bigint();
  const parsed = cedar.preparsePolicySet('bench', { staticPolicies: policies });
  if (parsed.type !== 'success') throw new Error('cedar refuses the policy');
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const microseconds = timed((index) => {
    const user = index % USERS;
    cedar.statefulIsAuthorized({
      principal: { type: 'User', id: `u-${user}` },
      action: { type: 'Action', id: 'GET' },
      resource: { type: 'Endpoint', id: `s${index % Math.ceil(rules / ROLES)}/all` },
      context: {},
      preparsedPolicySetId: 'bench',
      entities: [
        { uid: { type: 'User', id: `u-${user}` }, attrs: {}, parents: [{ type: 'Role', id: `role-${user % ROLES}` }] },
      ],
    });
  });
  return { name: 'cedar-wasm', microseconds, seconds };
}
