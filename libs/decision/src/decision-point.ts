import {
  type AccessRequest,
  type Denial,
  type DenyReason,
  type Explanation,
  type Outcome,
  type Snapshot,
  OUTSIDE,
  decide,
  denied,
  lacksOnlyScopes,
  parametersSetFor,
  targetOfRoute,
} from '#engine';
import type { DecisionRecorder } from '#decision-log';
import type { Caller, Judged, KnownCaller, Peer } from '#identity';
import { parametersAlike } from '#wire';
import type { Answer, ExplainedAnswer, Question, RequestFault } from './answer.js';
import { Breath } from './breath.js';
import type { Clock, EventLog } from './event.js';
import { Judgements } from './judgements.js';
import { ageSeconds, type LiveSnapshot, type PolicyInForce } from './live-snapshot.js';
import { look, type Search, type SearchAnswer } from './search.js';
import { namesTwoSenders } from './two-senders.js';

/** Why a revision decides a request as it does; asked elsewhere, because it takes the whole set. */
export abstract class Explainer {
  /** @throws when the revision is not the one it knows any more */
  abstract explain(request: AccessRequest, policy: PolicyInForce): Promise<Explanation>;
}

export interface DecisionPointParts {
  readonly live: LiveSnapshot;
  readonly clock: Clock;
  /** Microseconds from any start, never going back. */
  readonly stopwatch: () => number;
  readonly newDecisionId: () => string;
  readonly log: EventLog;
  readonly explainer: Explainer;
  /** Keeps decisions for later readers; absent: nobody does. */
  readonly recorder?: DecisionRecorder | undefined;
  /** Upper bound of every answer's time to live. */
  readonly maxTtlSeconds: number;
  /** How long an answer may wait for the revision that its caller has seen. */
  readonly minRevisionWaitMilliseconds: number;
  /** `observe`: allow everything and say what would have been said. */
  readonly mode: 'enforce' | 'observe';
}

/** Before any policy is in force there is nobody to tell callers apart by, and only one answer to give them. */
const ANYONE: KnownCaller = {
  kind: 'known',
  name: 'unknown',
  domain: OUTSIDE,
  mayExplain: false,
  believed: new Set(),
};
const NOTHING: Judged = { evidence: [], dropped: [], hasVerifiedCredential: false, hasFalseCredential: false };
/** Most faults of an answer: to mend a message takes a few, and a message can have as many as it has bytes. */
const MOST_FAULTS = 100;
const NO_FAULTS: readonly RequestFault[] = [];
const NO_HEADERS: Answer['headersSet'] = new Map();
const NO_PARAMETERS: Answer['parametersSet'] = new Set();

/** One question on its way to an answer. */
interface Case {
  readonly question: Question;
  readonly caller: KnownCaller;
  /** Of the message that it came with; undefined: nothing of it is asked about again. */
  readonly judgements: Judgements | undefined;
  readonly decisionId: string;
  readonly since: number;
}

/** The one door: every protocol asks here, and only here. Answering never throws, and every fault is a deny. */
export class DecisionPoint {
  readonly #parts: DecisionPointParts;
  #closed = false;

  constructor(parts: DecisionPointParts) {
    this.#parts = parts;
  }

  /** From now on every answer is `SHUTTING_DOWN`. */
  close(): void {
    this.#closed = true;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isObserving(): boolean {
    return this.#parts.mode === 'observe';
  }

