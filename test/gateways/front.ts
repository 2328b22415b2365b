import type { GatewayProgram } from '../support/gateway.js';

/** A gateway with the configuration that we ship, and what it is known to do in its own way. */
export interface Front {
  readonly gateway: GatewayProgram;
  /** Which of Dharma's listeners it asks. */
  readonly asks: 'grpc' | 'http';
  /** What a client gets when Dharma gives no answer. */
  readonly closed: number;
  /** Its convention has a field for the address that a client calls from. */
  readonly attestsAddress: boolean;
  /** Its convention has a field for what its own configuration says. */
  readonly attestsContext: boolean;
}
