import type { AdminFlags } from './connection.js';
import { openSecretOutlet, type SecretOutlet } from './secret.js';
import { ServerClient } from './server-client.js';
import { instantIn } from './span.js';
import { tableText } from './table.js';
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

/**
 * Makes one and hands its secret over once; when that goes into a file, standard output gets the id.
 *
 * @param name  the enforcement point or operator it is for
 */
export async function createCredential(
  terminal: Terminal,
  kind: CredentialKind,
  name: string,
  { expires, out, ...flags }: CreateOptions,
): Promise<ExitCode> {
  const expiresAt = expiryIn(terminal, expires);
  const client = await ServerClient.of(terminal, flags);
  const outlet = await openSecretOutlet(terminal, out);
  const made = await orAbandon(outlet, async () => {
    switch (kind) {
      case 'keys': {
        const { id, key } = await client.createKey(name, expiresAt);
        return { id, secret: key };
      }
      case 'operators': {
        const { id, token } = await client.createOperator(name, expiresAt);
        return { id, secret: token };
      }
    }
  });
  await handOver(terminal, outlet, made, `${NOUNS[kind].one} \`${made.id}\` of \`${name}\``, expiresAt);
  return 0;
}

const NOUNS = {
  keys: { one: 'the key', holder: 'ENFORCEMENT POINT' },
  operators: { one: 'the token', holder: 'OPERATOR' },
} as const;

/** All of them, never with a secret. */
export async function listCredentials(
  terminal: Terminal,
  kind: CredentialKind,
  { format, ...flags }: ListOptions,
): Promise<ExitCode> {
  const client = await ServerClient.of(terminal, flags);
  const items = await (kind === 'keys' ? client.keys() : client.operators());
  if (format === 'json') {
    await terminal.out.write(`${JSON.stringify(items, null, 2)}\n`);
    return 0;
  }
  const now = terminal.now();
  const rows = items.map((item) => [
    item.id,
    'enforcementPoint' in item ? item.enforcementPoint : item.name,
    stateOf(item, now),
    item.createdAt,
    item.createdBy,
    item.expiresAt ?? 'never',
  ]);
  await terminal.out.write(tableText([['ID', NOUNS[kind].holder, 'STATE', 'CREATED', 'BY', 'EXPIRES'], ...rows]));
  return 0;
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
  await terminal.aside.line(`${NOUNS[kind].one} \`${id}\` is revoked`);
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

function stateOf(
  item: { readonly expiresAt?: string | null | undefined; readonly revokedAt?: string | null | undefined },
  now: number,
): string {
  if (item.revokedAt !== null && item.revokedAt !== undefined) return 'revoked';
  return item.expiresAt && Date.parse(item.expiresAt) <= now ? 'expired' : 'active';
}
