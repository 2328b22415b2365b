import { setImmediate as othersFirst } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import {
  type DecisionPlace,
  type DecisionStore,
  type RecordedDecision,
  replay,
  unrecordedMembers,
} from '#decision-log';
import { compile, type Outcome, type World } from '#engine';
import { Problem } from '#problem';
import { MOST_REPLAYED, type ReplayBody, type ReplayFlipView, type ReplayView } from './dto/replay.dto.js';
import { OperatorRights } from './operator-rights.js';
import type { Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import type { PolicySet } from './policy-sets.js';
import { invalid } from './request.pipe.js';
import { DecisionSight } from './told-decision.js';

const PAGE = 1_000;
/** Decided without a pause: other requests of this thread wait for no more. */
const SLICE = 200;
const MOST_GROUPS = 1_000;

/** Recorded decisions that are looked at. */
export interface ReplayWindow {
  readonly store: DecisionStore;
  /** Milliseconds since the epoch. */
  readonly from: number | undefined;
  readonly most: number;
}

/** Decides recorded decisions again by a set that is only planned. */
@Injectable()
export class Replays {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  /** @throws Problem `request-invalid`, `no-decision-log` */
  window({ last, since }: ReplayBody): ReplayWindow {
    if ((last === undefined) === (since === undefined)) {
      throw invalid([{ pointer: '/replay', message: 'say either `last` or `since`' }]);
    }
    const from = since === undefined ? undefined : Date.parse(since);
    if (Number.isNaN(from)) throw invalid([{ pointer: '/replay/since', message: 'this is no instant of RFC 3339' }]);
    const store = this.parts.decisions;
    if (store === undefined) throw new Problem('no-decision-log');
    return { store, from, most: last ?? MOST_REPLAYED };
  }

  /** @param set  the newest: what the operator sees is judged by it, not by what they plan */
  async of({ store, from, most }: ReplayWindow, world: World, operator: Operator, set: PolicySet): Promise<ReplayView> {
    const { sight } = await this.rights.within(operator, set);
    const told = new DecisionSight(sight, set);
    const snapshot = compile(world);
    const newest = set.world();
    const unrecorded = unrecordedMembers(snapshot, newest === null ? { membersRead: [] } : compile(newest));
    const counts = { decided: 0, masked: 0, notJudged: 0, untold: 0 };
    const flips = new Flips(told);
    let behind: DecisionPlace | undefined;
    let left = most;
    let more = false;
    for (;;) {
      // One more than is decided tells whether there is more.
      const limit = Math.min(PAGE, left);
      const found = await store.search({ domains: told.domains, from, behind, limit: limit + 1 });
      for (const [index, { record }] of found.slice(0, limit).entries()) {
        if (index % SLICE === 0) await othersFirst();
        if (!told.tellsWhole(record)) {
          counts.untold += 1;
          continue;
        }
        const replayed = replay(record, snapshot);
        switch (replayed.kind) {
          case 'decided':
            counts.decided += 1;
            flips.judge(record, replayed.outcome);
            break;
          case 'masked':
            counts.masked += 1;
            break;
          case 'not-judged':
            counts.notJudged += 1;
            break;
          default:
            replayed satisfies never;
        }
      }
      more = found.length > limit;
      left -= limit;
      if (!more || left === 0) break;
      const { time, id } = found[limit - 1]!;
      behind = { time, id };
    }
    return { ...counts, flipped: flips.count, unrecorded, more, flips: flips.groups() };
  }
}

/** Decisions that come out otherwise, told as the operator may read them. */
class Flips {
  readonly #told: DecisionSight;
  readonly #groups = new Map<string, ReplayFlipView>();
  count = 0;

  constructor(told: DecisionSight) {
    this.#told = told;
  }

  /** To be called with the newest record first. */
  judge(record: RecordedDecision, outcome: Outcome): void {
    if (record.decision === outcome.decision) return;
    this.count += 1;
    const [rule] = outcome.rules.length > 0 ? outcome.rules : record.rules;
    const { endpoint, rules } = this.#told.told({
      ...record,
      endpoint: outcome.endpoint ?? record.endpoint,
      rules: rule === undefined ? [] : [rule],
    });
    const before = { decision: record.decision, reason: record.reason };
    const after = { decision: outcome.decision, reason: outcome.reason };
    const seen = { endpoint, before, after, rule: rules[0] ?? null };
    const key = JSON.stringify(seen);
    const group = this.#groups.get(key);
    this.#groups.set(key, {
      ...seen,
      count: (group?.count ?? 0) + 1,
      firstSeen: record.time,
      lastSeen: group?.lastSeen ?? record.time,
      sample: group?.sample ?? record.id,
    });
  }

  /** The most frequent first. */
  groups(): readonly ReplayFlipView[] {
    return [...this.#groups.values()].toSorted((left, right) => right.count - left.count).slice(0, MOST_GROUPS);
  }
}
