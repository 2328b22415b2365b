/**
 * `npm run bench [-- --full | --no-peers | --serving | --publishing | --publish-small | --joiner | --decision-log | --replay |
 * --plan]`: builds, then
 * measures the engine, the listeners, publishes under load, how soon a small change is in force, or what it costs to record
 * a decision and to decide records again. See docs/performance.md.
 */
import { ensureBuilt, runNode } from './bootstrap.mjs';

ensureBuilt();
const argv = process.argv.slice(2);
process.exitCode = (await runNode(program())).code;

function program() {
  if (argv.includes('--serving')) return ['dist/bench/serving.js'];
  if (argv.includes('--decision-log')) return ['dist/bench/decision-log.js'];
  if (argv.includes('--publish-small')) return ['dist/bench/publish-small.js', ...argv];
  if (argv.includes('--joiner')) return ['dist/bench/joiner.js', ...argv];
  if (argv.includes('--replay')) return ['dist/bench/replay.js'];
  if (argv.includes('--plan')) return ['dist/bench/plan.js'];
  if (argv.includes('--publishing')) return ['dist/bench/publishing.js'];
  return ['--min-semi-space-size=256', '--max-semi-space-size=256', 'dist/bench/main.js', ...argv];
}
