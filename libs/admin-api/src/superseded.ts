import { type Intersection, keyText, type Revision, type RevisionStore } from '#administration';
import { Problem } from '#problem';
import { revisionView } from './dto/revision.dto.js';

/** Documents that are told of. */
const TOLD = 100;
/** Revisions that are looked through for who changed them. */
const LOOKED_THROUGH = 200;

/** Somebody published first; where it is known in what way that matters, each document says who changed it last. */
export function superseded(current: Revision | null, conflicts: readonly Conflict[] = []): Problem {
  if (current === null) {
    return new Problem('revision-superseded', { current: 'nothing was published yet' }, { current: null, conflicts });
  }
  const { number, provenance, publishedAt } = current;
  const words = `\`${provenance.author}\` published revision ${number} at ${new Date(publishedAt).toISOString()}`;
  const members = {
    current: revisionView(current),
    conflicts: conflicts.map(({ revision, ...rest }) => ({ ...rest, revision: revision && revisionView(revision) })),
  };
  return new Problem('revision-superseded', { current: `${words}${inTheWay(conflicts)}` }, members);
}

/** A document in the way, and the revision that changed it last. */
export interface Conflict extends Intersection {
  readonly revision?: Revision | undefined;
}

/** Who changed what is in the way, looking back from the newest revision. */
export async function conflictsOf(
  store: RevisionStore,
  newest: Revision,
  above: number,
  found: readonly Intersection[],
): Promise<readonly Conflict[]> {
  const wanted = new Map(found.slice(0, TOLD).map((one) => [keyText(one), one]));
  const conflicts: Conflict[] = [];
  const since = await store.list({ below: newest.number + 1, limit: LOOKED_THROUGH });
  for (const revision of since) {
    if (wanted.size === 0 || revision.number <= above) break;
    for (const change of await store.changes(revision.base ?? 0, revision.number)) {
      const key = keyText(change.kind === 'removed' ? change.before : change.after);
      const conflict = wanted.get(key);
      if (conflict === undefined) continue;
      wanted.delete(key);
      conflicts.push({ ...conflict, revision });
    }
  }
  return [...conflicts, ...wanted.values()];
}

function inTheWay([first, ...more]: readonly Conflict[]): string {
  if (first === undefined) return '';
  const { kind, name, because, revision } = first;
  const by = revision === undefined ? '' : ` by \`${revision.provenance.author}\` in revision ${revision.number}`;
  const rest = more.length === 0 ? '' : `, and ${more.length} more`;
  return because === 'changed'
    ? `; \`${kind}/${name}\` was changed${by}${rest}`
    : `; \`${kind}/${name}\`, which this has to do with, was changed${by}${rest}`;
}
