/**
 * `npm run bench [-- --full | --no-peers | --serving | --publishing]`: builds, then measures the engine, the listeners, or
 * publishes under load. See docs/performance.md.
 */
import { ensureBuilt, runNode } from './bootstrap.mjs';

ensureBuilt();
const argv = process.argv.slice(2);
process.exitCode = (await runNode(program())).code;

function program() {
  if (argv.includes('--serving')) return ['dist/bench/serving.js'];
  if (argv.includes('--publishing')) return ['dist/bench/publishing.js'];
  return ['--min-semi-space-size=256', '--max-semi-space-size=256', 'dist/bench/main.js', ...argv];
}
