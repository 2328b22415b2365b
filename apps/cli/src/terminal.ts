import type { Readable, Writable } from 'node:stream';
import { createColors } from 'picocolors';

/** What the program is connected to; tests connect it to something else. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly environment: { readonly [name: string]: string | undefined };
  /** What to type to call the program again from `cwd`: `dharma`, `./dharma`. */
  readonly program: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** 0 done, 1 the answer is no, 2 usage, 3 the server could not be reached, 4 conflict. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

/** Ends a verb with a message on standard error. */
export class Stop extends Error {
  constructor(
    readonly code: ExitCode,
    message: string,
  ) {
    super(message);
  }
}

/** The reader of our output has gone away. */
export class OutputClosed extends Error {}

type Colours = ReturnType<typeof createColors>;

/** One output stream: waits when its reader is slower than we are, and notices when the reader is gone. */
export class Output {
  readonly isTerminal: boolean;
  /** Plain text when nobody looks, or nobody wants colours. */
  readonly colours: Colours;
  readonly #stream: Writable;
  readonly #onError = (): void => {
    this.#closed = true;
  };
  #closed = false;

  constructor(stream: Streams['stdout'], environment: Streams['environment']) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    // https://no-color.org: any value but the empty one.
    const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
    this.colours = createColors(this.isTerminal && !refused);
    stream.on('error', this.#onError);
  }

  /** @throws OutputClosed when the other end is closed */
  async write(text: string): Promise<void> {
    if (this.#closed || this.#stream.destroyed) throw new OutputClosed();
    if (text === '' || this.#stream.write(text)) return;
    await new Promise<void>((resolve) => {
      const settled = (): void => {
        for (const event of ['drain', 'close', 'error']) this.#stream.off(event, settled);
        resolve();
      };
      for (const event of ['drain', 'close', 'error']) this.#stream.on(event, settled);
    });
    if (this.#closed || this.#stream.destroyed) throw new OutputClosed();
  }

  async line(text = ''): Promise<void> {
    await this.write(`${text}\n`);
  }
}

export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** The answer, and nothing else. */
  readonly out: Output;
  /** Everything said to a person beside the answer. */
  readonly aside: Output;
  readonly cwd: string;
  readonly environment: Streams['environment'];
  readonly program: string;
  readonly now: () => number;
}

export function terminalOf({ stdin, stdout, stderr, ...rest }: Streams): Terminal {
  return { stdin, out: new Output(stdout, rest.environment), aside: new Output(stderr, rest.environment), ...rest };
}
