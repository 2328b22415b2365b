import type { AdminFlags } from './connection.js';
import { openSecretOutlet, type SecretOutlet } from './secret.js';
import { type KeyHolder, type OperatorRights, ServerClient } from './server-client.js';
import { instantIn } from './span.js';
import { tableText } from './table.js';
import type { CommonCredential, KeyCredential, OperatorCredential } from './server-shapes.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

/** Enforcement points' keys and operators' tokens are handled alike. */
export type CredentialKind = 'keys' | 'operators';

export interface ListOptions extends AdminFlags {
  readonly format: 'text' | 'json';
}

export interface CreateOptions extends AdminFlags {
  /** RFC 3339, or a span from now like `90d`. */
  readonly expires?: string;
  /** File that gets the secret. */
  readonly out?: string;
}

export interface CreateKeyOptions extends CreateOptions {
  /** Of a client's key; absent when it is for an enforcement point. */
  readonly mechanism?: string;
  readonly subject?: string;
  readonly scope?: readonly string[];
  readonly group?: readonly string[];
}

export interface CreateOperatorOptions extends CreateOptions {
  /** A domain with all below, or `*`: the token may `role` there and nothing else. */
  readonly over?: string;
  readonly role?: readonly string[];
  /** Groups that documents name as administrators. */
  readonly group?: readonly string[];
}

/** @param name  the enforcement point it is for; undefined when it is for a client */
export function createKey(
  terminal: Terminal,
  name: string | undefined,
  { mechanism, subject, scope, group, ...options }: CreateKeyOptions,
): Promise<ExitCode> {
  const holder = keyHolder(name, { mechanism, subject, scope, group });
  const of = 'mechanism' in holder ? holder.subject : holder.enforcementPoint;
  return create(terminal, 'keys', of, options, async (client, expiresAt) => {
    const { id, key } = await client.createKey(holder, expiresAt);
    return { id, secret: key };
  });
}

export async function createOperator(
  terminal: Terminal,
  name: string,
  { over, role, group, ...options }: CreateOperatorOptions,
): Promise<ExitCode> {
  const rights = operatorRights({ over, role, group });
  return create(terminal, 'operators', name, options, async (client, expiresAt) => {
    const { id, token, warnings } = await client.createOperator({ name, ...rights }, expiresAt);
    return { id, secret: token, warnings: warnings.map(({ message }) => message) };
  });
}

/** @throws Stop with 2 */
function operatorRights({ over, role, group }: Pick<CreateOperatorOptions, 'over' | 'role' | 'group'>): OperatorRights {
  if (over === undefined && role === undefined) return group === undefined ? {} : { groups: group };
  if (over === undefined || role === undefined) throw new Stop(2, '`--over` and `--role` go together');
  if (group !== undefined)
    throw new Stop(2, 'a token has a scope by `--over` and `--role`, or what its groups are granted');
  return { scope: { domain: over, roles: role } };
}

/**
 * Makes one and hands its secret over once; when that goes into a file, standard output gets the id.
 *
 * @param of  whose it is
 */
async function create(
  terminal: Terminal,
  kind: CredentialKind,
  of: string,
  { expires, out, ...flags }: CreateOptions,
  make: (client: ServerClient, expiresAt: string | undefined) => Promise<MadeSecret>,
): Promise<ExitCode> {
  const expiresAt = expiryIn(terminal, expires);
  const client = await ServerClient.of(terminal, flags);
  const outlet = await openSecretOutlet(terminal, out);
  const made = await orAbandon(outlet, () => make(client, expiresAt));
  await handOver(terminal, outlet, made, `${NOUNS[kind]} \`${made.id}\` of \`${of}\``, expiresAt);
  const { aside } = terminal;
  for (const warning of made.warnings ?? []) await aside.line(`${aside.colours.yellow('warning:')} ${warning}`);
  return 0;
}

/** @throws Stop with 2 */
function keyHolder(
  name: string | undefined,
  { mechanism, subject, scope, group }: Pick<CreateKeyOptions, 'mechanism' | 'subject' | 'scope' | 'group'>,
): KeyHolder {
  if (mechanism === undefined) {
    if (name === undefined)
      throw new Stop(2, 'name an enforcement point, or a client by `--mechanism` and `--subject`');
    if (subject !== undefined || scope !== undefined || group !== undefined)
      throw new Stop(2, '`--subject`, `--scope` and `--group` go with `--mechanism`');
    return { enforcementPoint: name };
  }
  if (name !== undefined) throw new Stop(2, `a key is for the enforcement point \`${name}\` or for a client, not both`);
  if (subject === undefined) throw new Stop(2, 'say with `--subject` whom the key stands for');
  return { mechanism, subject, scopes: scope ?? [], groups: group ?? [] };
}

