import type { z } from 'zod';
import { MAXIMUM_FAULTS } from './limits.js';
import { didYouMean } from './suggest.js';
import type { Part, Path } from './yaml.js';

/** What is wrong with the shape of a value, and where in it. */
export interface ShapeFault {
  readonly path: Path;
  readonly part: Part;
  readonly code: string;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** Checks a value against its declaration; gives the value, or every fault of its shape in our words. */
export function conform<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly value: z.infer<Schema>; readonly faults?: undefined } | { readonly faults: readonly ShapeFault[] } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  const faults: ShapeFault[] = [];
  for (const issue of result.error.issues) {
    faults.push(...describe(issue, value, []));
    if (faults.length > MAXIMUM_FAULTS) break;
  }
  return { faults };
}

function describe(issue: Issue, root: unknown, before: Path): readonly ShapeFault[] {
  const path = [...before, ...issue.path] as Path;
  const input = at(root, path);
  const fault = (code: string, message: string): ShapeFault[] => [{ path, part: 'value', code, message }];
  if (input === undefined && issue.code !== 'unrecognized_keys') {
    const member = path.at(-1);
    return fault('missing-member', `\`${typeof member === 'string' ? member : path.join('.')}\` is missing`);
  }
  switch (issue.code) {
    case 'unrecognized_keys': {
      const members = issue.message.split('\n');
      return issue.keys.slice(0, MAXIMUM_FAULTS + 1).map((key) => ({
        path: [...path, key],
        part: 'name',
        code: 'unknown-member',
        message: `\`${shown(key)}\` is not a member here${didYouMean(key, members) || `. The members are ${listed(members)}`}`,
      }));
    }
    case 'invalid_type':
      return fault('wrong-type', wrongType(issue.expected, input));
    case 'invalid_value':
      return fault('invalid-value', notOneOf(input, issue.values));
    case 'too_small':
      if (issue.origin === 'array')
        return fault('empty-list', 'an empty list matches nothing; leave it out or name something');
      return fault('invalid-value', `${quoted(input)} is not ${issue.message}`);
    case 'invalid_union':
      return describeUnion(issue, root, path, input);
    case 'custom':
    case 'invalid_format':
      return fault('invalid-value', `${quoted(input)} is not ${issue.message}`);
    default:
      return fault('invalid-value', `${quoted(input)} is not accepted: ${issue.message.toLowerCase()}`);
  }
}

function describeUnion(
  issue: Issue & { code: 'invalid_union' },
  root: unknown,
  path: Path,
  input: unknown,
): readonly ShapeFault[] {
  if ('options' in issue && issue.options !== undefined) {
    const options = issue.options.filter((option) => option !== undefined);
    return [{ path, part: 'value', code: 'invalid-value', message: notOneOf(input, options) }];
  }
  const fitting = issue.errors.find(
    (branch) => !branch.some((nested) => nested.code === 'invalid_type' && nested.path.length === 0),
  );
  if (fitting !== undefined) return fitting.flatMap((nested) => describe(nested, root, path));
  return [{ path, part: 'value', code: 'wrong-type', message: `${quoted(input)} is not what is expected here` }];
}

function at(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as { readonly [member: string | number]: unknown })[step];
  }
  return value;
}

const TRUTHS: ReadonlySet<string> = new Set(['yes', 'on', 'y', 'true', '1']);
const FALSEHOODS: ReadonlySet<string> = new Set(['no', 'off', 'n', 'false', '0']);

function wrongType(expected: string, input: unknown): string {
  if (input === null)
    return `nothing is written where ${article(expected)} is expected; leave the member out or give it a value`;
  if (expected === 'boolean') {
    const written = typeof input === 'object' ? '' : String(input).toLowerCase();
    const meant = TRUTHS.has(written) ? 'true' : FALSEHOODS.has(written) ? 'false' : undefined;
    return `${quoted(input)} is not a boolean${meant === undefined ? '' : `. Did you mean \`${meant}\` (without quotes)?`}`;
  }
  if (expected === 'string' && (typeof input === 'number' || typeof input === 'boolean')) {
    return `${quoted(input)} is ${article(typeof input)}, not a text; write it in quotes`;
  }
  if (expected === 'array' && typeof input === 'string')
    return `${quoted(input)} is a text where a list is expected; write \`[${shown(input)}]\``;
  return `${quoted(input)} is not ${article(expected)}`;
}

function notOneOf(input: unknown, values: readonly unknown[]): string {
  const options = values.map(String);
  const only = options.length === 1 ? `it must be \`${options[0]}\`` : `it is one of ${listed(options)}`;
  const suggestion = typeof input === 'string' && options.length > 1 ? didYouMean(input, options) : '';
  return `${quoted(input)} is not accepted: ${only}${suggestion}`;
}

function article(type: string): string {
  switch (type) {
    case 'array':
      return 'a list';
    case 'object':
    case 'record':
      return 'a map';
    case 'string':
      return 'a text';
    case 'int':
      return 'a whole number';
    default:
      return `a ${type}`;
  }
}

/** A value as a message names it. */
export function quoted(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object' && input !== null) return 'a map';
  if (input === null) return 'nothing';
  return `\`${shown(String(input))}\``;
}

/** A user's word as it may stand in one line of a message. */
export function shown(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const flat = text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, ' ');
  return flat.length > 80 ? `${flat.slice(0, 80)}…` : flat;
}

function listed(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}
