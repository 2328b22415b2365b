import type { EventLog } from '#decision';
import type { PackedFiles } from '#policy';
import type { PolicyWorkshop } from './policy/policy-workshop.js';
import type { StoreState } from './stored/stored-policy.js';

/** Where the policy comes from: a folder, or a store of revisions. */
export interface PolicySupply {
  readonly kind: 'folder' | 'database';
  /** Where the last good revision is kept; undefined where there is no need. */
  readonly keptFolder: string | undefined;
  readonly databaseUrl: string | undefined;
  /** Where the first operator's token was written, when this start minted it. */
  readonly operatorTokenFile: string | undefined;
  readonly state: { readonly state: StoreState; readonly detail: string };
  /** Takes what happens to policies of this source. */
  readonly log: EventLog;
  /** Resolves once something is in force, or it is known that nothing can be for now; then goes on following. */
  start(workshop: PolicyWorkshop): Promise<void>;
  /** What is in force, where it comes from a folder. */
  documents(): PackedFiles | undefined;
  /** Stops following. */
  stop(): Promise<void>;
  /** Lets go of what lies below it. */
  close(): Promise<void>;
}
