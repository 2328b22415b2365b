import { Catch, type ArgumentsHost } from '@nestjs/common';
import { PublicationRefused, RevisionCorrupt, RevisionUnknown, StoreFault } from '#administration';
import { ProblemFilter } from '#http';
import { Problem } from '#problem';

/** Says what the ports of administration throw in the words of the catalogue. */
@Catch()
export class AdminProblemFilter extends ProblemFilter {
  override catch(fault: unknown, host: ArgumentsHost): void {
    super.catch(toProblem(fault), host);
  }
}

/** Faults of PostgreSQL that pass: transactions that got in one another's way. */
const CROSSED = /^40/;

/** What a fault is in the words of the catalogue; a fault that nobody shall see the reason of stays as it is. */
export function toProblem(fault: unknown): unknown {
  if (fault instanceof RevisionUnknown) return new Problem('revision-unknown', { number: fault.number });
  if (fault instanceof RevisionCorrupt) return new Problem('revision-corrupt', { number: fault.number });
  if (fault instanceof PublicationRefused) return new Problem('publication-refused', { fault: fault.message });
  if (!(fault instanceof StoreFault)) return fault;
  switch (fault.kind) {
    case 'unavailable':
      return new Problem('store-unavailable');
    case 'read-only':
      return new Problem('store-read-only');
    case 'refused':
      return CROSSED.test(fault.code) ? new Problem('store-unavailable') : fault;
    default:
      return fault.kind satisfies never;
  }
}
