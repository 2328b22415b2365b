/** Keeps one revision after another in a folder, as fast as it can, and prints the number of each once it is kept. */
const build = new URL('../../dist/libs/', import.meta.url);
const { KeptRevisions } = await import(new URL('decision/src/kept-revisions.js', build));
const { contentHashOf, sha256 } = await import(new URL('administration/src/stored-document.js', build));

const [folder, last] = process.argv.slice(2);
const kept = new KeptRevisions(folder);
for (let number = Number(last) + 1; ; number += 1) {
  const documents = Array.from({ length: 50 }, (_, index) => {
    const text = `version ${number} ${'x'.repeat(2_000)}`;
    return { kind: 'Domain', name: `d${index}`, domain: `d${index}`, source: 'test', text, contentHash: sha256(text) };
  });
  await kept.write({
    epoch: 1,
    number,
    contentHash: contentHashOf(documents),
    publishedAt: 0,
    confirmedAt: 0,
    documents,
  });
  process.stdout.write(`${number}\n`);
}
