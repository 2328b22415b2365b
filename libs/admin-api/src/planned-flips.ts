import { setImmediate as othersFirst } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Sight } from '#administration';
import type { World } from '#engine';
import { requestDocument } from '#policy';
import { type ChangeSight, type Flips, flips, type FlipVerdict } from '#reach';
import type { FlipsView } from './dto/flips.dto.js';
import { OperatorRights } from './operator-rights.js';
import type { Operator } from './operators.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import type { PolicySet } from './policy-sets.js';

/** After so long what is left is told as not decided. */
const MOST_MILLISECONDS = 4_000;
/** Everything else of a plan takes longer too where making ready does, and has to fit into the same five seconds as this. */
const READY_COUNTS = 3;
const LEAST_DECIDING_MILLISECONDS = 500;
const UNTOLD = '…';

/** Finds out what a planned set decides otherwise than the newest, without any traffic. */
@Injectable()
export class PlannedFlips {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(OperatorRights) private readonly rights: OperatorRights,
  ) {}

  /**
   * @param set  the newest: what the operator sees is judged by it, not by what they plan
   * @returns null where the newest set cannot be read by this version
   */
  async of(after: World, operator: Operator, set: PolicySet): Promise<FlipsView | null> {
    const before = set.world();
    if (before === null) return null;
    const { sight } = await this.rights.within(operator, set);
    const told = new FlipSight(sight, [before, after]);
    const start = performance.now();
    let end: number | undefined;
    const isOver = (): boolean => {
      const now = performance.now();
      end ??= now + Math.max(LEAST_DECIDING_MILLISECONDS, MOST_MILLISECONDS - READY_COUNTS * (now - start));
      return now > end;
    };
    const steps = flips({ before, after, time: this.parts.clock(), sight: told, isOver });
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return told.view(step.value);
      await othersFirst();
    }
  }
}

/**
 * What an operator may learn of a change. They are told of endpoints that lie in their domains alone, and of callers,
 * rules, roles and mechanisms that they see: in the counts there is nothing else either.
 */
class FlipSight implements ChangeSight {
  readonly #sight: Sight;
  readonly #worlds: readonly World[];
  #rules: ReadonlySet<string> | undefined;

  constructor(sight: Sight, worlds: readonly World[]) {
    this.#sight = sight;
    this.#worlds = worlds;
  }

  readonly endpoint: ChangeSight['endpoint'] = ({ placements }) =>
    this.#sight.isWhole || (placements.length > 0 && placements.every((domain) => this.#sight.ofDomain(domain)));

  readonly service: ChangeSight['service'] = ({ domains }) => this.#sight.isWhole || this.#sight.ofAny(domains);

  readonly rule: ChangeSight['rule'] = ({ owner }) => this.#sight.ofDomain(owner);

  readonly domain: ChangeSight['domain'] = (domain) => this.#sight.ofDomain(domain);

  readonly mechanism: ChangeSight['mechanism'] = (name) =>
    this.#worlds.some(({ mechanisms }) => {
      const owner = mechanisms.get(name)?.owner;
      return owner !== undefined && this.#sight.knows(owner);
    });

  view({ groups, conditionals, coverage, ...counts }: Flips): FlipsView {
    return {
      ...counts,
      // Of what was not looked at no share can be told.
      coverage: this.#sight.isWhole ? coverage : null,
      groups: groups.map(({ sample, before, after, ...group }) => ({
        ...group,
        sample: requestDocument(sample).request,
        before: this.#verdict(before),
        after: this.#verdict(after),
      })),
      conditionals: conditionals.map(({ rules, ...place }) => ({ ...place, rules: this.#told(rules) })),
    };
  }

  #verdict({ reason, deniedAt, rules }: FlipVerdict): FlipVerdict {
    const isKnown = deniedAt === null || this.#sight.knows(deniedAt);
    return { reason, deniedAt: isKnown ? deniedAt : UNTOLD, rules: this.#told(rules) };
  }

  #told(rules: readonly string[]): readonly string[] {
    if (this.#sight.isWhole) return rules;
    this.#rules ??= new Set(
      this.#worlds.flatMap(({ domains }) =>
        [...domains.values()].flatMap(({ rules: own }) => own.filter(this.rule).map(({ id }) => id)),
      ),
    );
    return [...new Set(rules.map((rule) => (this.#rules!.has(rule) ? rule : UNTOLD)))];
  }
}
