/** Hostile and harmless targets: what all three voices on the meaning of a policy say to each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AccessRequest, canonicalHost, canonicalPath, compile, decide, type Outcome, specify } from '#engine';
import { loadBundle, parseRequest } from '#policy';
import { loadReference } from '#reference';
import * as reference from '../../../libs/reference/src/canonical.js';
import { type Asked, HOSTS, PATHS, TARGETS, type Verdict } from './targets.js';

it('are as many as were promised, no two alike', () => {
  const refused = TARGETS.filter(({ verdicts }) => verdicts.a === 'refused' && verdicts.b === 'refused');
  const allowed = TARGETS.filter(({ verdicts }) => Object.values(verdicts).some(isEndpoint));
  expect(refused.length).toBeGreaterThanOrEqual(200);
  expect(allowed.length).toBeGreaterThanOrEqual(60);
  const texts = TARGETS.map(({ target, headers }) => JSON.stringify([target, headers]));
  expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
});

it.each(PATHS.map((row) => [row.because, shown(row.raw), row] as const))('a path: %s (%s)', (_, _raw, row) => {
  expect(canonicalPath(row.raw)?.path).toBe(row.canonical);
  expect(reference.canonicalPath(row.raw)?.path).toBe(row.canonical);
  // What is canonical stays as it is.
  if (row.canonical !== undefined) expect(canonicalPath(row.canonical)?.path).toBe(row.canonical);
});

it.each(HOSTS.map((row) => [row.because, shown(row.raw), row] as const))('a host: %s (%s)', (_, _raw, row) => {
  expect(canonicalHost(row.raw)).toBe(row.canonical);
  expect(reference.canonicalHost(row.raw)).toBe(row.canonical);
  if (row.canonical !== undefined) expect(canonicalHost(row.canonical)).toBe(row.canonical);
});

describe.each(['a', 'b'] as const)('policy %s', (policy) => {
  const text = readFileSync(join(import.meta.dirname, `policy-${policy}.yaml`), 'utf8');
  const { world, faults } = loadBundle([{ file: `policy-${policy}.yaml`, text }]);
  if (world === null) throw new Error(JSON.stringify(faults));
  const snapshot = compile(world);
  const casbin = loadReference(world);

  it.each(TARGETS.map((row) => [row.because, shown(row.target), row] as const))('%s: %s', async (_, _target, row) => {
    const request = requestOf(row);
    const specified = specify(world, request);
    expect(verdictOf(specified)).toBe(row.verdicts[policy]);
    expect(decide(snapshot, request)).toEqual(specified);
    expect(await (await casbin).decide(request)).toEqual(specified);
  });
});

function isEndpoint(verdict: Verdict): boolean {
  return verdict.includes('/');
}

function requestOf({ target, headers }: Asked): AccessRequest {
  const reading = parseRequest({ target, headers }, { mode: 'offline', now: 0 });
  if ('faults' in reading) throw new Error(JSON.stringify(reading.faults));
  return reading.request;
}

function verdictOf({ decision, reason, endpoint }: Outcome): Verdict {
  if (decision === 'allow') return endpoint!;
  switch (reason) {
    case 'INVALID_REQUEST':
      return 'refused';
    case 'UNKNOWN_ENDPOINT':
      return 'unknown';
    case 'DENY_RULE':
      return 'deny';
    default:
      return reason;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 60)}… ${text.length} characters` : text;
}
