import { chmodSync, chownSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { connect, isIPv4, isIPv6 } from 'node:net';

/** Where a listener waits. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Linux refuses longer paths of sockets. */
const MAX_SOCKET_PATH_BYTES = 107;

/** `address:port`, `[address]:port`, `localhost:port` or `unix:/path`; undefined when it is none of these. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path.startsWith('/') && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES
      ? { kind: 'unix', path }
      : undefined;
  }
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (parts === null) return undefined;
  const [, inBrackets, plain, digits] = parts;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (inBrackets !== undefined) return isIPv6(inBrackets) ? { kind: 'tcp', host: inBrackets, port } : undefined;
  if (plain === 'localhost') return { kind: 'tcp', host: '127.0.0.1', port };
  return plain !== undefined && isIPv4(plain) ? { kind: 'tcp', host: plain, port } : undefined;
}

/** The form that {@link parseListenAddress} reads. */
export function printListenAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${address.port}`;
}

/** Whether only this machine can reach it. */
export function isLocalOnly(address: ListenAddress): boolean {
  return address.kind === 'unix' || address.host === '::1' || address.host.startsWith('127.');
}

/**
 * Removes a socket that a dead server left behind.
 *
 * @throws Error when the path is in use or is no socket
 */
export async function clearSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('the path exists and is no socket');
  if (await answers(path)) throw new Error('another process listens there');
  rmSync(path, { force: true });
}

/**
 * The owner and one group may connect, nobody else: who can open the socket counts as local.
 *
 * @param group  name or number; undefined: the group of the process
 * @throws Error when there is no such group, or its members may not be let in
 */
export function protectSocket(path: string, group: string | undefined): void {
  if (group !== undefined) chownSync(path, KEEP_OWNER, groupNumber(group));
  chmodSync(path, 0o660);
}

const KEEP_OWNER = -1;

function groupNumber(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  const entry = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${group}:`));
  if (entry === undefined) throw new Error(`there is no group \`${group}\``);
  return Number(entry.split(':')[2]);
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.once('error', () => done(false));
  });
}
