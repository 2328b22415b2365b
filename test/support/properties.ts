/** Before each spec: what properties are tried on. */
import fc from 'fast-check';

const seed = process.env['DHARMA_SEED'];

fc.configureGlobal({
  ...(seed !== undefined && { seed: Number(seed) }),
  // Making a counterexample small takes minutes, in which whoever waits for the gate learns nothing more.
  endOnFailure: process.env['CI'] === 'true',
});
