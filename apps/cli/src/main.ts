/** The program `dharma`. */
import { programName } from './program-name.js';
import { run } from './program.js';

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  environment: process.env,
  program: programName(process.argv[1] ?? '', process.cwd(), process.env['PATH'] ?? ''),
  now: Date.now,
});
