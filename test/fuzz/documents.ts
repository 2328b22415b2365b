/** Policy documents: read or refused with faults; what is printed reads as the same values, and prints as the same text. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Bundle, format, loadBundle } from '#policy';
import { chunksOf } from '../../libs/policy/src/source.js';
import { readYaml, type Reading } from '../../libs/policy/src/yaml.js';
import { mutated, piecesOf } from './mutation.js';
import { type FuzzTarget, insist, shownText } from './target.js';

const root = join(import.meta.dirname, '../..');
const FOLDERS = ['policies', 'examples', 'test/policies', 'test/attacks/targets'];
const PIECES = piecesOf('documents');
const LIMIT = 2048;

function documentsBelow(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return documentsBelow(path);
    if (!name.endsWith('.yaml')) return [];
    return chunksOf({ file: name, text: readFileSync(path, 'utf8') }).map(({ text }) => text.slice(0, LIMIT));
  });
}

const FILE = 'fuzzed.yaml';

/** The values of the documents; undefined where one of them is no YAML that policies are written in. */
function valuesOf(text: string): readonly Reading['value'][] | undefined {
  const readings = chunksOf({ file: FILE, text }).map((chunk) => readYaml(chunk.text));
  if (readings.some(({ faults }) => faults.length > 0)) return undefined;
  return readings.map(({ value }) => value).filter((value) => value !== undefined);
}

export const documents: FuzzTarget<string, Bundle> = {
  name: 'documents',
  inputs: mutated(
    FOLDERS.flatMap((folder) => documentsBelow(join(root, folder))),
    PIECES,
    LIMIT,
  ),
  exercise: (text) => loadBundle([{ file: FILE, text }]),
  judge(text, bundle) {
    const values = valuesOf(text);
    insist(bundle.world !== null || bundle.faults.length > 0, 'a set is refused without a fault');
    const printed = format({ file: FILE, text });
    insist('text' in printed === (values !== undefined), 'reading and printing do not agree about what is YAML');
    if (!('text' in printed)) return;
    insist(isDeepStrictEqual(valuesOf(printed.text), values), 'what is printed reads as something else');
    const again = format({ file: FILE, text: printed.text });
    insist('text' in again && again.text === printed.text, 'printing what was printed changes it');
  },
  show: shownText,
};
