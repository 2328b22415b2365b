import { isDeepStrictEqual } from 'node:util';
import type { MechanismDeclaration } from '#policy';
import { listed } from '../rule-words.js';
import { touched, type TouchedGuardrail } from './guardrail.js';
import { changeOf, listStep, type Step, wordsOf } from './tendency.js';

/** A mechanism and the domain that owns it. */
export interface OwnedDeclaration {
  readonly owner: string;
  readonly declaration: MechanismDeclaration;
}

/** Whether a mechanism believes more than before. One that comes or goes is told where it is accepted. */
export function touchedMechanism(was: OwnedDeclaration, is: OwnedDeclaration): readonly TouchedGuardrail[] {
  const { name } = is.declaration;
  const moved: readonly Step[] =
    was.owner === is.owner ? [] : [{ tendency: 'either', words: `passes from ${was.owner} to ${is.owner}` }];
  const steps = [...moved, ...partSteps(partsOf(was.declaration), partsOf(is.declaration))];
  if (steps.length === 0) return [];
  const words = `mechanism ${name} ${wordsOf(steps)}`;
  return [touched('mechanism', changeOf(steps), is.owner, name, words, [was.owner])];
}

/** What a setting means for how much is believed; of one that is not here nobody can tell. */
type Meaning =
  /** The more it lists, the more is believed. Without it: everything, nothing, or what is listed here. */
  | { readonly kind: 'list'; readonly noun: string; readonly absent: 'everything' | readonly string[] }
  /** The higher, the more is believed, in seconds. */
  | { readonly kind: 'limit'; readonly noun: string; readonly absent: number };

const AUDIENCES: Meaning = { kind: 'list', noun: 'audience', absent: 'everything' };
const LIFETIME: Meaning = { kind: 'limit', noun: 'tokens that live', absent: 86_400 };
const LEEWAY: Meaning = { kind: 'limit', noun: 'clocks that differ by', absent: 60 };
const MEANINGS: { readonly [path: string]: Meaning } = {
  delegations: { kind: 'list', noun: 'subjects', absent: 'everything' },
  assertableBy: { kind: 'list', noun: 'the word of enforcement point', absent: [] },
  'jwt.audiences': AUDIENCES,
  'jwt.algorithms': { kind: 'list', noun: 'algorithm', absent: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  'jwt.maxLifetimeSeconds': LIFETIME,
  'jwt.leewaySeconds': LEEWAY,
  'spiffe.jwtSvid': { kind: 'list', noun: 'tokens of the kind', absent: [] },
  'spiffe.jwtSvid.audiences': AUDIENCES,
  'spiffe.jwtSvid.maxLifetimeSeconds': LIFETIME,
  'spiffe.jwtSvid.leewaySeconds': LEEWAY,
  'introspection.audiences': AUDIENCES,
  'introspection.issuer': { kind: 'list', noun: 'issuer', absent: 'everything' },
  'introspection.cacheSeconds': { kind: 'limit', noun: 'answers that were kept for', absent: 300 },
  'network.cidrs': { kind: 'list', noun: 'network', absent: [] },
  'apiKey.keys': { kind: 'list', noun: 'key', absent: [] },
};

type Settings = { readonly [path: string]: unknown };

/** Settings by part: the mechanism itself, and what it may have of its own, like each of its keys. */
type Parts = ReadonlyMap<string, Settings>;

const ITSELF = '';

function partsOf({ name: _name, role, kind, delegations, assertableBy, ...own }: MechanismDeclaration): Parts {
  const subjects = delegations?.flatMap((one) => one.subjects.map((subject) => `${subject} for ${one.domain}`));
  const settings = new Map<string, unknown>();
  const parts = new Map<string, Settings>();
  // Of one kind there is one member, named like it.
  for (const [member, value] of Object.entries(own).flatMap(([, of]) => Object.entries(of))) {
    const path = `${kind}.${member}`;
    if (path === 'spiffe.jwtSvid') {
      settings.set(path, ['JWT-SVID']);
      parts.set(path, prefixed(path, value as Settings));
    } else if (path === 'apiKey.keys') {
      const keys = value as readonly { readonly id: string; readonly subject: string }[];
      settings.set(
        path,
        keys.map(({ id, subject }) => `${id} (${subject})`),
      );
      for (const { id, ...key } of keys) parts.set(`${path} ${id}`, { [`key ${id}`]: key });
    } else {
      settings.set(path, value);
    }
  }
  return parts.set(ITSELF, { role, kind, delegations: subjects, assertableBy, ...Object.fromEntries(settings) });
}

function prefixed(path: string, settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).map(([member, value]) => [`${path}.${member}`, value]));
}

/** A part that comes or goes is told by the list that names it. */
function partSteps(was: Parts, is: Parts): readonly Step[] {
  return [...was].flatMap(([part, before]) => {
    const after = is.get(part);
    if (after === undefined) return [];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((path) => {
      if (isDeepStrictEqual(before[path], after[path])) return [];
      return settingSteps(path, before[path], after[path]);
    });
  });
}

function settingSteps(path: string, before: unknown, after: unknown): readonly Step[] {
  const meaning = Object.hasOwn(MEANINGS, path) ? MEANINGS[path]! : undefined;
  switch (meaning?.kind) {
    case 'list':
      return listSteps(meaning, listIn(before), listIn(after));
    case 'limit': {
      const [old, now] = [Number(before ?? meaning.absent), Number(after ?? meaning.absent)];
      if (old === now) return [];
      const words = `takes ${meaning.noun} ${now} s instead of ${old} s`;
      return [{ tendency: now > old ? 'looser' : 'tighter', words }];
    }
    case undefined:
      return [{ tendency: 'either', words: `differs in ${path}` }];
    default:
      return meaning satisfies never;
  }
}

function listIn(value: unknown): readonly string[] | undefined {
  return value === undefined ? undefined : Array.isArray(value) ? value : [String(value)];
}

function listSteps(
  { noun, absent }: Extract<Meaning, { readonly kind: 'list' }>,
  before: readonly string[] | undefined,
  after: readonly string[] | undefined,
): readonly Step[] {
  if (absent === 'everything' && before === undefined) {
    return [{ tendency: 'tighter', words: `takes only ${noun} ${listed(after ?? [])}` }];
  }
  if (absent === 'everything' && after === undefined) return [{ tendency: 'looser', words: `takes any ${noun}` }];
  const standard = absent === 'everything' ? [] : absent;
  const { came, went } = listStep(before ?? standard, after ?? standard);
  return [
    ...(came.length === 0 ? [] : [{ tendency: 'looser', words: `takes ${noun} ${listed(came)} too` } as const]),
    ...(went.length === 0 ? [] : [{ tendency: 'tighter', words: `no longer takes ${noun} ${listed(went)}` } as const]),
  ];
}
