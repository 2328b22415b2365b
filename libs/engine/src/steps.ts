/** Work that may be put off at every step, so that a thread is not held for long. */
export type Steps<Result> = Generator<void, Result, void>;

/** Texts put in order, or looked at, in one step: less than a millisecond. */
export const TEXTS_A_STEP = 1_000;

/** What steps come to, taken all at once. */
export function finished<Result>(work: Steps<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** One piece of work for all who wait for it: whoever goes on with it does so for everyone. */
export class SharedWork<Result> {
  private done: { readonly result: Result } | undefined;

  constructor(private readonly work: Steps<Result>) {}

  *run(): Steps<Result> {
    while (this.done === undefined) {
      const step = this.work.next();
      if (step.done === true) this.done = { result: step.value };
      else yield;
    }
    return this.done.result;
  }
}

/** The same texts in the order of their UTF-16 units, each once. */
export function* inOrder(texts: readonly string[]): Steps<readonly string[]> {
  const runs: (readonly string[])[] = [];
  for (let from = 0; from < texts.length; from += TEXTS_A_STEP) {
    runs.push([...new Set(texts.slice(from, from + TEXTS_A_STEP))].sort());
    yield;
  }
  return yield* mergedInOrder(runs);
}

/** All texts of lists that are in order, in order as a whole, each once. */
export function* mergedInOrder(lists: readonly (readonly string[])[]): Steps<readonly string[]> {
  let runs = lists;
  while (runs.length > 1) {
    const halves: (readonly string[])[] = [];
    for (let index = 0; index < runs.length; index += 2) {
      const [left, right] = [runs[index]!, runs[index + 1]];
      halves.push(right === undefined ? left : yield* merged(left, right));
    }
    runs = halves;
  }
  return runs[0] ?? [];
}

function* merged(left: readonly string[], right: readonly string[]): Steps<readonly string[]> {
  const all: string[] = [];
  let [fromLeft, fromRight] = [0, 0];
  while (fromLeft < left.length || fromRight < right.length) {
    if (all.length % TEXTS_A_STEP === 0) yield;
    const [one, other] = [left[fromLeft], right[fromRight]];
    const isLeft = other === undefined || (one !== undefined && one <= other);
    if (isLeft && one === other) fromRight += 1;
    all.push(isLeft ? one! : other);
    if (isLeft) fromLeft += 1;
    else fromRight += 1;
  }
  return all;
}
