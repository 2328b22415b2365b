import {
  type Act,
  type ActContext,
  actHash,
  type ActFilter,
  type ActPage,
  AuditLog,
  inContext,
  judgeAct,
  type NewAct,
  NO_LINK,
} from '#administration';

/** Who is logged in at a database that is none. */
const ROLE = 'memory';

/** A chain that ends with the process. */
export class MemoryAuditLog extends AuditLog {
  readonly #clock: () => number;
  readonly #acts: Act[] = [];

  /** @param clock  milliseconds since 1970 */
  constructor(clock: () => number) {
    super();
    this.#clock = clock;
  }

  async append(act: NewAct): Promise<Act> {
    judgeAct(act);
    return this.appendNow(act);
  }

  /** Without a pause, in which others could act. */
  appendNow(said: NewAct, context: ActContext = said): Act {
    const act = inContext(said, context);
    const last = this.#acts.at(-1);
    const link = {
      sequence: (last?.sequence ?? 0) + 1,
      at: this.#clock(),
      databaseRole: ROLE,
      operator: act.operator,
      credential: act.credential ?? null,
      act: act.act,
      object: act.object,
      refused: act.refused ?? null,
      before: act.before ?? null,
      after: act.after ?? null,
      revision: act.revision ?? null,
      requestId: act.requestId ?? null,
      address: act.address ?? null,
      previous: last?.hash ?? NO_LINK,
    };
    const linked = { ...link, hash: actHash(link) };
    this.#acts.push(linked);
    return linked;
  }

  async list(filter: ActFilter, { order, behind, limit }: ActPage): Promise<readonly Act[]> {
    const found = this.#acts.filter((act) => isMeant(act, filter));
    const ordered = order === 'newest' ? found.toReversed() : found;
    return ordered
      .filter(({ sequence }) => behind === undefined || (order === 'newest' ? sequence < behind : sequence > behind))
      .slice(0, limit);
  }
}

function isMeant(link: Act, { operator, act, object, revision, since, until }: ActFilter): boolean {
  return (
    (operator === undefined || link.operator === operator || link.credential === operator) &&
    (act === undefined || link.act === act) &&
    (object === undefined || link.object === object) &&
    (revision === undefined || link.revision === revision) &&
    (since === undefined || link.at >= since) &&
    (until === undefined || link.at < until)
  );
}
