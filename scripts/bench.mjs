/** `npm run bench [-- --full | --no-peers]`: builds, then measures. See docs/performance.md. */
import { ensureBuilt, runNode } from './bootstrap.mjs';

ensureBuilt();
const { code } = await runNode([
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
  'dist/bench/main.js',
  ...process.argv.slice(2),
]);
process.exitCode = code;
