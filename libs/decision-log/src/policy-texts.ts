import type { Outcome, Snapshot } from '#engine';
import { flat, type QuotedNames } from './json-texts.js';
import { Masking, type MaskingSettings } from './masking.js';
import type { DecidedBy } from './taken.js';

/** Texts of verdicts that are kept of one snapshot. */
const MOST_VERDICTS = 5_000;
/** An endpoint's verdicts that are kept: mostly one that allows and one that denies. */
const MOST_AN_ENDPOINT = 4;

/** A verdict, and how a record says it. */
interface VerdictText {
  readonly decision: string;
  readonly reason: string;
  readonly deniedAt: string | null;
  readonly rules: readonly string[];
  readonly enforcementPoint: string;
  readonly text: string;
}

/** The policy that decided, as a record says it, and where its endpoints are. */
interface Mark {
  readonly text: string;
  readonly snapshot: Snapshot;
}

/** What records of one snapshot say again and again. */
export class PolicyTexts {
  readonly masking: Masking;
  readonly #mark: Mark;
  readonly #names: QuotedNames;
  readonly #verdicts = new Map<string | null, VerdictText[]>();
  #kept = 0;

  constructor(policy: DecidedBy, settings: MaskingSettings, names: QuotedNames) {
    const { epoch, revision: number, contentHash, snapshot, identity } = policy;
    this.masking = new Masking(snapshot, settings, identity.reportHeaders);
    this.#mark = { text: JSON.stringify({ epoch, number, contentHash }), snapshot };
    this.#names = names;
  }

  /** From `decision` to `enforcementPoint`, as `verdictText` says. */
  verdict(verdict: Outcome, observed: boolean, enforcementPoint: string): string {
    if (observed || verdict.wouldDeny !== undefined) {
      return verdictText(verdict, observed, enforcementPoint, this.#mark, this.#names);
    }
    const known = this.#verdicts.get(verdict.endpoint);
    if (known !== undefined) for (const one of known) if (isSame(one, verdict, enforcementPoint)) return one.text;
    return this.#keep(
      verdict,
      flat(verdictText(verdict, observed, enforcementPoint, this.#mark, this.#names)),
      enforcementPoint,
    );
  }

  #keep({ endpoint, decision, reason, deniedAt, rules }: Outcome, text: string, enforcementPoint: string): string {
    if (this.#kept >= MOST_VERDICTS) {
      this.#verdicts.clear();
      this.#kept = 0;
    }
    let known = this.#verdicts.get(endpoint);
    if (known === undefined) this.#verdicts.set(endpoint, (known = []));
    if (known.length >= MOST_AN_ENDPOINT) this.#kept -= known.splice(0).length;
    known.push({ decision, reason, deniedAt, rules, enforcementPoint, text });
    this.#kept += 1;
    return text;
  }
}

function isSame(known: VerdictText, verdict: Outcome, enforcementPoint: string): boolean {
  const { decision, reason, deniedAt, rules } = verdict;
  if (known.reason !== reason || known.decision !== decision || known.deniedAt !== deniedAt) return false;
  if (known.enforcementPoint !== enforcementPoint || known.rules.length !== rules.length) return false;
  for (let index = 0; index < rules.length; index += 1) if (known.rules[index] !== rules[index]) return false;
  return true;
}

/**
 * A verdict within a record, with the comma before it.
 *
 * @param mark  undefined before the first policy
 */
export function verdictText(
  { decision, reason, deniedAt, rules, endpoint, wouldDeny }: Outcome,
  observed: boolean,
  enforcementPoint: string,
  mark: Mark | undefined,
  names: QuotedNames,
): string {
  return (
    `,"decision":"${decision}","reason":"${reason}","deniedAt":${names.quoted(deniedAt)},"endpoint":${names.quoted(endpoint)}` +
    names.member('rules', rules) +
    (mark === undefined ? '' : names.member('domains', domainsOf(mark.snapshot, endpoint, deniedAt))) +
    (wouldDeny === undefined ? '' : `,"wouldDeny":${JSON.stringify(wouldDeny)}`) +
    (observed ? ',"observed":true' : '') +
    `,"revision":${mark?.text ?? 'null'},"enforcementPoint":${names.quoted(enforcementPoint)}`
  );
}

function domainsOf(snapshot: Snapshot, endpoint: string | null, deniedAt: string | null): string[] {
  const placements = endpoint === null ? undefined : snapshot.endpoints.get(endpoint)?.placements;
  const domains = placements?.map(({ name }) => name) ?? [];
  if (deniedAt !== null && !domains.includes(deniedAt)) domains.push(deniedAt);
  return domains;
}
