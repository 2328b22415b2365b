/**
 * `npm run bench [-- --full | --no-peers | --serving]`: builds, then measures the engine, or the listeners. See
 * docs/performance.md.
 */
import { ensureBuilt, runNode } from './bootstrap.mjs';

ensureBuilt();
const argv = process.argv.slice(2);
const { code } = await runNode(
  argv.includes('--serving')
    ? ['dist/bench/serving.js']
    : ['--min-semi-space-size=256', '--max-semi-space-size=256', 'dist/bench/main.js', ...argv],
);
process.exitCode = code;
