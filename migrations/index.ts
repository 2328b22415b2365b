import { Revisions1764000000001 } from './0001-revisions.js';
import { Credentials1764000000002 } from './0002-credentials.js';
import { ClientKeys1764000000003 } from './0003-client-keys.js';
import { OperatorTerms1764000000004 } from './0004-operator-terms.js';
import { Audit1764000000006 } from './0006-audit.js';
import { Fleet1764000000007 } from './0007-fleet.js';
import { Decisions1764000000008 } from './0008-decisions.js';
import { Proposals1764000000009 } from './0009-proposals.js';
import { ProposalKeys1764000000010 } from './0010-proposal-keys.js';

/** Every change of the database's shape, oldest first. One that was released is never edited. */
export const migrations = [
  Revisions1764000000001,
  Credentials1764000000002,
  ClientKeys1764000000003,
  OperatorTerms1764000000004,
  Audit1764000000006,
  Fleet1764000000007,
  Decisions1764000000008,
  Proposals1764000000009,
  ProposalKeys1764000000010,
] as const;
