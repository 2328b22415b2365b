import { type Proposal, proposalState } from '#administration';
import { Problem } from '#problem';
import { proposalEndView } from './dto/proposal.dto.js';

/** What whoever would end a proposal is told of one that has ended. @param proposal  one that is not open */
export function proposalEnded({ number, end }: Proposal): Problem {
  switch (end?.kind) {
    case 'approved': {
      const view = proposalEndView(end);
      return new Problem(
        'proposal-published',
        { number, revision: end.revision, by: end.by, at: view.at },
        { end: view },
      );
    }
    case 'rejected':
      return new Problem('proposal-ended', { state: `rejected by \`${end.by}\`` }, { end: proposalEndView(end) });
    case undefined:
      return new Problem('proposal-ended', { state: 'out of time' });
    default:
      return end satisfies never;
  }
}

/** @throws Problem `proposal-published`, `proposal-ended` */
export function demandOpen(proposal: Proposal): void {
  if (proposalState(proposal) !== 'open') throw proposalEnded(proposal);
}