  /** Tells an enforcement point from a stranger; a stranger gets no decision. */
  caller(peer: Peer): Caller {
    const policy = this.#parts.live.inForce;
    return policy === undefined ? ANYONE : policy.identity.caller(peer, this.#parts.clock());
  }

  /**
   * A promise only where something has to be waited for: an unseen token, or a revision on its way.
   *
   * @param judgements  of the message, where questions of it share what they present
   */
  answer(question: Question, caller: KnownCaller, judgements?: Judgements): Answer | Promise<Answer> {
    const asked = this.#begin(question, caller, judgements);
    try {
      const answer = this.#isTooEarly(question)
        ? this.#untilRevision(question).then(() => this.#now(asked))
        : this.#now(asked);
      return answer instanceof Promise ? answer.catch((fault: unknown) => this.#failed(asked, fault)) : answer;
    } catch (fault) {
      return this.#failed(asked, fault);
    }
  }

  /** The answer to the same question with the reasoning behind it; whether the caller may see it is for adapters. */
  async explain(question: Question, caller: KnownCaller): Promise<ExplainedAnswer> {
    const asked = this.#begin(question, caller);
    try {
      if (this.#isTooEarly(question)) await this.#untilRevision(question);
      return await this.#judged(asked, this.#parts.live.inForce, (policy, judged) =>
        this.#explained(asked, policy, judged),
      );
    } catch (fault) {
      return { ...this.#failed(asked, fault), explanation: null };
    }
  }

  /** For whoever asks much at once. */
  breath(): Breath {
    return new Breath(this.#parts.stopwatch);
  }

  /**
   * Whatever would be allowed, a page at a time; all of a page by one revision and at one instant. A server that only
   * observes finds the same: a list of all there is would say nothing, and show it to those who may not ask about it.
   */
  async search(search: Search, caller: KnownCaller): Promise<SearchAnswer> {
    const { live, log, clock, stopwatch, newDecisionId } = this.#parts;
    const since = stopwatch();
    const policy = live.inForce;
    if (this.#closed) return { kind: 'unavailable', reason: 'SHUTTING_DOWN' };
    if (policy === undefined) return { kind: 'unavailable', reason: 'POLICY_UNAVAILABLE' };
    const time = clock();
    const judgements = new Judgements();
    try {
      const answer = await look(search, {
        snapshot: policy.snapshot,
        revision: policy.revision,
        breath: this.breath(),
        judge: (question) =>
          question.kind === 'malformed' ? NOTHING : judgements.judge(question.presented, policy.identity, caller, time),
        request: (question, judged) => this.#request({ question, caller }, policy, judged, time),
      });
      if (answer.kind === 'found') {
        log({
          kind: 'search',
          enforcementPoint: caller.name,
          revision: policy.revision,
          found: answer.ids.length,
          decisions: answer.decisions,
          trace: search.trace,
          microseconds: stopwatch() - since,
        });
      }
      return answer;
    } catch (fault) {
      log({ kind: 'decision-fault', decisionId: newDecisionId(), fault });
      return { kind: 'unavailable', reason: 'INTERNAL_FAULT' };
    }
  }

  #begin(question: Question, caller: KnownCaller, judgements?: Judgements): Case {
    const { newDecisionId, stopwatch } = this.#parts;
    return { question, caller, judgements, decisionId: newDecisionId(), since: stopwatch() };
  }

  #isTooEarly(question: Question): boolean {
    const { live } = this.#parts;
    if (question.kind === 'malformed' || question.minRevision === undefined || this.#closed) return false;
    return live.inForce !== undefined && question.minRevision > live.inForce.revision;
  }

  #now(asked: Case): Answer | Promise<Answer> {
    return this.#judged(asked, this.#parts.live.inForce, (policy, judged) => this.#decided(asked, policy, judged));
  }

  /** Waits until the revision is in force, or the bound is over. */
  async #untilRevision(question: Question): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<'late'>((late) => {
      timer = setTimeout(late, this.#parts.minRevisionWaitMilliseconds, 'late');
    });
    while (this.#isTooEarly(question)) {
      if ((await Promise.race([this.#parts.live.next(), bound])) === 'late') break;
    }
    clearTimeout(timer);
  }

  /** Judges what was presented by the very revision that decides. */
  #judged<Result>(
    { question, caller, judgements }: Case,
    policy: PolicyInForce | undefined,
    then: (policy: PolicyInForce | undefined, judged: Judged) => Result,
  ): Result | Promise<Result> {
    if (policy === undefined || question.kind === 'malformed') return then(policy, NOTHING);
    const { presented } = question;
    const { identity } = policy;
    const now = this.#parts.clock();
    const judged =
      judgements === undefined
        ? identity.judge(presented, caller, now)
        : judgements.judge(presented, identity, caller, now);
    return judged instanceof Promise ? judged.then((settled) => then(policy, settled)) : then(policy, judged);
  }

  #decided(asked: Case, policy: PolicyInForce | undefined, judged: Judged): Answer {
    const state = this.#ownState(asked.question, policy, judged);
    if (state !== undefined) return this.#finish(asked, policy, judged, denied(state));
    const request = this.#request(asked, policy!, judged);
    return this.#verdict(asked, policy!, judged, request, decide(policy!.snapshot, request));
  }

  async #explained(asked: Case, policy: PolicyInForce | undefined, judged: Judged): Promise<ExplainedAnswer> {
    const state = this.#ownState(asked.question, policy, judged);
    if (state !== undefined) return { ...this.#finish(asked, policy, judged, denied(state)), explanation: null };
    const request = this.#request(asked, policy!, judged);
    const explanation = await this.#parts.explainer.explain(request, policy!);
    return { ...this.#verdict(asked, policy!, judged, request, explanation.outcome), explanation };
  }

  #verdict(asked: Case, policy: PolicyInForce, judged: Judged, request: AccessRequest, decided: Outcome): Answer {
    const verdict = asTheQueryIs(asked.question, policy.snapshot, decided);
    const mayLackScopes = verdict.reason === 'NO_ALLOW_RULE' || verdict.reason === 'EGRESS_CLOSED';
    const lacksScopes = mayLackScopes && judged.hasVerifiedCredential && lacksOnlyScopes(policy.snapshot, request);
    return this.#finish(asked, policy, judged, verdict, lacksScopes, request, verdict !== decided);
  }

  /** A denial that needs no look at the rules. */
  #ownState(question: Question, policy: PolicyInForce | undefined, judged: Judged): DenyReason | undefined {
    if (this.#closed) return 'SHUTTING_DOWN';
    if (policy === undefined) return 'POLICY_UNAVAILABLE';
    if (question.kind === 'malformed' || namesTwoSenders(question.presented, policy.identity)) return 'INVALID_REQUEST';
    // Decided as if nobody asked, what is denied to them would be allowed.
    if (judged.subjectFault !== undefined) return 'INVALID_REQUEST';
    if (question.minRevision !== undefined && question.minRevision > policy.revision) return 'POLICY_TOO_OLD';
    return undefined;
  }

  #request(
    { question, caller }: Pick<Case, 'question' | 'caller'>,
    policy: PolicyInForce,
    { evidence }: Judged,
    time = this.#parts.clock(),
  ): AccessRequest {
    const { maxTtlSeconds } = this.#parts;
    const { request } = question as Extract<Question, { kind: 'request' }>;
    const { target, headers, attributes, claimed, context, carries } = request;
    // Spread, an object of so many members costs more than deciding about it.
    return {
      target: target.kind === 'route' ? targetOfRoute(policy.snapshot, target) : target,
      headers,
      attributes,
      claimed,
      context,
      carries,
      evidence,
      time,
      askedFrom: caller.domain,
      policyAgeSeconds: ageSeconds(policy, time),
      maxTtlSeconds,
    } satisfies { readonly [member in keyof Required<AccessRequest>]: unknown };
  }

  #failed(asked: Case, fault: unknown): Answer {
    this.#parts.log({ kind: 'decision-fault', decisionId: asked.decisionId, fault });
    return this.#finish(asked, this.#parts.live.inForce, NOTHING, denied('INTERNAL_FAULT'));
  }

  #finish(
    asked: Case,
    policy: PolicyInForce | undefined,
    judged: Judged,
    verdict: Outcome,
    lacksScopes = false,
    request?: AccessRequest,
    isForTheQuery = false,
  ): Answer {
    const { question, caller, decisionId, since } = asked;
    const { clock, log, recorder, stopwatch } = this.#parts;
    const observed = this.isObserving && verdict.decision === 'deny' ? denialOf(verdict) : undefined;
    const outcome = observed === undefined ? verdict : letThrough(verdict, observed, question);
    const { decision, reason, deniedAt, rules, endpoint, wouldDeny } = outcome;
    const revision = policy?.revision ?? 0;
    const microseconds = stopwatch() - since;
    log({
      kind: 'decision',
      decisionId,
      decision,
      reason,
      deniedAt,
      rules,
      endpoint,
      revision,
      enforcementPoint: caller.name,
      dropped: judged.dropped,
      wouldDeny,
      observed,
      trace: question.trace,
      microseconds,
    });
    if (recorder?.wants(verdict, policy)) {
      recorder.take({
        decisionId,
        time: clock(),
        microseconds,
        request,
        verdict,
        policy,
        enforcementPoint: caller.name,
        dropped: judged.dropped,
        observed: observed !== undefined,
        trace: question.trace,
        isForTheQuery,
      });
    }
    return {
      outcome,
      revision,
      ageSeconds: policy === undefined ? 0 : ageSeconds(policy, clock()),
      decisionId,
      hasVerifiedCredential: judged.hasVerifiedCredential,
      hasFalseCredential: judged.hasFalseCredential,
      lacksOnlyScopes: lacksScopes,
      headersSet: decision === 'allow' && policy !== undefined ? policy.snapshot.headersSet : NO_HEADERS,
      parametersSet:
        decision === 'allow' && policy !== undefined ? parametersSetFor(policy.snapshot, endpoint) : NO_PARAMETERS,
      query: queryIn(question),
      dropped: judged.dropped,
      faults: faultsOf(question, judged),
      observed,
    };
  }
}

