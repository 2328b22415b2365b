import { canonicalPath } from '#engine';
import type { PolicyDocument, RuleDeclaration, ServiceDocument } from '#policy';
import { type CasbinModel, casbinModel, type Column } from './casbin-model.js';
import { documentOf, type Imported, imported, ImportRefused, Names, Remarks } from './imported.js';

export interface CasbinSource {
  /** `model.conf`. */
  readonly model: string;
  /** `policy.csv`. */
  readonly policy: string;
}

export interface CasbinOptions {
  /** One name: the domain that all of it is in. */
  readonly domain: string;
  /** The service whose endpoints stand for the objects. */
  readonly service: string;
  /** Where objects that are paths are asked for; with domains, below it. */
  readonly host?: string;
}

interface Line {
  readonly number: number;
  readonly fields: readonly string[];
}

type Fields = { readonly [column in Column]?: string };

interface PolicyLine {
  readonly number: number;
  readonly text: string;
  readonly fields: Fields;
}

interface Grant {
  readonly member: string;
  readonly role: string;
  readonly domain: string;
}

/** Casbin looks for roles of roles this deep and no deeper. */
const CASBIN_LEVELS = 10;
/** What objects that are no paths are called as resources. */
const RESOURCE = 'object';
const EVERYBODY = 'nobody is called `*`';

/**
 * A casbin model and policy as documents: subjects are users that an enforcement point vouches for, or roles; objects
 * that begin with `/` are paths, others are resources; casbin's domains are domains.
 *
 * @throws ImportRefused  for what would let through more than casbin does
 */
export function importCasbin(source: CasbinSource, options: CasbinOptions): Imported {
  const model = casbinModel(source.model);
  const { policies, grants } = readPolicy(source.policy, model);
  const remarks = new Remarks();
  const names = new Names();
  const domains = [
    ...new Set([...policies.map(({ fields }) => fields.dom ?? ''), ...grants.map(({ domain }) => domain)]),
  ];
  const mechanism = `${options.service}-user`;
  remarks.note(
    `mechanism \`${mechanism}\``,
    'nobody may vouch for users yet: write an EnforcementPoint whose `mayAssert` lists it',
  );
  const places = domains.map((domain) =>
    placeOf(
      model.hasDomains ? tenantOf(domain, names, remarks) : undefined,
      policies.filter(({ fields }) => (fields.dom ?? '') === domain),
      grants.filter((grant) => grant.domain === domain),
      { model, options, mechanism, remarks },
    ),
  );
  return imported([rootOf(places, options, mechanism), ...places.flatMap(({ documents }) => documents)], remarks);
}

/** What one of casbin's domains is called here, and its hosts and resources with it. */
function tenantOf(domain: string, names: Names, remarks: Remarks): string {
  const name = names.nameOf(domain, 'domain');
  if (name !== domain) remarks.note(`domain \`${domain}\``, `it is called \`${name}\` here`);
  return name;
}

interface Place {
  readonly documents: readonly PolicyDocument[];
  readonly service: string | undefined;
}

interface Making {
  readonly model: CasbinModel;
  readonly options: CasbinOptions;
  readonly mechanism: string;
  readonly remarks: Remarks;
}

/** The domain that owns the mechanism. Where casbin has domains, it lets everyone with a credential in as far as these. */
function rootOf(places: readonly Place[], { domain }: CasbinOptions, mechanism: string): PolicyDocument {
  const services = places.flatMap(({ service }) => (service === undefined ? [] : [`${service}/*`]));
  return documentOf(
    'Domain',
    { name: domain },
    {
      mechanisms: [{ name: mechanism, role: 'access', kind: 'asserted', asserted: { principalType: 'user' } }],
      trust: [],
      access: [mechanism],
      ...(services.length > 0 && { boundary: services }),
    },
  );
}

