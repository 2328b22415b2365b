import { createInterface } from 'node:readline';
import type { Terminal } from './terminal.js';

/** Whether a person sits on both sides: one who sees the question and one who can answer it. */
export function canAsk({ stdin, aside }: Terminal): boolean {
  return stdin.isTTY === true && aside.isTerminal;
}

/** Asks for a yes; anything else is a no, as is the end of the input. */
export async function saysYes({ stdin, aside }: Terminal, question: string): Promise<boolean> {
  await aside.write(`${question} [y/N] `);
  const lines = createInterface({ input: stdin });
  try {
    for await (const line of lines) return /^\s*y(?:es)?\s*$/i.test(line);
    await aside.line();
    return false;
  } finally {
    lines.close();
  }
}
