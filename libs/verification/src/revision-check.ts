import type { AccessRequest, EntityChange, Rule, World } from '#engine';
import { agree, hear, type Statement } from './agreement.js';
import {
  type Concerned,
  requestBatches,
  requestsAbout,
  requestsAtEntities,
  requestsAtRules,
} from './request-batches.js';
import { smallestRequest } from './shrink.js';
import { subWorld } from './sub-world.js';
import { type Answerer, CASBIN, SPECIFICATION, type Voice } from './voices.js';

/** One request that divides the voices. */
export interface Difference {
  readonly request: AccessRequest;
  readonly statements: readonly Statement[];
}

export interface RevisionCheckParts {
  readonly world: World;
  /** The answers that would be, or are, given: those of the whole world, made fast. */
  readonly fast: Answerer;
  /** Any integer: equal seeds ask equal requests. */
  readonly seed: number;
  /** Asked about before all others. */
  readonly first?: readonly AccessRequest[];
  /** Whom all requests are by; absent: anybody. */
  readonly concerned?: Concerned | undefined;
  /** About whom or what all requests are, of what is stored; absent: anything. */
  readonly entities?: readonly EntityChange[] | undefined;
  /** Which rules all requests are to meet; absent: any. */
  readonly rules?: readonly Rule[] | undefined;
  /** Who has to agree with them. Default: the specification and casbin. */
  readonly others?: readonly Voice[];
}

/** Requests of a batch, the voices that are made ready for them, and how many are answered. */
interface Batch {
  readonly requests: readonly AccessRequest[];
  readonly answerers: ReadonlyMap<Voice['name'], Answerer>;
  answered: number;
}

/**
 * Asks made-up requests about a revision and looks for one that the voices answer differently. The fast one answers
 * about the whole world, the others about the part that each batch of requests touches, or they would take too long.
 */
export class RevisionCheck {
  readonly #parts: RevisionCheckParts;
  readonly #others: readonly Voice[];
  readonly #batches: Iterator<readonly AccessRequest[], never>;
  #batch: Batch | undefined;
  #requests = 0;

  constructor(parts: RevisionCheckParts) {
    this.#parts = parts;
    this.#others = parts.others ?? [SPECIFICATION, CASBIN];
    this.#batches = batchesOf(parts);
  }

  /** Requests answered alike so far. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * Goes on where it stopped. A voice that throws differs from the others.
   *
   * @param isOver  asked before each request
   * @returns the first difference; undefined when there was none until then
   */
  async goOn(isOver: () => boolean): Promise<Difference | undefined> {
    while (!isOver()) {
      const batch = (this.#batch ??= await this.#nextBatch());
      const request = batch.requests[batch.answered];
      if (request === undefined) {
        this.#batch = undefined;
        continue;
      }
      const statements = await hear(batch.answerers, request);
      if (!agree(statements)) return this.#smallest(request, statements, batch.answerers);
      batch.answered += 1;
      this.#requests += 1;
    }
    return undefined;
  }

  async #nextBatch(): Promise<Batch> {
    const requests = this.#batches.next().value;
    const part = subWorld(this.#parts.world, requests);
    const answerers = new Map<Voice['name'], Answerer>();
    for (const voice of this.#others) answerers.set(voice.name, await voice.prepare(part));
    answerers.set('fast', this.#parts.fast);
    return { requests, answerers, answered: 0 };
  }

  /** What the batch was prepared for holds for every request with less in it. */
  async #smallest(
    request: AccessRequest,
    statements: readonly Statement[],
    answerers: Batch['answerers'],
  ): Promise<Difference> {
    let smallest: Difference = { request, statements };
    await smallestRequest(request, async (candidate) => {
      const said = await hear(answerers, candidate);
      if (agree(said)) return false;
      smallest = { request: candidate, statements: said };
      return true;
    });
    return smallest;
  }
}

function* batchesOf({ world, seed, first = [], concerned, entities, rules }: RevisionCheckParts) {
  if (first.length > 0) yield first;
  if (entities !== undefined) return yield* requestsAtEntities(world, entities, seed);
  if (rules !== undefined) return yield* requestsAtRules(world, rules, seed);
  return yield* concerned === undefined ? requestBatches(world, seed) : requestsAbout(world, concerned, seed);
}
