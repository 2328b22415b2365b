import { Revisions1764000000001 } from './0001-revisions.js';

/** Every change of the database's shape, oldest first. One that was released is never edited. */
export const migrations = [Revisions1764000000001] as const;
