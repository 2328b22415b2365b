/** Why a store did not do what it was asked. Carries no values: drivers' own errors hold every parameter. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';

  /**
   * @param kind  `unavailable`: try again later; `read-only`: it takes no writes now; `refused`: it will not do this
   * @param code  the SQLSTATE, or the code of the socket's error; empty when there is none
   */
  constructor(
    readonly kind: 'unavailable' | 'read-only' | 'refused',
    readonly code: string,
    readonly constraint: string | undefined,
    message: string,
  ) {
    super(message);
  }
}
