/** How many decisions a property looks at: a share in every run of the tests, the whole under `DHARMA_LONG=1`. */
const long = process.env['DHARMA_LONG'] === '1';

export const RUNS = {
  /** Decisions compared between the fast engine and the specification. */
  agreement: long ? 1_000_000 : 20_000,
  /** Decisions compared with casbin as well. */
  casbin: long ? 20_000 : 600,
  /** Worlds a law is tried on. */
  law: long ? 2_000 : 120,
};
