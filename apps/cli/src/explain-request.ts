import type { AccessRequest, EvidenceRole, Json } from '#engine';
import type { RequestReading } from '#policy';
import { Stop } from './terminal.js';

/** A request as flags of the command line. */
export interface RequestFlags {
  readonly endpoint?: string;
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly rpc?: string;
  readonly topic?: string;
  /** `type:id`. */
  readonly resource?: string;
  readonly action?: string;
  /** `mechanism=subject`. */
  readonly evidence: readonly string[];
  /** The same, of trust evidence whatever the mechanism says. */
  readonly trust: readonly string[];
  /** Of every credential given. */
  readonly scope: readonly string[];
  readonly group: readonly string[];
  /** `name=value`. */
  readonly claim: readonly string[];
  readonly header: readonly string[];
  readonly attribute: readonly string[];
  readonly time?: string;
}

export const TARGET_FLAGS = ['endpoint', 'host', 'rpc', 'topic', 'resource'] as const;

/** Whether any flag says something about the request. */
export function namesRequest(flags: RequestFlags): boolean {
  return Object.values(flags).some((value: unknown) => (Array.isArray(value) ? value.length > 0 : value !== undefined));
}

/**
 * The request as JSON.
 *
 * @param roleOf  the role of a mechanism's evidence
 * @throws Stop with 2 when the flags are no request
 */
export function requestOfFlags(flags: RequestFlags, roleOf: (mechanism: string) => EvidenceRole): Json {
  const given = TARGET_FLAGS.filter((name) => flags[name] !== undefined);
  if (
    given.length === 0 ||
    (given.length > 1 && !(given.length === 2 && given.includes('rpc') && given.includes('host')))
  ) {
    throw new Stop(2, 'name the target by one of `--endpoint`, `--host`, `--rpc`, `--topic` and `--resource`');
  }
  return members({
    target: targetOf(flags),
    evidence: [
      ...flags.trust.map((text) => evidenceOf(text, 'trust', flags, () => 'trust')),
      ...flags.evidence.map((text) => evidenceOf(text, 'evidence', flags, roleOf)),
    ],
    headers: Object.fromEntries(flags.header.map((text) => parts(text, 'header'))),
    attributes: valuesOf(flags.attribute, 'attribute'),
    time: flags.time,
  });
}

/** @throws Stop with 2 when the reading failed */
export function readRequest(reading: RequestReading): AccessRequest {
  if (!('faults' in reading)) return reading.request;
  const faults = reading.faults.map(({ pointer, message }) =>
    pointer === '' ? message : `\`${pointer}\`: ${message}`,
  );
  throw new Stop(2, `the request cannot be read: ${faults.join('; ')}`);
}

function targetOf({ endpoint, host, method, path, rpc, topic, resource, action }: RequestFlags): Json {
  if (endpoint !== undefined) return members({ endpoint, method, path });
  if (rpc !== undefined) return members({ rpc, host });
  if (host !== undefined) return { host, method: method ?? 'GET', path: path ?? '/' };
  if (action === undefined) throw new Stop(2, '`--topic` and `--resource` need an `--action`');
  if (topic !== undefined) return { topic, action };
  const [type, id] = parts(resource!, 'resource', ':');
  return { resource: { type, id }, action: { name: action } };
}

function evidenceOf(
  text: string,
  flag: string,
  { scope, group, claim }: RequestFlags,
  roleOf: (mechanism: string) => EvidenceRole,
): Json {
  const [mechanism, subject] = parts(text, flag);
  if (roleOf(mechanism) === 'trust') return { role: 'trust', mechanism, subject };
  const claims = valuesOf(claim, 'claim');
  return { role: 'access', mechanism, subject, scopes: [...scope], groups: [...group], claims };
}

/** A value that is JSON is that value, anything else a text: `level=3` is a number, `tier=gold` a text. */
function valuesOf(texts: readonly string[], flag: string): { readonly [name: string]: Json } {
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = parts(text, flag);
      try {
        return [name, JSON.parse(value) as Json];
      } catch {
        return [name, value];
      }
    }),
  );
}

function parts(text: string, flag: string, separator = '='): readonly [string, string] {
  const at = text.indexOf(separator);
  if (at <= 0) throw new Stop(2, `\`--${flag} ${text}\` is not of the form \`name${separator}value\``);
  return [text.slice(0, at), text.slice(at + 1)];
}

function members(map: { readonly [member: string]: Json | undefined }): { readonly [member: string]: Json } {
  return Object.fromEntries(Object.entries(map).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
