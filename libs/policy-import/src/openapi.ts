import { hostPatternFault, pathTemplateFault, type PolicyDocument, type ServiceDocument } from '#policy';
import {
  entriesOf,
  type ForeignFile,
  foreignDocuments,
  listOf,
  type Loose,
  member,
  textOf,
  within,
} from './foreign-text.js';
import { documentOf, type Imported, imported, ImportRefused, Names, Remarks } from './imported.js';

export interface OpenApiOptions {
  /** Of which the service is a member. */
  readonly domain: string;
  /** Absent: the title of the description. */
  readonly service?: string;
  /** Absent: those of its servers. */
  readonly hosts?: readonly string[];
}

type Endpoint = NonNullable<ServiceDocument['spec']['endpoints']>[number];

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** Where an API is, as one of its servers says. */
interface Base {
  readonly hosts: string[];
  /** Before every path; empty, or `/` and more without a slash at the end. */
  readonly prefix: string;
}

/**
 * An OpenAPI 3 description as a service: one endpoint a path, one operation with its methods. A description says where
 * an API is and not who may use it: nothing is marked as boundary, and no rule allows anything.
 *
 * @throws ImportRefused
 */
export function importOpenApi(file: ForeignFile, options: OpenApiOptions): Imported {
  const [api, ...others] = foreignDocuments(file);
  if (api === undefined || others.length > 0) throw new ImportRefused([`${file.file}: it is not one description`]);
  const version = textOf(member(api, 'openapi'));
  if (version === undefined || !/^3\.\d+\.\d+/.test(version)) {
    throw new ImportRefused([`${file.file}: it is no description of OpenAPI 3 (\`openapi: 3.…\`)`]);
  }
  const remarks = new Remarks();
  const bases = basesOf(api, options, remarks);
  const names = new Names();
  const endpoints = bases.flatMap((base) =>
    entriesOf(member(api, 'paths')).flatMap(([path, item]) => endpointOf(path, item, base, { bases, names, remarks })),
  );
  if (endpoints.length === 0) throw new ImportRefused([`${file.file}: it describes no path that can be said`]);
  tellOfTheRest(api, remarks);
  const service = options.service ?? new Names().nameOf(textOf(within(api, 'info', 'title')) ?? '', 'api');
  const hosts = bases.length === 1 ? { hosts: [...bases[0]!.hosts] } : {};
  const chain = options.domain.split('.').map((_, index, labels) => labels.slice(0, index + 1).join('.'));
  const documents: readonly PolicyDocument[] = [
    ...chain.map((name) => documentOf('Domain', { name }, {})),
    documentOf('Service', { name: service }, { domains: [options.domain], ...hosts, endpoints }),
  ];
  return imported(documents, remarks);
}

function basesOf(api: Loose, { hosts }: OpenApiOptions, remarks: Remarks): readonly Base[] {
  const bases = new Map<string, Base>();
  const add = (host: string, prefix: string): void => {
    const base = bases.get(prefix) ?? { hosts: [], prefix };
    if (!base.hosts.includes(host)) base.hosts.push(host);
    bases.set(prefix, base);
  };
  const servers = listOf(member(api, 'servers')).flatMap((server) => textOf(member(server, 'url')) ?? []);
  for (const url of servers.length === 0 ? ['/'] : servers) {
    const place = placeIn(url);
    if (place === undefined || (place.host === undefined && hosts === undefined)) {
      remarks.narrower(`server \`${url}\``, 'it names no host that can be said; name hosts with `--host`');
      continue;
    }
    for (const host of hosts ?? [place.host!]) add(host, place.prefix);
  }
  if (bases.size === 0) throw new ImportRefused(['no server names a host: name hosts with `--host`']);
  return [...bases.values()];
}

function placeIn(url: string): { readonly host: string | undefined; readonly prefix: string } | undefined {
  const isAbsolute = /^https?:\/\//i.test(url);
  if (/[{}]/.test(url) || (!isAbsolute && !url.startsWith('/'))) return undefined;
  const parsed = URL.canParse(url, 'http://placeholder.invalid')
    ? new URL(url, 'http://placeholder.invalid')
    : undefined;
  if (parsed === undefined) return undefined;
  const host = isAbsolute ? parsed.hostname : undefined;
  if (host !== undefined && hostPatternFault(host) !== undefined) return undefined;
  return { host, prefix: parsed.pathname.replace(/\/+$/, '') };
}

interface Making {
  readonly bases: readonly Base[];
  readonly names: Names;
  readonly remarks: Remarks;
}

function endpointOf(
  path: string,
  item: Loose,
  { hosts, prefix }: Base,
  { bases, names, remarks }: Making,
): readonly Endpoint[] {
  // Extensions stand beside paths.
  if (path.startsWith('x-')) return [];
  if (textOf(member(item, '$ref')) !== undefined) {
    remarks.narrower(`path \`${path}\``, 'it is written elsewhere (`$ref`), and is left out');
    return [];
  }
  if (member(item, 'servers') !== undefined) {
    remarks.narrower(`path \`${path}\``, 'it has servers of its own, which are left out');
  }
  const methods = entriesOf(item).flatMap(([name]) => (METHODS.includes(name) ? [name.toUpperCase()] : []));
  if (methods.length === 0) return [];
  // What a parameter is called must be a name here, and what it is called does not matter.
  const counts = new Map<string, number>();
  const template = `${prefix}${path}`.replaceAll(/\{([^{}/]*)\}/g, (_, name: string) => parameter(name, counts));
  const fault = pathTemplateFault(template);
  if (fault !== undefined) {
    remarks.narrower(`path \`${path}\``, `\`${template}\` ${fault}`);
    return [];
  }
  return [
    {
      name: names.nameOf(path, 'root'),
      ...(bases.length > 1 && { hosts: [...hosts] }),
      operations: [{ methods, path: template }],
    },
  ];
}

function parameter(text: string, counts: Map<string, number>): string {
  const plain = text.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_');
  const count = (counts.get(plain) ?? 0) + 1;
  counts.set(plain, count);
  return `{${plain}${count === 1 ? '' : `_${count}`}}`;
}

function tellOfTheRest(api: Loose, remarks: Remarks): void {
  for (const [name] of entriesOf(within(api, 'components', 'securitySchemes'))) {
    remarks.note(
      `security scheme \`${name}\``,
      'write a mechanism for it, list it in `access`, and rules that ask for it',
    );
  }
  for (const [name] of entriesOf(member(api, 'webhooks'))) {
    remarks.narrower(`webhook \`${name}\``, 'what the API calls itself is not described here');
  }
  remarks.note(
    'the domain',
    'no endpoint is marked in `boundary` and no rule allows anything, so that nobody gets in yet',
  );
}