interface MadeSecret {
  readonly id: string;
  readonly secret: string;
  /** What is hardly meant. */
  readonly warnings?: readonly string[];
}

const NOUNS = { keys: 'the key', operators: 'the token' } as const;

/** All of them, never with a secret. */
export async function listCredentials(
  terminal: Terminal,
  kind: CredentialKind,
  { format, ...flags }: ListOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  switch (kind) {
    case 'keys':
      await list(terminal, format, await client.keys(), [
        ['HOLDER', keyHolderText],
        ...COLUMNS,
        ['LAST USED', ({ lastUsedAt }) => lastUsedAt ?? 'never'],
      ]);
      break;
    case 'operators':
      await list(terminal, format, await client.operators(), [
        ['OPERATOR', ({ name }) => name],
        ['MAY', operatorText],
        ...COLUMNS,
      ]);
      break;
    default:
      kind satisfies never;
  }
  return 0;
}

type Column<Item> = readonly [heading: string, cell: (item: Item, now: number) => string];

const COLUMNS: readonly Column<CommonCredential>[] = [
  ['STATE', stateOf],
  ['CREATED', ({ createdAt }) => createdAt],
  ['BY', ({ createdBy }) => createdBy],
  ['EXPIRES', ({ expiresAt }) => expiresAt ?? 'never'],
];

async function list<Item extends CommonCredential>(
  terminal: Terminal,
  format: ListOptions['format'],
  items: readonly Item[],
  columns: readonly Column<Item>[],
): Promise<void> {
  if (format === 'json') {
    await terminal.out.write(`${JSON.stringify(items, null, 2)}\n`);
    return;
  }
  const now = terminal.now();
  const rows = items.map((item) => [item.id, ...columns.map(([, cell]) => cell(item, now))]);
  await terminal.out.write(tableText([['ID', ...columns.map(([heading]) => heading)], ...rows]));
}

/** An enforcement point by its name, a client as its mechanism knows it. */
function keyHolderText({ enforcementPoint, mechanism, subject }: KeyCredential): string {
  return enforcementPoint ?? `${subject ?? ''} (${mechanism ?? ''})`;
}

/** What it may at most; its makers may bound it further. */
function operatorText({ root, scope, groups }: OperatorCredential): string {
  if (root === true) return 'everything';
  if (scope) return `${scope.roles.join(', ')} over ${scope.domain}`;
  return groups ? ['what is granted to it', ...groups].join(', ') : 'nothing';
}

/** Makes one useless, at once for the admin API and as soon as they hear of it for the servers. */
export async function revokeCredential(
  terminal: Terminal,
  kind: CredentialKind,
  id: string,
  flags: AdminFlags,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  await client.revoke(kind, id);
  await terminal.aside.line(`${NOUNS[kind]} \`${id}\` is revoked`);
  return 0;
}

/** Hands a secret over and says where it went. */
export async function handOver(
  terminal: Terminal,
  outlet: SecretOutlet,
  { id, secret }: { readonly id: string; readonly secret: string },
  what: string,
  expiresAt: string | undefined,
): Promise<void> {
  await outlet.deliver(secret);
  const until = expiresAt === undefined ? 'it does not expire' : `it expires ${expiresAt}`;
  if (outlet.file === null) {
    await terminal.aside.line(`${what} is shown this once; ${until}`);
    return;
  }
  await terminal.out.line(id);
  await terminal.aside.line(`${what} is in \`${outlet.file}\` and nowhere else; ${until}`);
}

/** Runs the making of a secret; leaves no empty file behind when there is none. */
export async function orAbandon<Made>(outlet: SecretOutlet, make: () => Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (fault) {
    await outlet.abandon();
    throw fault;
  }
}

function expiryIn(terminal: Terminal, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const at = instantIn(text, terminal.now());
  if (at === undefined) {
    throw new Stop(2, `\`--expires ${text}\` is no instant like \`2027-01-31T00:00:00Z\` and no span like \`90d\``);
  }
  if (Date.parse(at) <= terminal.now()) throw new Stop(2, `\`--expires ${text}\` has passed already`);
  return at;
}

function stateOf({ revokedAt, expiresAt }: CommonCredential, now: number): string {
  if (revokedAt !== null && revokedAt !== undefined) return 'revoked';
  return expiresAt && Date.parse(expiresAt) <= now ? 'expired' : 'active';
}
