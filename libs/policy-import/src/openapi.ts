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
  const servers = listOf(member(api, 'servers')).flatMap((server) => urlOf(server, remarks) ?? []);
  for (const url of servers.length === 0 ? ['/'] : servers) {
    const place = placeIn(url, hosts);
    if (place === undefined) {
      const missing = hosts === undefined ? 'host that can be said; name hosts with `--host`' : 'path that can be said';
      remarks.narrower(`server \`${url}\``, `it names no ${missing}`);
      continue;
    }
    for (const host of place.hosts) add(host, place.prefix);
  }
  if (bases.size > 0) return [...bases.values()];
  throw new ImportRefused([
    hosts === undefined
      ? 'no server names a host: name hosts with `--host`'
      : 'no server says which path the API is below: its URL is relative, or has variables without defaults',
  ]);
}

/** With what its variables are unless somebody says otherwise. */
function urlOf(server: Loose, remarks: Remarks): string | undefined {
  const url = textOf(member(server, 'url'));
  const told = url?.replaceAll(
    /\{([^{}]*)\}/g,
    (whole, name: string) => textOf(within(server, 'variables', name, 'default')) ?? whole,
  );
  if (told !== url) remarks.narrower(`server \`${url}\``, 'of its variables only the defaults are read');
  return told;
}

/** @param named  hosts that count instead of those of the URL */
function placeIn(url: string, named: readonly string[] | undefined): Base | undefined {
  const isAbsolute = /^https?:\/\//i.test(url);
  if (!isAbsolute && !url.startsWith('/')) return undefined;
  // Which host it is does not matter then, nor whether it can be said.
  const text = named === undefined ? url : url.replace(/^https?:\/\/[^/]*/i, '');
  if (/[{}]/.test(text) || !URL.canParse(text, 'http://placeholder.invalid')) return undefined;
  const parsed = new URL(text, 'http://placeholder.invalid');
  const prefix = parsed.pathname.replace(/\/+$/, '');
  if (named !== undefined) return { hosts: [...named], prefix };
  return isAbsolute && hostPatternFault(parsed.hostname) === undefined
    ? { hosts: [parsed.hostname], prefix }
    : undefined;
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
  const operations = entriesOf(item).filter(([name]) => METHODS.includes(name));
  const methods = operations.map(([name]) => name.toUpperCase());
  for (const [name, operation] of operations) {
    if (member(operation, 'servers') === undefined) continue;
    remarks.narrower(`path \`${path}\``, `${name.toUpperCase()} has servers of its own, which are left out`);
  }
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
