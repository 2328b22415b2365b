import { parseCondition } from '#cel';
import { foldedHeaderName, OUTSIDE } from '#engine';
import type { Catalogue, Entry } from './catalogue.js';
import type { ObligationDeclaration, PolicyPolicyDocument, RuleDeclaration } from './document-policy.js';
import { forbiddenHeader, templateFault } from './header-rules.js';
import { forbiddenParameter } from './parameter-rules.js';
import { parseInstant } from './instant.js';
import { pathTemplateFault } from './patterns.js';
import type { ReadDocument } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';
import type { Path } from './yaml.js';

type ConditionFaults = readonly { readonly message: string; readonly offset: number }[];

/** What the rules of a bundle have in common while they are judged. */
interface Judge {
  readonly known: References;
  readonly report: Report;
  /** Folded names of headers in which mechanisms are reported, or credentials come. */
  readonly reported: ReadonlySet<string>;
  /** Rules that are written alike share a condition. */
  readonly conditions: Map<string, ConditionFaults>;
}

/** Owners, selectors, conditions, obligations and validity of every rule. */
export function judgePolicies(catalogue: Catalogue, known: References, report: Report): void {
  const judge: Judge = { known, report, reported: reportedHeaders(catalogue), conditions: new Map() };
  for (const policy of catalogue.policies.values()) {
    const { metadata, spec } = policy.document;
    if (metadata.domain !== OUTSIDE)
      known.domain({ name: metadata.domain, source: policy.source, path: ['metadata', 'domain'] });
    const ids = new Map<string, number>();
    for (const [index, rule] of spec.rules.entries()) {
      const path: Path = ['spec', 'rules', index];
      const first = ids.get(rule.id);
      if (first === undefined) ids.set(rule.id, index);
      else {
        const message = `the rule \`${metadata.name}/${rule.id}\` is declared twice; first at`;
        report.add(
          placeIn(policy.source, [...path, 'id']),
          'duplicate-rule',
          message,
          placeIn(policy.source, ['spec', 'rules', first, 'id']),
        );
      }
      judgeRule(rule, policy, path, judge);
    }
  }
}

function reportedHeaders(catalogue: Catalogue): ReadonlySet<string> {
  const headers = new Set<string>();
  for (const { declaration } of catalogue.mechanisms.values()) {
    const settings = declaration[declaration.kind as keyof typeof declaration] as
      | { readonly header?: string; readonly jwtSvid?: { readonly header?: string } }
      | undefined;
    for (const header of [settings?.header, settings?.jwtSvid?.header])
      if (header !== undefined) headers.add(foldedHeaderName(header));
  }
  return headers;
}

function judgeRule(rule: RuleDeclaration, policy: Entry<PolicyPolicyDocument>, path: Path, judge: Judge): void {
  const { source } = policy;
  const { report } = judge;
  if (policy.document.metadata.domain === OUTSIDE && rule.effect === 'allow') {
    report.add(
      placeIn(source, [...path, 'effect']),
      'outside-allow',
      '`*` may own denies only: nobody can let callers in everywhere',
    );
  }
  if (rule.who?.anonymous === true && (rule.effect === 'deny' || rule.direction === 'out')) {
    const where = rule.effect === 'deny' ? 'a deny, which matches callers without credential anyway' : 'an `out` rule';
    report.add(
      placeIn(source, [...path, 'who', 'anonymous']),
      'anonymous-misplaced',
      `\`who.anonymous\` has no place on ${where}`,
    );
  }
  judgeSelectors(rule, source, path, judge);
  judgeCondition(rule, source, path, judge);
  for (const [index, obligation] of (rule.obligations ?? []).entries()) {
    judgeObligation(obligation, source, [...path, 'obligations', index], judge);
  }
  if (
    rule.notBefore !== undefined &&
    rule.notAfter !== undefined &&
    parseInstant(rule.notBefore)! >= parseInstant(rule.notAfter)!
  ) {
    report.add(
      placeIn(source, [...path, 'notAfter']),
      'validity-empty',
      `the rule is never valid: \`notAfter\` is not later than \`notBefore\``,
    );
  }
}

function judgeSelectors(rule: RuleDeclaration, source: ReadDocument, path: Path, { known, report }: Judge): void {
  const each = (names: readonly string[] | undefined, at: Path, check: (name: string, path: Path) => void): void => {
    for (const [index, name] of (names ?? []).entries()) check(name, [...path, ...at, index]);
  };
  const domain = (name: string, at: Path): void => {
    if (name !== OUTSIDE) known.domain({ name, source, path: at });
  };
  const service = (name: string, at: Path): void => void known.service({ name, source, path: at });
  each(rule.who?.domains, ['who', 'domains'], domain);
  each(rule.who?.services, ['who', 'services'], service);
  each(rule.who?.mechanisms, ['who', 'mechanisms'], (name, at) => known.mechanism({ name, source, path: at }));
  each(rule.what?.domains, ['what', 'domains'], domain);
  each(rule.what?.services, ['what', 'services'], service);
  each(rule.what?.endpoints, ['what', 'endpoints'], (name, at) => known.endpoint({ name, source, path: at }));
  each(rule.what?.paths, ['what', 'paths'], (template, at) => {
    const fault = pathTemplateFault(template);
    if (fault !== undefined) report.add(placeIn(source, at), 'bad-path', `\`${template}\` ${fault}`);
  });
}

function judgeCondition(rule: RuleDeclaration, source: ReadDocument, path: Path, { report, conditions }: Judge): void {
  if (rule.when === undefined) return;
  let faults = conditions.get(rule.when);
  if (faults === undefined) {
    const parsed = parseCondition(rule.when);
    faults = 'faults' in parsed ? parsed.faults : [];
    conditions.set(rule.when, faults);
  }
  const first = faults[0];
  if (first === undefined) return;
  const place = { ...placeIn(source, [...path, 'when']), beginning: rule.when.slice(0, first.offset) };
  report.add(place, 'bad-condition', first.message);
}

function judgeObligation(
  obligation: ObligationDeclaration,
  source: ReadDocument,
  path: Path,
  { report, reported }: Judge,
): void {
  const untouchable = (
    code: 'forbidden-header' | 'forbidden-parameter',
    name: string,
    why: string | undefined,
  ): void => {
    if (why !== undefined)
      report.add(placeIn(source, [...path, 'name']), code, `\`${name}\` can be neither set nor removed: ${why}`);
  };
  const filled = (member: 'value' | 'key', text: string): void => {
    const fault = templateFault(text);
    if (fault !== undefined) report.add(placeIn(source, [...path, member]), 'bad-template', fault);
  };
  switch (obligation.kind) {
    case 'setHeader':
      filled('value', obligation.value);
      return untouchable('forbidden-header', obligation.name, forbiddenHeader(obligation.name, reported));
    case 'removeHeader':
      return untouchable('forbidden-header', obligation.name, forbiddenHeader(obligation.name, reported));
    case 'setQueryParameter':
      filled('value', obligation.value);
      return untouchable('forbidden-parameter', obligation.name, forbiddenParameter(obligation.name));
    case 'removeQueryParameter':
      return untouchable('forbidden-parameter', obligation.name, forbiddenParameter(obligation.name));
    case 'rateLimit':
      return filled('key', obligation.key);
    default:
      return obligation satisfies never;
  }
}
