import { resolve } from 'node:path';
import { Stop } from '../terminal.js';

/** Where a repository lies. */
export interface RepositoryAddress {
  /** What git is given. */
  readonly location: string;
  /** For people and for the history of revisions; without a secret. */
  readonly shown: string;
  readonly protocol: 'file' | 'ssh' | 'https';
  /** Of `https`: whom a credential may be sent to. */
  readonly origin?: string;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;
const TRANSPORT_HELPER = /^[A-Za-z0-9+.-]+::/;
/** `git@host:path`, as ssh is often written. */
const LIKE_SCP = /^[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?!-)[^:]+$/;

/**
 * Reads `--repo`: a path, `file://`, `ssh://`, `https://`, or `user@host:path`.
 *
 * @throws Stop with 2 for anything else; a password in it is not repeated
 */
export function repositoryAddress(text: string, cwd: string): RepositoryAddress {
  if (text === '' || text.startsWith('-') || CONTROL_CHARACTER.test(text)) {
    throw new Stop(2, 'that is no repository: it is empty, begins with `-`, or has a control character');
  }
  if (TRANSPORT_HELPER.test(text)) {
    throw new Stop(2, '`NAME::…` makes git run a program; name a path, `file://`, `ssh://` or `https://`');
  }
  if (LIKE_SCP.test(text)) return { location: text, shown: text, protocol: 'ssh' };
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text)) {
    const path = resolve(cwd, text);
    return { location: path, shown: path, protocol: 'file' };
  }
  return addressOf(text);
}

function addressOf(text: string): RepositoryAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new Stop(2, 'that is no URL of a repository');
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:')) {
    throw new Stop(2, 'a URL with a password is seen by others; leave it out and set `DHARMA_GIT_TOKEN`');
  }
  if (url.search + url.hash !== '' || /^-|%2d/i.test(url.hostname)) {
    throw new Stop(2, 'a URL of a repository has a host and a path, and no `?` or `#`');
  }
  switch (url.protocol) {
    case 'file:':
      return { location: text, shown: text, protocol: 'file' };
    case 'ssh:':
      return { location: text, shown: text, protocol: 'ssh' };
    case 'https:':
      return { location: text, shown: text, protocol: 'https', origin: url.origin };
    default:
      throw new Stop(2, `\`${url.protocol}//\` is not read: name a path, \`file://\`, \`ssh://\` or \`https://\``);
  }
}

const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** What git allows nowhere in the name of a ref, and `+`, which would begin a forced update. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const NOT_IN_REF = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|^[-+./]|[./]$|^@$/;

/** What `--ref` names. */
export type WantedRef =
  | { readonly kind: 'commit'; readonly id: string }
  /** Names of refs, of which one may exist. */
  | { readonly kind: 'ref'; readonly names: readonly string[] };

/**
 * Reads `--ref`: `HEAD`, a branch, a tag, a whole name like `refs/heads/main`, or the whole id of a commit.
 *
 * @throws Stop with 2
 */
export function wantedRef(text: string): WantedRef {
  if (COMMIT.test(text)) return { kind: 'commit', id: text };
  if (text.length > 250 || text === '' || NOT_IN_REF.test(text)) {
    throw new Stop(2, '`--ref` is a branch, a tag, a name like `refs/heads/main`, or the whole id of a commit');
  }
  if (text === 'HEAD' || text.startsWith('refs/')) return { kind: 'ref', names: [text] };
  return { kind: 'ref', names: [`refs/heads/${text}`, `refs/tags/${text}`] };
}

/**
 * Reads `--path`: a folder in the repository; `.` is all of it.
 *
 * @returns without a slash at either end; empty for all of it
 * @throws Stop with 2
 */
export function folderInCommit(text: string): string {
  const parts = text.replace(/\/+$/, '').split('/');
  if (text === '.' || text === './') return '';
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..' && part !== '.git');
  if (!isPlain || text.startsWith('-') || text.length > 1_000 || CONTROL_CHARACTER.test(text)) {
    throw new Stop(2, '`--path` is a folder of the repository like `policies` or `teams/shop`, without `..`');
  }
  return parts.join('/');
}
