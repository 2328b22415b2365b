/** A world of the bench as policy documents. They are JSON, which is read ten times as fast as other YAML. */
import type { Domain, Rule, Service, World } from '#engine';
import { CREDENTIAL } from './asking.js';

/** A file for each domain of the upper three levels, with what lies below those of the third. */
export function filesOf({ domains, services }: World): ReadonlyMap<string, string> {
  const documents = new Map<string, object[]>();
  const add = (domain: string, ...more: readonly object[]) => {
    const file = `${domain.split('.').slice(0, 3).join('-')}.yaml`;
    documents.set(file, [...(documents.get(file) ?? []), ...more]);
  };
  const top = [...domains.keys()][0]!;
  add(top, document('EnforcementPoint', { name: 'edge', domain: top }, POINT));
  for (const domain of domains.values()) add(domain.name, ...documentsOf(domain, domain.name === top));
  for (const service of services.values()) add(service.domains[0]!, serviceDocument(service));
  return new Map([...documents].map(([file, all]) => [file, all.map((one) => JSON.stringify(one)).join('\n---\n')]));
}

const POINT = { credentials: [CREDENTIAL], mayAssert: ['mesh', 'login'] };
const MECHANISMS = [
  { name: 'mesh', role: 'trust', kind: 'spiffe', spiffe: { trustDomain: 'bench.example' } },
  {
    name: 'login',
    role: 'access',
    kind: 'jwt',
    jwt: { issuer: 'https://login.bench.example/', audiences: ['bench'], keys: { inline: { keys: [] } } },
  },
];

function document(kind: string, metadata: object, spec: object): object {
  return { apiVersion: 'dharma/v1', kind, metadata, spec };
}

function documentsOf({ name, trust, access, boundary, rules, directory }: Domain, isTop: boolean): readonly object[] {
  const file = name.replaceAll('.', '-');
  const holders = new Map<string, string[]>();
  for (const [principal, roles] of directory.assignments)
    for (const role of roles) holders.set(role, [...(holders.get(role) ?? []), principal]);
  const assignments = [...holders].map(([role, principals]) => ({ role, principals }));
  const entities = [...directory.entities].map(([principal, attributes]) => {
    const [type, id] = principal.split(':');
    return { type, id, attributes };
  });
  return [
    document('Domain', { name }, { trust, access, boundary, ...(isTop && { mechanisms: MECHANISMS }) }),
    document('RoleSet', { name: file, domain: name }, { assignments }),
    ...(entities.length === 0 ? [] : [document('EntitySet', { name: file, domain: name }, { entities })]),
    document('Policy', { name: file, domain: name }, { rules: rules.map(ruleDeclaration) }),
  ];
}

function ruleDeclaration({ id, effect, scope, who: { roles, principals, subjects }, what }: Rule): object {
  const who = { roles, principals, subjects };
  return { id: id.slice(id.indexOf('/') + 1), effect, scope, who, ...(what.endpoints && { what }) };
}

function serviceDocument({ name, domains, identities, endpoints }: Service): object {
  const [{ hosts, operations }] = endpoints as [Service['endpoints'][number]];
  return document(
    'Service',
    { name },
    {
      domains,
      identities,
      hosts,
      endpoints: [{ name: 'all', operations: operations.map((operation) => ({ ...operation, kind: undefined })) }],
    },
  );
}