/** @param tenant  the name of one of casbin's domains, where it has them */
function placeOf(
  tenant: string | undefined,
  policies: readonly PolicyLine[],
  grants: readonly Grant[],
  making: Making,
): Place {
  const { options, mechanism } = making;
  const domain = tenant === undefined ? options.domain : `${options.domain}.${tenant}`;
  const called = (what: string): string => (tenant === undefined ? what : `${what}-${tenant}`);
  const roles = rolesOf(grants);
  const service = called(options.service);
  const kind = tenant === undefined ? RESOURCE : `${RESOURCE}@${tenant}`;
  const endpoints = policies.length === 0 ? [] : endpointsOf(policies, kind, tenant, making);
  const named = endpoints.map(({ name }) => name as 'paths' | 'objects');
  const rules = policies.flatMap((line) => ruleOf(line, roles, { service, kind, endpoints: named }, making));
  const serviceDocument =
    endpoints.length === 0
      ? []
      : [documentOf('Service', { name: service }, { domains: [domain], endpoints: endpoints as never })];
  const own: PolicyDocument[] = [...serviceDocument];
  if (tenant !== undefined) {
    own.unshift(
      documentOf('Domain', { name: domain }, endpoints.length === 0 ? {} : { boundary: [`${service}/*`] }),
      ...(endpoints.length === 0
        ? []
        : [
            documentOf(
              'Policy',
              { name: `${service}-enter`, domain: options.domain },
              {
                rules: [
                  {
                    id: 'enter',
                    description: 'as far as the domain below, which decides',
                    effect: 'allow',
                    who: { mechanisms: [mechanism] },
                    what: { services: [service] },
                  },
                ],
              },
            ),
          ]),
    );
  }
  if (rules.length > 0) own.push(documentOf('Policy', { name: service, domain }, { rules }));
  if (roles.size > 0) own.push(roleSetOf(called(options.service), domain, roles, grants));
  return { documents: own, service: endpoints.length === 0 ? undefined : service };
}

function endpointsOf(
  policies: readonly PolicyLine[],
  kind: string,
  tenant: string | undefined,
  { model, options: { host }, remarks }: Making,
): readonly NonNullable<ServiceDocument['spec']['endpoints']>[number][] {
  const isPath = ({ fields }: PolicyLine): boolean => fields.obj!.startsWith('/');
  const endpoints: NonNullable<ServiceDocument['spec']['endpoints']>[number][] = [];
  const isAny = ({ fields }: PolicyLine): boolean => model.object === 'keyMatch' && fields.obj!.startsWith('*');
  if (policies.some(isPath) || (host !== undefined && policies.some(isAny))) {
    if (host === undefined) throw new ImportRefused(['objects are paths: say with `--host` where they are asked for']);
    endpoints.push({ name: 'paths', hosts: [tenant === undefined ? host : `${tenant}.${host}`] });
  }
  if (endpoints.length === 0 && policies.some(isAny)) {
    remarks.narrower(
      'objects that begin with `*`',
      'they are about paths too; say with `--host` where these are asked for',
    );
  }
  if (!policies.every(isPath)) {
    endpoints.push({ name: 'objects', kind: 'resource', operations: [{ resourceType: kind }] });
  }
  return endpoints;
}

/** What stands for the objects of one of casbin's domains. */
interface Objects {
  readonly service: string;
  /** The type of those that are no paths. */
  readonly kind: string;
  readonly endpoints: readonly ('paths' | 'objects')[];
}

function ruleOf(
  { number, text, fields }: PolicyLine,
  roles: ReadonlySet<string>,
  { service, kind, endpoints }: Objects,
  { model, remarks }: Making,
): readonly RuleDeclaration[] {
  const { sub = '', obj = '', act = '', eft = 'allow' } = fields;
  const where = `line ${number}: ${text}`;
  if (eft !== 'allow' && eft !== 'deny') throw new ImportRefused([`${where}: \`${eft}\` is neither allow nor deny`]);
  if (eft === 'deny' && !model.deniesCount) {
    remarks.note(where, 'the effect of the model takes no notice of a deny, and neither do the documents');
    return [];
  }
  // A pattern that begins with a star is about paths and about everything else.
  const isAny = model.object === 'keyMatch' && obj.startsWith('*');
  const kinds = isAny ? endpoints : [obj.startsWith('/') ? ('paths' as const) : ('objects' as const)];
  const actions = actionsOf(act, model, eft, where, remarks);
  return kinds.flatMap((endpoint) => {
    const isPath = endpoint === 'paths';
    const object = isAny ? { what: {} } : objectOf(obj, model, { isPath, kind, effect: eft, where, remarks });
    if (object === undefined) return [];
    return {
      id: kinds.length === 1 ? `line-${number}` : `line-${number}-${endpoint}`,
      description: text,
      effect: eft,
      who: model.hasRoles && roles.has(sub) ? { roles: [sub] } : { principals: [`user:${sub}`] },
      what: {
        endpoints: [`${service}/${endpoint}`],
        ...(actions !== undefined && (isPath ? { methods: [...actions] } : { actions: [...actions] })),
        ...object.what,
      },
      ...(object.when !== undefined && { when: object.when }),
    };
  });
}

