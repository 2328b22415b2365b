const FIRST_BYTES = 4096;

/**
 * Bytes that come in pieces, in one place that grows. A piece that is kept by itself costs a hundred times its size when a
 * client sends them one by one.
 */
export class GatheredBytes {
  #held = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, length, this.#held.length * 2));
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(piece, this.#length);
    this.#length = length;
  }

  /** All of them; good until the next one is added. None is left. */
  take(): Uint8Array {
    const all = this.#held.subarray(0, this.#length);
    this.#length = 0;
    return all;
  }
}
