import { Writable } from 'node:stream';
import { whileWaiting } from './progress.js';
import { Output } from './terminal.js';

describe('waiting', () => {
  it('says on a terminal what for and how long, and takes it away', async () => {
    const said: string[] = [];
    let hear = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    const stream = new Writable({
      write(chunk, _encoding, done) {
        said.push(String(chunk));
        hear();
        done();
      },
    });
    const output = new Output(Object.assign(stream, { isTTY: true }), { NO_COLOR: '1' });
    expect(await whileWaiting(output, 'planning', () => heard.then(() => 'done'))).toBe('done');
    // On a busy machine the first second is late.
    expect(said).toEqual([expect.stringMatching(/planning: [1-9]\d* s$/), '\r\u001B[2K']);
  });

  it.each`
    because                      | isTerminal
    ${'a moment needs no words'} | ${true}
    ${'a pipe wants no sign'}    | ${false}
  `('says nothing: $because', async ({ isTerminal }) => {
    const said: string[] = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        said.push(String(chunk));
        done();
      },
    });
    const output = new Output(Object.assign(stream, { isTTY: isTerminal }), {});
    await expect(whileWaiting(output, 'planning', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(said).toEqual([]);
  });
});
