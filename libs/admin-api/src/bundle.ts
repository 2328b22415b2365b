import { type DocumentKey, FOUR_EYES_SOURCE, QUOTA_SOURCE, SUSPENSION_SOURCE } from '#administration';
import type { SourceFile } from '#policy';
import type { PlanBody } from './dto/plan.dto.js';
import { invalid, type RequestError } from './request.pipe.js';

/** Documents on their way into a set. */
export interface Bundle {
  readonly source: string;
  readonly files: readonly SourceFile[];
  /** Whether it speaks for everything that its source has. */
  readonly prune: boolean;
  readonly removed: readonly DocumentKey[];
  /** What the whole set must be with it, where it holds only what changes. */
  readonly contentHash: string | undefined;
}

/**
 * What a body asks for: the whole of a source, or only what changes together with the hash of the whole set.
 *
 * @throws Problem `request-invalid`
 */
export function bundleOf({ source, files, prune, changed, removed, contentHash }: PlanBody): Bundle {
  judgeSource(source);
  const errors: RequestError[] = [];
  if (changed === undefined) {
    if (removed !== undefined) errors.push({ pointer: '/removed', message: 'this goes with `changed`' });
    if (contentHash !== undefined) errors.push({ pointer: '/contentHash', message: 'this goes with `changed`' });
  } else {
    if (files !== undefined) errors.push({ pointer: '/files', message: 'send `files` or `changed`, not both' });
    if (prune !== undefined) errors.push({ pointer: '/prune', message: 'with `changed`, `removed` says what goes' });
    if (contentHash === undefined) {
      errors.push({ pointer: '/contentHash', message: 'with `changed`, say the hash of the whole set as it shall be' });
    }
  }
  const sent = changed ?? files ?? [];
  errors.push(...namedTwice(changed === undefined ? 'files' : 'changed', sent));
  if (errors.length > 0) throw invalid(errors);
  return { source, files: sent, prune: changed === undefined && (prune ?? true), removed: removed ?? [], contentHash };
}

/** @throws Problem `request-invalid` for a source that nobody may publish as */
export function judgeSource(source: string): void {
  const use = RESERVED_SOURCES.get(source);
  if (use === undefined) return;
  throw invalid([{ pointer: '/source', message: `\`${source}\` is what operators ${use} under; take another` }]);
}

const RESERVED_SOURCES: ReadonlyMap<string, string> = new Map([
  [SUSPENSION_SOURCE, 'suspend domains'],
  [QUOTA_SOURCE, 'limit subtrees'],
  [FOUR_EYES_SOURCE, 'say where two people decide'],
]);

function namedTwice(member: string, files: readonly SourceFile[]): readonly RequestError[] {
  const seen = new Set<string>();
  return files.flatMap(({ file }, index) => {
    if (!seen.has(file)) {
      seen.add(file);
      return [];
    }
    return [{ pointer: `/${member}/${index}/file`, message: `\`${file}\` is named twice` }];
  });
}
