/** Who can get through to what, and what a change makes of it: found by asking the engine about everything that no rule tells apart. */
export { type Assertion, type Callers, eachOf, judge, type Objection, othersThan, type Verdict } from './assertion.js';
export { ANYBODY } from './credentials.js';
export { Effort } from './effort.js';
export { type Finding, Reachability, type Wanted, type Witness } from './search.js';
export type { TargetFilter } from './targets.js';
export { evidenceOf, sampleOf } from './actors.js';
export {
  type Conditionals,
  type FlipGroup,
  type Flips,
  flips,
  type FlipsAsked,
  type FlipVerdict,
} from './change/flips.js';
export type { ChangeSight } from './change/points.js';
export { type Touched, touchedBy, type Worlds } from './change/touched.js';
