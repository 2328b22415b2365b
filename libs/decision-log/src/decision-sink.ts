/** A write did not succeed. The message is for operators and holds no secret, no address with one, and no record. */
export class SinkFault extends Error {
  override readonly name = 'SinkFault';

  /** @param passing  the same lines may be taken a moment later */
  constructor(
    message: string,
    readonly passing: boolean,
  ) {
    super(message);
  }
}

/** Where records go. A queue stands before each: what a sink does not take is counted, and decisions go on. */
export abstract class DecisionSink {
  /**
   * Writes records in their order; one call at a time. All are written when it resolves. After a fault some may be: ids
   * tell readers what they have already.
   *
   * @param lines  at least one; each one record as JSON, without line breaks
   * @throws SinkFault  within half a minute
   */
  abstract write(lines: readonly string[]): Promise<void>;

  /** Lets go of files and connections. Never rejects. */
  abstract close(): Promise<void>;
}
