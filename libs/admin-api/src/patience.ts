import { Problem } from '#problem';

/** How long a probe waits for the serving thread, in milliseconds. */
export const PATIENCE_MILLISECONDS = 1_000;

/**
 * The answer of the serving thread, while it still tells anything.
 *
 * @param milliseconds  what is waited at most
 * @throws Problem `server-silent` when it did not come in time, or was a fault
 */
export async function inTime<Result>(answer: Promise<Result>, milliseconds = PATIENCE_MILLISECONDS): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(fail, milliseconds, new Problem('server-silent'));
  });
  try {
    return await Promise.race([
      answer.catch(() => {
        throw new Problem('server-silent');
      }),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
