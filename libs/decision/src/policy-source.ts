import type { Revision } from '#administration';
import type { PackedFiles } from '#policy';

/** Where a policy set is found that is to be put in force. */
export type PolicySource =
  /** In the store. */
  | { readonly kind: 'revision'; readonly revision: Revision }
  /** At hand: the documents of a folder. */
  | {
      readonly kind: 'files';
      readonly files: PackedFiles;
      readonly revision: number;
      /** SHA-256 in hex of names and texts. */
      readonly contentHash: string;
    }
  /** The last good revision that is kept on disk. */
  | { readonly kind: 'kept' };
