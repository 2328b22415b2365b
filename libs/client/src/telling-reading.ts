import { DENIAL_CODES, type DenialCode } from '#problem';
import type { Telling } from '#wire';

/** The value of one header, or of one key of metadata. */
type Read = (name: string) => unknown;

/**
 * What was told beside an answer; undefined where the server tells nothing, or not all of it.
 *
 * @param read  by names in lower case
 */
export function tellingIn(read: Read): Telling | undefined {
  const view = text(read, 'x-dharma-view');
  const decision = text(read, 'x-dharma-decision');
  if (view === undefined || decision === undefined) return undefined;
  if (view !== 'allow') return denial(view, decision, text(read, 'x-dharma-challenge'));
  const path = text(read, 'x-dharma-path');
  const actor = text(read, 'x-dharma-actor');
  const principal = text(read, 'x-dharma-principal');
  const domain = text(read, 'x-dharma-domain');
  const unsaid = text(read, 'x-dharma-unsaid');
  if (path === undefined || actor === undefined || principal === undefined) return undefined;
  if (domain === undefined || unsaid === undefined) return undefined;
  return {
    'x-dharma-view': 'allow',
    'x-dharma-decision': decision,
    'x-dharma-path': path,
    'x-dharma-actor': actor,
    'x-dharma-principal': principal,
    'x-dharma-domain': domain,
    'x-dharma-unsaid': unsaid,
  };
}

function denial(view: string, decision: string, challenge: string | undefined): Telling | undefined {
  if (!(DENIAL_CODES as readonly string[]).includes(view)) return undefined;
  return {
    'x-dharma-view': view as DenialCode,
    'x-dharma-decision': decision,
    ...(challenge !== undefined && { 'x-dharma-challenge': challenge }),
  };
}

function text(read: Read, name: string): string | undefined {
  const value = read(name);
  return typeof value === 'string' ? value : undefined;
}