/** @returns undefined for every action */
function actionsOf(
  act: string,
  { action }: CasbinModel,
  effect: 'allow' | 'deny',
  where: string,
  remarks: Remarks,
): readonly string[] | undefined {
  if (action === 'equal') return [act];
  if (act === '.*') return undefined;
  const bare = /^\^?\(?((?:\(?[A-Za-z0-9_-]+\)?)(?:\|\(?[A-Za-z0-9_-]+\)?)*)\)?\$?$/.exec(act)?.[1];
  const isWhole = /^\^(?:\([^()]*\)|[^|()]*)\$$/.test(act);
  if (bare === undefined || (effect === 'deny' && !isWhole)) {
    throw new ImportRefused([
      `${where}: \`${act}\` forbids or allows more than a list of actions; write it as \`^(read|write)$\``,
    ]);
  }
  if (!isWhole) remarks.narrower(where, `\`${act}\` is also found within other actions, which stay closed`);
  return bare.split('|').map((one) => one.replaceAll(/[()]/g, ''));
}

interface ObjectSelector {
  readonly what: { readonly paths?: string[]; readonly resources?: string[] };
  readonly when?: string;
}

interface About {
  readonly isPath: boolean;
  /** The type of what is no path. */
  readonly kind: string;
  readonly effect: 'allow' | 'deny';
  /** The line, to tell. */
  readonly where: string;
  readonly remarks: Remarks;
}

/** @returns undefined for an allow of what no request is about */
function objectOf(obj: string, { object }: CasbinModel, about: About): ObjectSelector | undefined {
  const { isPath, kind } = about;
  const read = isPath ? 'request.path' : 'resource.id';
  const isExact = object === 'equal' || (object === 'keyMatch' ? !obj.includes('*') : !/[:*.+?^$()[\]{}|\\]/.test(obj));
  if (isExact) {
    if (!isPath) return { what: { resources: [`${kind}:${obj}`] } };
    const path = judgedPath(obj, '', about);
    if (path === undefined) return undefined;
    // Anything else could be read as a template.
    return /^(?:\/[A-Za-z0-9_~-]+)+$|^\/$/.test(path)
      ? { what: { paths: [path] } }
      : { what: {}, when: `${read} == ${JSON.stringify(path)}` };
  }
  if (object === 'keyMatch') {
    const written = obj.slice(0, obj.indexOf('*'));
    const start = isPath ? judgedPath(written, 'x', about) : written;
    return start === undefined ? undefined : { what: {}, when: `${read}.startsWith(${JSON.stringify(start)})` };
  }
  return { what: {}, when: `${read}.matches(${JSON.stringify(expressionOf(obj, about))})` };
}

/**
 * A path, or how paths begin, as requests are judged by it: escapes have one spelling, and a query is no part of it.
 *
 * @param more  what stands for the rest of a path of which this is the beginning
 * @throws ImportRefused  for a deny that would hold of no request
 */
function judgedPath(text: string, more: string, { effect, where, remarks }: About): string | undefined {
  const canonical = canonicalPath(`${text}${more}`);
  if (canonical !== undefined && canonical.query === undefined) {
    return canonical.path.slice(0, canonical.path.length - more.length);
  }
  const because = `no request is judged by the path \`${text}\`: it holds a query, or what a path may not hold as it stands`;
  if (effect === 'deny') throw new ImportRefused([`${where}: ${because}`]);
  remarks.narrower(where, because);
  return undefined;
}

/** The very expression that casbin makes of it. */
function expressionOf(obj: string, { effect, where, remarks }: About): string {
  // What begins with a dot would be about paths and about everything else; after a colon libraries differ.
  if (!/^[A-Za-z0-9_/:~-][A-Za-z0-9_/:*.~-]*$/.test(obj) || /\/:(?:\/|$|[^/]*:)/.test(obj)) {
    throw new ImportRefused([`the pattern \`${obj}\` is not understood`]);
  }
  const isMixed = /[^/]:|^:/.test(obj);
  if (isMixed && effect === 'allow') {
    remarks.narrower(
      where,
      'a colon within a segment stands for itself here; some libraries of casbin take it for a parameter',
    );
  }
  // Of the two readings, the one that forbids more.
  const parameter = isMixed && effect === 'allow' ? /(?<=\/):[^/]+/g : /:[^/]+/g;
  return `^${obj.replaceAll('/*', '/.*').replaceAll(parameter, '[^/]+')}$`;
}

