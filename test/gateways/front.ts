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
  /** It hands the body of a denial to the client. */
  readonly passesBodies: boolean;
}

/** A gateway that can verify its clients' certificates. */
export interface CertifiedFront extends Front {
  readonly certificates: Certificates;
}

/** A gateway that can prove itself by a certificate, too. */
export interface ProvenFront extends CertifiedFront {
  readonly certificates: Certificates & {
    /** It proves itself to Dharma by a certificate, by the block under that heading of the page. */
    provingItself(block: string): GatewayProgram;
  };
}

/** What its page says about certificates. */
export interface Certificates {
  /** The page, below docs/gateways. */
  readonly page: string;
  /** The folder where the page says that files lie. */
  readonly folder: string;
  /** It verifies its clients' certificates, by the blocks under that heading of the page. */
  knowingClients(blocks: readonly string[]): GatewayProgram;
  /** It reads a certificate and its key from one file. */
  readonly inOneFile?: true;
  /** What the page says for letting clients in that have none. */
  readonly optional: readonly [required: string, optional: string];
  /** What becomes of a client whose certificate does not verify, or who has none where one is required. */
  readonly turnedAway: string;
}
