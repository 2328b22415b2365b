import { newDocument, type RevisionStore, suspensionFaults } from '#administration';
import { loadBundle, readFolder } from '#policy';
import { Problem } from '#problem';

/** The source under which the documents of a first start are kept; `dharma apply` takes the same one by itself. */
export const FIRST_SOURCE = 'policies';

/**
 * Publishes a folder where nothing was ever published. Of several servers that start at once one is first.
 *
 * @throws Problem `policy-invalid`
 */
export async function publishFirst(store: RevisionStore, folder: string): Promise<void> {
  if ((await store.newest()) !== null) return;
  const bundle = loadBundle(await readFolder(folder));
  const found = [...bundle.faults, ...suspensionFaults(bundle.documents)];
  if (found.length > 0) {
    const faults = found.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new Problem('policy-invalid', { folder, faults: faults.join('\n') });
  }
  await store.publish({
    base: null,
    put: bundle.documents.map(({ document, text }) => newDocument(document, text, FIRST_SOURCE)),
    remove: [],
    provenance: { author: 'first start', source: FIRST_SOURCE, because: 'the database was empty' },
  });
}
