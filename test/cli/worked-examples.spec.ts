import { changedDocuments, type WorkedExample, workedExamples } from '../conformance/worked-examples.js';
import { dharma, folderWith } from './program.js';

interface Answer {
  readonly [member: string]: unknown;
}

/** The folder of a world is written once however many cases and engines share it. */
const folders = new Map<string, string>();

function folderOf({ change }: WorkedExample): string {
  const key = JSON.stringify(change ?? null);
  const documents = changedDocuments(change).map((document) => JSON.stringify(document));
  const folder = folders.get(key) ?? folderWith({ 'world.yaml': documents.join('\n---\n') });
  folders.set(key, folder);
  return folder;
}

const byWorld = new Map<string, WorkedExample[]>();
for (const example of workedExamples) {
  const folder = folderOf(example);
  byWorld.set(folder, [...(byWorld.get(folder) ?? []), example]);
}

describe.each(['fast', 'specification', 'casbin'])('dharma decide --engine %s', (engine) => {
  const answers = new Map<string, { readonly named: Answer; readonly addressed: Answer | undefined }>();

  beforeAll(async () => {
    for (const [folder, examples] of byWorld) {
      const requests = examples.flatMap(({ request, address }) => [
        request,
        { ...request, target: address ?? request.target },
      ]);
      const stdin = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
      const { code, stdout, stderr } = await dharma(['decide', '--policies', folder, '--engine', engine], { stdin });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const lines = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Answer);
      expect(lines).toHaveLength(requests.length);
      for (const [index, { id, address }] of examples.entries()) {
        answers.set(id, { named: lines[2 * index]!, addressed: address && lines[2 * index + 1]! });
      }
    }
  }, 120_000);

  it.each(workedExamples.map((example) => [example.id, example.because, example] as const))(
    '%s %s',
    (id, _because, { expect: expected }) => {
      const { named, addressed } = answers.get(id)!;
      expect(pick(named, expected)).toEqual(expected);
      if (addressed !== undefined) expect(pick(addressed, expected)).toEqual(expected);
    },
  );
});

/** Exactly the members that are expected, with their values. */
function pick(answer: Answer, expected: object): Answer {
  return Object.fromEntries(Object.keys(expected).map((member) => [member, answer[member]]));
}
