import { Revisions1764000000001 } from './0001-revisions.js';
import { Credentials1764000000002 } from './0002-credentials.js';
import { ClientKeys1764000000003 } from './0003-client-keys.js';
import { OperatorTerms1764000000004 } from './0004-operator-terms.js';

/** Every change of the database's shape, oldest first. One that was released is never edited. */
export const migrations = [
  Revisions1764000000001,
  Credentials1764000000002,
  ClientKeys1764000000003,
  OperatorTerms1764000000004,
] as const;