function faultsOf(question: Question, { subjectFault }: Judged): readonly RequestFault[] {
  if (question.kind === 'malformed') return question.faults.slice(0, MOST_FAULTS);
  return subjectFault === undefined ? NO_FAULTS : [{ pointer: '/subject', message: subjectFault }];
}

function queryIn(question: Question): string | undefined {
  if (question.kind === 'malformed') return undefined;
  const { target } = question.request;
  const path = 'path' in target ? (target.path ?? '') : '';
  const mark = path.indexOf('?');
  return mark < 0 ? undefined : path.slice(mark + 1);
}

function denialOf({ reason, deniedAt }: Outcome): Denial {
  return { reason: reason as DenyReason, deniedAt };
}

/**
 * Where a client says in its query what only a rule may say, and nobody would take it out, an allow does not hold. Who
 * carries whatever a rule says sees to it.
 */
function asTheQueryIs(question: Question, snapshot: Snapshot, decided: Outcome): Outcome {
  if (decided.decision === 'deny' || question.kind === 'malformed') return decided;
  const { carries } = question.request;
  if (carries === undefined || carries.includes('removeQueryParameter')) return decided;
  return parametersAlike(queryIn(question), parametersSetFor(snapshot, decided.endpoint)).length === 0
    ? decided
    : denied('OBLIGATION_UNSUPPORTED', null, decided, decided.ttlSeconds);
}

/** What can stand in a header, or in metadata, as it is. */
const PLAIN = /^[!-~]*$/;

/** What a server that only observes says instead of a denial. */
function letThrough(verdict: Outcome, wouldDeny: Denial, question: Question): Outcome {
  return {
    ...verdict,
    decision: 'allow',
    reason: 'ALLOW_SLOW',
    deniedAt: null,
    rules: [],
    ttlSeconds: 0,
    path: verdict.path ?? unjudgedPath(question),
    accepts: undefined,
    wouldDeny,
  };
}

/** A path goes back as it came where none was judged; nobody has looked whether it is one. */
function unjudgedPath(question: Question): string | null {
  if (question.kind === 'malformed' || question.request.target.kind !== 'address') return null;
  const path = question.request.target.path.split('?', 1)[0]!;
  return PLAIN.test(path) ? path : null;
}
