import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { GROUPED, killGroup } from './process-group.js';

const onGroups = GROUPED ? it : it.skip;

/** A program that starts another one, which holds the other end of our pipe for as long as it lives. */
function started() {
  const child = spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], {
    detached: GROUPED,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { child, said: once(child.stdout, 'data') };
}

onGroups('ends with a program what it has started', async () => {
  const { child, said } = started();
  await said;
  const closed = once(child, 'close');
  killGroup(child);
  // Only when the last one that holds the pipe is gone.
  await closed;
  expect(() => killGroup(child)).not.toThrow();
});

/** Signals are for whole processes, so this is one of its own. Both it and what it has started say when they are there. */
const PROGRAM = `
  import { spawn } from 'node:child_process';
  const { endWithUs } = await import(process.argv[1]);
  const child = spawn('sh', ['-c', 'sleep 600 & echo started; wait'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
  endWithUs(child);
  console.log('ready');
`;

onGroups.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends it where we end by %s', async (signal) => {
  const module = new URL('../../../../dist/apps/cli/src/git/process-group.js', import.meta.url).href;
  const argv = ['--input-type=module', '--eval', PROGRAM, module];
  const program = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const text of program.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += text as string;
    if (said.includes('started') && said.includes('ready')) break;
  }
  program.kill(signal);
  // Only when the last one that holds the pipe is gone.
  expect(await once(program, 'close')).toEqual([null, signal]);
});