/** Names that others have as a role. Whoever is called so is no user: casbin cannot tell the two apart. */
function rolesOf(grants: readonly Grant[]): ReadonlySet<string> {
  const roles = new Set(grants.map(({ role }) => role));
  const above = new Map<string, string[]>();
  for (const { member, role } of grants) above.set(member, [...(above.get(member) ?? []), role]);
  for (const start of above.keys()) {
    if (levelsAbove(start, above, new Set()) > CASBIN_LEVELS) {
      throw new ImportRefused([`\`${start}\` has roles of roles more than ${CASBIN_LEVELS} deep, where casbin stops`]);
    }
  }
  return roles;
}

function levelsAbove(name: string, above: ReadonlyMap<string, readonly string[]>, path: ReadonlySet<string>): number {
  if (path.has(name)) throw new ImportRefused([`the role \`${name}\` is a role of itself`]);
  const roles = above.get(name) ?? [];
  // Deeper than this it is refused anyway, and a wide graph would take forever.
  if (path.size > CASBIN_LEVELS || roles.length === 0) return 0;
  const on = new Set(path).add(name);
  return 1 + Math.max(...roles.map((role) => levelsAbove(role, above, on)));
}

function roleSetOf(name: string, domain: string, roles: ReadonlySet<string>, grants: readonly Grant[]): PolicyDocument {
  const of = (role: string, isRole: boolean): readonly string[] =>
    [
      ...new Set(
        grants.filter((grant) => grant.role === role && roles.has(grant.member) === isRole).map(({ member }) => member),
      ),
    ].sort();
  const inherits = (role: string): readonly string[] =>
    [...new Set(grants.filter(({ member }) => member === role).map((grant) => grant.role))].sort();
  const sorted = [...roles].sort();
  const assignments = sorted
    .map((role) => ({ role, principals: of(role, false).map((member) => `user:${member}`) }))
    .filter(({ principals }) => principals.length > 0);
  return documentOf(
    'RoleSet',
    { name, domain },
    {
      roles: sorted.map((role) => ({
        name: role,
        ...(inherits(role).length > 0 && { inherits: [...inherits(role)] }),
      })),
      ...(assignments.length > 0 && { assignments }),
    },
  );
}

function readPolicy(text: string, { columns, hasDomains, hasRoles }: CasbinModel) {
  const policies: PolicyLine[] = [];
  const grants: Grant[] = [];
  for (const { number, fields } of linesOf(text)) {
    const [kind, ...values] = fields;
    const shown = fields.join(', ');
    const wrong = (because: string): ImportRefused => new ImportRefused([`line ${number}: ${shown}: ${because}`]);
    if (values.some((value) => value === '')) throw wrong('a field is empty');
    if (kind === 'p') {
      // The effect may be left out, and then is allow.
      const least = columns.at(-1) === 'eft' ? columns.length - 1 : columns.length;
      if (values.length < least || values.length > columns.length) throw wrong('it has not the columns of the model');
      const named = Object.fromEntries(values.map((value, index) => [columns[index]!, value])) as Fields;
      // To casbin it is a name like any other, and here it would be everybody. Models have their columns in any order.
      if (named.sub === '*') throw wrong(EVERYBODY);
      policies.push({ number, text: shown, fields: named });
    } else if (kind === 'g' && hasRoles) {
      if (values.length !== (hasDomains ? 3 : 2)) throw wrong('it has not the columns of the model');
      const [member = '', role = '', domain = ''] = values;
      if (member === '*') throw wrong(EVERYBODY);
      grants.push({ member, role, domain });
    } else {
      throw wrong(`\`${kind}\` is not of the model`);
    }
  }
  if (policies.length === 0) throw new ImportRefused(['the policy allows nothing: it has no line `p, …`']);
  return { policies, grants };
}

/** Lines of comma-separated values: white space around them does not count, quotes hold commas. */
function* linesOf(text: string): Generator<Line> {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const fields: string[] = [];
    const field = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
    for (let isLast = false; !isLast;) {
      const found = field.exec(line);
      if (found === null) throw new ImportRefused([`line ${index + 1}: ${line}: the quotes are not understood`]);
      fields.push(found[1]?.replaceAll('""', '"') ?? found[2]!.trim());
      isLast = found[3] === '';
    }
    yield { number: index + 1, fields };
  }
}
