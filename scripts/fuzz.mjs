/**
 * `npm run fuzz [-- --seconds N] [--target NAME] [--seed N]`: feeds what reads hostile input with inputs near known ones,
 * three targets at a time. The seed is {@link seed} where none is given.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureInstalled, runNode } from './bootstrap.mjs';
import { seed } from './seed.mjs';

const TARGETS = ['canonicaliser', 'tokens', 'certificates', 'messages', 'documents', 'conditions'];
/** One more than the processors of a small machine: a target that starts leaves one of them free. */
const AT_A_TIME = 3;
/** Without a word from a fuzzer, which tells of its progress every ten seconds; starting and shrinking take longer. */
const SILENCE_MILLISECONDS = 120_000;

ensureInstalled();
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: process.env.DHARMA_LONG === '1' ? '600' : '60' },
    target: { type: 'string', multiple: true, default: TARGETS },
    seed: { type: 'string', default: seed() },
  },
});

const waiting = [...values.target];
let failed = 0;
await Promise.all(Array.from({ length: AT_A_TIME }, work));
if (process.env.DHARMA_COUNTS_FILE) {
  appendFileSync(process.env.DHARMA_COUNTS_FILE, `${values.target.length - failed} ${failed}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;

async function work() {
  for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
    const fuzzer = ['--enable-source-maps', '--import', './scripts/typescript.mjs', 'test/fuzz/main.ts'];
    const argv = ['--conditions=source', ...fuzzer, target, values.seconds, values.seed];
    // One input that takes forever stops a fuzzer, which cannot say so itself.
    const { code, wentSilent } = await runNode(argv, { silence: SILENCE_MILLISECONDS });
    if (code !== 0) failed += 1;
    if (wentSilent) {
      process.stdout.write(`fuzz ${target} hangs on an input that the seed of its last line leads to\n`);
    }
  }
}
