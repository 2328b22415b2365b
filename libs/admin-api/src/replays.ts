import { setImmediate as othersFirst } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import {
  type DecisionPlace,
  type DecisionStore,
  type RecordedDecision,
  replay,
  unrecordedMembers,
} from '#decision-log';
import { compile, type Outcome, type Snapshot, type World } from '#engine';
import { Problem } from '#problem';
import { touchedBy } from '#reach';
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

  /**
   * @param set  the newest: what the operator sees is judged by it, not by what they plan; and what it decides is what the
   *   plan changes, whatever an older one decided
   */
  async of({ store, from, most }: ReplayWindow, world: World, operator: Operator, set: PolicySet): Promise<ReplayView> {
    const { sight } = await this.rights.within(operator, set);
    const told = new DecisionSight(sight, set);
    const snapshot = compile(world);
    const newest = new Newest(set);
    const unrecorded = unrecordedMembers(snapshot, newest.snapshot ?? { membersRead: [] });
    const counts = { decided: 0, overtaken: 0, masked: 0, notJudged: 0, untold: 0 };
    const flips = new Flips(told, set, newest.rulesOtherwiseIn(world, this.parts.clock()));
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
          case 'decided': {
            const before = newest.verdictOn(record);
            counts.decided += 1;
            if (before.decision !== record.decision) counts.overtaken += 1;
            flips.judge(record, before, replayed.outcome);
            break;
          }
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

type Verdict = Pick<RecordedDecision, 'decision' | 'reason' | 'endpoint'> & Pick<Outcome, 'rules'>;

/** The newest set, which a plan is a change of. */
class Newest {
  /** Undefined where this version cannot read it, and before the first: then it is as it was recorded. */
  readonly snapshot: Snapshot | undefined;
  readonly #world: World | null;
  readonly #contentHash: string | undefined;

  constructor(set: PolicySet) {
    this.#world = set.world();
    this.snapshot = this.#world === null ? undefined : compile(this.#world);
    this.#contentHash = set.revision?.contentHash;
  }

  /** What it says of a recorded request. A record of its own says that itself. */
  verdictOn(record: RecordedDecision): Verdict {
    if (this.snapshot === undefined || record.revision?.contentHash === this.#contentHash) return record;
    const replayed = replay(record, this.snapshot);
    return replayed.kind === 'decided' ? replayed.outcome : record;
  }

  /** Ids of rules that are new in another world, different or gone. */
  rulesOtherwiseIn(after: World, time: number): ReadonlySet<string> {
    return this.#world === null ? new Set() : touchedBy({ before: this.#world, after }, time).rules;
  }
}

/** Decisions that come out otherwise, told as the operator may read them. */
class Flips {
  readonly #told: DecisionSight;
  readonly #newest: PolicySet;
  readonly #changed: ReadonlySet<string>;
  readonly #groups = new Map<string, ReplayFlipView>();
  /** Looked for once: a set may hold a hundred thousand documents. */
  readonly #anew = new Map<string, boolean>();
  count = 0;

  /** @param changed  ids of rules that the plan adds, changes or removes */
  constructor(told: DecisionSight, newest: PolicySet, changed: ReadonlySet<string>) {
    this.#told = told;
    this.#newest = newest;
    this.#changed = changed;
  }

  /** To be called with the newest record first. */
  judge(record: RecordedDecision, before: Verdict, after: Verdict): void {
    if (before.decision === after.decision) return;
    this.count += 1;
    const rule = this.#responsible(before, after);
    const { endpoint, rules } = this.#told.told({
      ...record,
      endpoint: after.endpoint ?? before.endpoint,
      rules: rule === undefined ? [] : [rule],
    });
    const seen = {
      endpoint: after.endpoint !== null && this.#isAnew('Service', after.endpoint) ? after.endpoint : endpoint,
      before: verdictOf(before),
      after: verdictOf(after),
      rule: rule !== undefined && this.#changed.has(rule) && this.#isAnew('Policy', rule) ? rule : (rules[0] ?? null),
    };
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

  /**
   * The rule of the plan that either verdict is by. Where there is none, something else changed around rules that stay:
   * the innermost of them is nearest to it.
   */
  #responsible({ rules: before }: Verdict, { rules: after }: Verdict): string | undefined {
    return [...after, ...before].find((rule) => this.#changed.has(rule)) ?? after.at(-1) ?? before.at(-1);
  }

  /** What no document has yet is the planner's own word. */
  #isAnew(kind: 'Policy' | 'Service', id: string): boolean {
    const name = id.split('/')[0]!;
    const key = `${kind}/${name}`;
    let isAnew = this.#anew.get(key);
    if (isAnew === undefined) this.#anew.set(key, (isAnew = this.#newest.document({ kind, name }) === undefined));
    return isAnew;
  }

  /** The most frequent first. */
  groups(): readonly ReplayFlipView[] {
    return [...this.#groups.values()].toSorted((left, right) => right.count - left.count).slice(0, MOST_GROUPS);
  }
}

function verdictOf({ decision, reason }: Verdict): ReplayFlipView['before'] {
  return { decision, reason };
}
