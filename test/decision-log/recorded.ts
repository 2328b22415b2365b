import type { DecidedBy, MaskingSettings, TakenDecision } from '#decision-log';
import { Recording } from '#decision-log';
import { type AccessRequest, compile, decide, type Outcome, type Snapshot, type World } from '#engine';

export const NOTHING_ELSE: MaskingSettings = { show: [], mask: [] };

export function policyOf(world: World, headers: readonly string[] = []): DecidedBy {
  return policyBy(compile(world), headers);
}

export function policyBy(snapshot: Snapshot, headers: readonly string[] = []): DecidedBy {
  const identity = { reportHeaders: new Set(headers) };
  return { epoch: 1, revision: 7, contentHash: 'c'.repeat(64), snapshot, identity };
}

/** What the decision point hands over. */
export function taken(
  policy: DecidedBy,
  request: AccessRequest,
  more: Partial<TakenDecision> = {},
): TakenDecision & { readonly verdict: Outcome } {
  return {
    decisionId: 'd-1',
    time: request.time,
    microseconds: 41.27,
    request,
    verdict: decide(policy.snapshot, request),
    policy,
    enforcementPoint: 'edge',
    dropped: [],
    observed: false,
    trace: undefined,
    ...more,
  };
}

export function recordingOf(settings: Partial<MaskingSettings> = {}): Recording {
  return new Recording({ ...NOTHING_ELSE, ...settings }, 'a key of this test');
}
