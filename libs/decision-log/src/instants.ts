const SECOND_MILLISECONDS = 1_000;
/** The end of an instant, such as `.007Z`. */
const ENDS = Array.from(
  { length: SECOND_MILLISECONDS },
  (_, milliseconds) => `.${String(milliseconds).padStart(3, '0')}Z`,
);

/** Writes instants out (ISO 8601, UTC). The part down to the second is written once a second: whole, it costs ten times as much. */
export class Instants {
  #second = Number.NaN;
  #start = '';

  /** @param time  milliseconds since the epoch, whole */
  text(time: number): string {
    const second = Math.floor(time / SECOND_MILLISECONDS);
    if (second !== this.#second) {
      this.#start = new Date(time).toISOString().slice(0, -ENDS[0]!.length);
      this.#second = second;
    }
    return this.#start + ENDS[time - second * SECOND_MILLISECONDS]!;
  }
}
