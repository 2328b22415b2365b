import type { Verification, Voice } from '#verification';
import type { ValidBundle } from './policies.js';
import { printable } from './printable.js';

/**
 * The first request on which voices differ, made as small as it gets, with the smallest policy set that shows it.
 *
 * @param voices  those that can be asked again
 * @param origin  where the request came from
 */
export async function differenceText(
  bundle: ValidBundle,
  { request, statements }: Extract<Verification, { kind: 'difference' }>,
  voices: readonly Voice[],
  origin: string,
  format: 'text' | 'json',
): Promise<string> {
  const { differenceOf, hear, requestDocument, shrink } = await import('#verification');
  const spoke = voices.filter(({ name }) => statements.some(({ voice }) => voice === name));
  const documents = bundle.documents.map(({ document }) => document).filter(({ kind }) => kind !== 'Test');
  const shrunk = await shrink({ documents, request }, differenceOf(spoke));
  const asked = requestDocument(shrunk?.request ?? request);
  const answerers = await Promise.all(
    spoke.map(async (voice) => [voice.name, await voice.prepare(shrunk?.world ?? bundle.world)] as const),
  );
  const said = await hear(new Map(answerers), shrunk?.request ?? request);
  if (format === 'json') {
    const answers = Object.fromEntries(said.map((statement) => [statement.voice, statement.said]));
    return `${JSON.stringify({ agreed: false, origin, ...asked, answers, policies: shrunk?.yaml ?? null }, null, 2)}\n`;
  }
  return [
    `the engines differ (${origin})`,
    '',
    ...said.map((statement) => `${statement.voice.padEnd(14)} ${JSON.stringify(statement.said)}`),
    '',
    'request',
    JSON.stringify(asked.request),
    ...(Object.keys(asked.circumstances).length === 0 ? [] : ['circumstances', JSON.stringify(asked.circumstances)]),
    '',
    policiesText(shrunk?.yaml),
    '',
  ].join('\n');
}

function policiesText(yaml: string | undefined): string {
  if (yaml === undefined) return 'the difference does not show again in the same world: an engine is not deterministic';
  return yaml.trim() === '' ? 'policies: none are needed to show it' : `policies\n${printable(yaml.trimEnd())}`;
}
