/**
 * A program of your own around the administration API, by a client that is generated from its description:
 *
 *     npx @hey-api/openapi-ts --input openapi.json --output client --client @hey-api/client-fetch
 *
 * It changes one policy, plans and publishes a bundle, and reads the newest decisions. The type of an answer is that of the
 * description, so a program that reads what is not there does not compile.
 */
import {
  decisionsList,
  documentsRead,
  documentsWrite,
  planPlan,
  type ProblemView,
  type RecordedDecisionView,
  revisionsPublish,
} from './client/index.js';
import { client } from './client/client.gen.js';

const [server, token] = [process.env['DHARMA_SERVER'] ?? 'http://127.0.0.1:8282', process.env['DHARMA_TOKEN'] ?? ''];
client.setConfig({ baseUrl: server, auth: token });

/** Puts a text in the place of a document, if it still is as it was read. */
async function change(name: string, edit: (text: string) => string): Promise<string> {
  const path = { kind: 'Policy', name } as const;
  const read = await documentsRead({ path, parseAs: 'text' });
  if (read.data === undefined) return because(read.error);
  const body = { text: edit(read.data), because: 'a program changes it', source: 'git' };
  const written = await documentsWrite({
    path,
    body,
    headers: { 'if-match': read.response.headers.get('etag') ?? '' },
  });
  if (written.data === undefined) return because(written.error);
  return `revision ${written.data.revision?.number ?? 0}`;
}

/** Plans a file as everything that a source has, and publishes it on the very revision that it was planned on. */
async function publish(source: string, file: string, text: string): Promise<string> {
  const files = [{ file, text }];
  const planned = await planPlan({ body: { source, files, flips: false } });
  if (planned.data === undefined) return because(planned.error);
  const { base, valid, faults, changes } = planned.data;
  if (!valid) return faults.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`).join('\n');
  const told = changes.map((change) => `${change.change} ${change.kind}/${change.name}`).join(', ');
  const headers = { 'idempotency-key': `${source}-${base?.number ?? 0}` };
  const published = await revisionsPublish({ body: { source, files, base, because: told }, headers });
  if (published.data === undefined) return because(published.error);
  return `revision ${published.data.revision?.number ?? 0}: ${told}`;
}

/** The newest denials, page by page. */
async function* denials(limit: number): AsyncGenerator<RecordedDecisionView, void> {
  for (let next: string | undefined; ;) {
    const page = await decisionsList({ query: { decision: 'deny', limit, next } });
    if (page.data === undefined) throw new Error(because(page.error));
    yield* page.data.items;
    if (page.data.next === null) return;
    next = page.data.next;
  }
}

/** Programs match the code of a problem; the rest is for people, or says where to look. */
function because(problem: ProblemView | undefined): string {
  if (problem === undefined) return 'no answer';
  switch (problem.code) {
    case 'precondition-failed':
      return `somebody else changed it: it is ${problem.etag ?? 'gone'} now`;
    case 'revision-superseded':
      return `${problem.current?.author ?? 'somebody'} published first: ${problem.conflicts?.map(({ name }) => name).join(', ')}`;
    case 'request-invalid':
      return problem.errors?.map(({ pointer, message }) => `${pointer}: ${message}`).join('\n') ?? problem.detail;
    default:
      return `${problem.detail}; ${problem.remedy}`;
  }
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const [, , policy = '', text = ''] = process.argv;
say(await change(policy, (before) => before.replace('GET', 'HEAD')));
say(await publish('program', 'program.yaml', text));
for await (const { time, endpoint, reason, deniedAt } of denials(100))
  say([time, endpoint, reason, deniedAt].join(' '));
