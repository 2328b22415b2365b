/** Assertions of tests about who gets through: judged when they are loaded, and put into words when they do not hold. */
import type { Outcome, World } from '#engine';
import { type Assertion, judge, type Objection, type Reachability, type Witness } from '#reach';
import type { Catalogue } from './catalogue.js';
import { type CallersDeclaration, REACH_FORMS, type ReachDeclaration } from './document-test.js';
import { RESERVED_PRINCIPAL_TYPES } from './names.js';
import type { ReadDocument } from './read.js';
import type { References } from './references.js';
import { placeIn, type Report } from './report.js';
import { requestDocument } from './request-document.js';
import type { Position } from './source.js';
import type { Path } from './yaml.js';

export interface ReachTest {
  readonly because: string;
  readonly at: Position;
  readonly assertion: Assertion;
}

/** What became of an assertion. */
export interface Judged {
  /** Why it does not hold, in words; empty when it does. */
  readonly differences: readonly string[];
  /** Answers to callers that get through as they must. */
  readonly outcomes: readonly Outcome[];
  /** Whether all that is wrong is that some do not get through. */
  readonly isTooNarrow: boolean;
}

export function assertionOf(declared: ReachDeclaration): Assertion {
  const { endpoints, methods, actions, conditional } = declared;
  // INVARIANT: the declaration has exactly one form.
  const form = REACH_FORMS.find((name) => declared[name] !== undefined)!;
  return { form, callers: declared[form]!, endpoints, methods, actions, conditional };
}

/** Names that nothing declares, and callers that cannot be meant. */
export function judgeReach(
  declared: ReachDeclaration,
  source: ReadDocument,
  path: Path,
  { catalogue, known, report }: { readonly catalogue: Catalogue; readonly known: References; readonly report: Report },
): void {
  for (const [index, name] of declared.endpoints.entries())
    known.endpoint({ name, source, path: [...path, 'endpoints', index] });
  for (const form of REACH_FORMS) {
    const callers = declared[form];
    if (callers === undefined) continue;
    const at = [...path, form];
    judgeCallers(callers, source, at, { catalogue, known, report });
    if (callers.anonymous === true && (form === 'only' || form === 'exactly')) {
      report.add(
        placeIn(source, [...at, 'anonymous']),
        'anonymous-misplaced',
        `\`anonymous\` has no place in \`${form}\`: where callers without a credential get through, so does everybody; write \`atLeast\``,
      );
    }
  }
}

function judgeCallers(
  { services = [], domains = [], mechanisms = [], principals = [] }: CallersDeclaration,
  source: ReadDocument,
  path: Path,
  { catalogue, known, report }: { readonly catalogue: Catalogue; readonly known: References; readonly report: Report },
): void {
  for (const [index, name] of services.entries()) known.service({ name, source, path: [...path, 'services', index] });
  for (const [index, name] of domains.entries()) known.domain({ name, source, path: [...path, 'domains', index] });
  for (const [index, name] of mechanisms.entries()) {
    const at: Path = [...path, 'mechanisms', index];
    if (known.mechanism({ name, source, path: at }) && catalogue.mechanisms.get(name)!.declaration.role !== 'access')
      report.add(
        placeIn(source, at),
        'wrong-role',
        `\`${name}\` is a trust mechanism; credentials are of access mechanisms`,
      );
  }
  for (const [index, principal] of principals.entries()) {
    const [type, id] = [principal.slice(0, principal.indexOf(':')), principal.slice(principal.indexOf(':') + 1)];
    if (!RESERVED_PRINCIPAL_TYPES.has(type)) continue;
    const instead = type === 'service' ? `; write \`services: [${id}]\`` : '';
    report.add(
      placeIn(source, [...path, 'principals', index]),
      'reserved-principal-type',
      `no credential names \`${principal}\`${instead}`,
    );
  }
}

/** @param whereIs  where a rule is written */
export function runReachTest(
  { assertion }: ReachTest,
  reachability: Reachability,
  world: World,
  whereIs: (rule: string) => Position | undefined,
): Judged {
  const { objections, witnesses } = judge(reachability, assertion);
  return {
    differences: objections.flatMap((objection) => objectionWords(objection, world, whereIs)),
    outcomes: witnesses.map(({ outcome }) => outcome),
    isTooNarrow: objections.length > 0 && objections.every(({ kind }) => kind === 'not-reached'),
  };
}

function objectionWords(
  objection: Objection,
  world: World,
  whereIs: (rule: string) => Position | undefined,
): readonly string[] {
  const { endpoint } = objection;
  switch (objection.kind) {
    case 'reached':
      return objection.certain
        ? [`\`${endpoint}\` is reached by ${callerWords(objection.witness)}`, ...wayWords(objection.witness, whereIs)]
        : [
            `\`${endpoint}\` may be reached by ${callerWords(objection.witness)}, which hangs on ${conditionWords(objection.witness, world, whereIs)}`,
            ...wayWords(objection.witness, whereIs),
          ];
    case 'not-reached':
      return objection.witness === undefined
        ? [`\`${endpoint}\` is not reached by ${objection.caller}, whatever it brings`]
        : [
            `\`${endpoint}\` is not certainly reached by ${objection.caller}, which hangs on ${conditionWords(objection.witness, world, whereIs)}`,
          ];
    case 'undecided':
      return [`not decided, which counts as failed: ${objection.because}`];
    case 'nothing-asked':
      return [`\`${endpoint}\` answers none of the requests that are asked about, so that nothing is proven`];
  }
}

/** Whoever gets through, in a few words. */
export function callerWords({ service, request, alike }: Witness): string {
  const credentials = request.evidence.filter(({ role }) => role === 'access');
  const like =
    alike.length === 0
      ? ''
      : ` (and ${alike.length === 1 ? `by \`${alike[0]}\`` : `${alike.length} services`} like it)`;
  const caller = service === undefined ? 'a caller from outside' : `\`${service}\`${like}`;
  if (credentials.length > 0) return `${caller} with ${credentials.map(credentialWords).join(' and ')}`;
  return service === undefined ? `${caller} without any credential` : caller;
}

function credentialWords({
  mechanism,
  subject,
  scopes,
  groups,
  claims,
}: Witness['request']['evidence'][number]): string {
  const client = claims['client_id'];
  const more = [
    ...(scopes.length > 0 ? [`scope ${scopes.join(' ')}`] : []),
    ...(groups.length > 0 ? [`group ${groups.join(' ')}`] : []),
    ...(typeof client === 'string' ? [`client ${client}`] : []),
  ];
  return `\`${subject}\` of \`${mechanism}\`${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

/** The boundaries that the caller crosses, the rules that let it, and the request to look at closer. */
function wayWords({ request, outcome }: Witness, whereIs: (rule: string) => Position | undefined): readonly string[] {
  const { request: written } = requestDocument(request);
  return [`way: ${routeWords(outcome, whereIs)}`, `request: ${JSON.stringify(written)}`];
}

export function routeWords(outcome: Outcome, whereIs: (rule: string) => Position | undefined): string {
  const { meeting, crossed, rules, reason } = outcome;
  const meets =
    reason === 'ALLOW_EGRESS' ? 'out of its domains' : meeting === '*' ? 'from outside' : `inside ${meeting}`;
  const crosses = crossed.length === 0 ? 'across no boundary' : `across the boundary of ${crossed.join(', then of ')}`;
  const by =
    rules.length === 0 ? 'without a rule' : `by ${rules.map((rule) => ruleWords(rule, whereIs)).join(', then ')}`;
  return `${meets}, ${crosses}, ${by} (${reason})`;
}

export function conditionWords(
  { conditions }: Witness,
  world: World,
  whereIs: (rule: string) => Position | undefined,
): string {
  if (conditions.length === 0) return 'conditions';
  const texts = conditions.map((id) => {
    const rule = [...world.outside, ...[...world.domains.values()].flatMap(({ rules }) => rules)].find(
      (one) => one.id === id,
    );
    const what = rule?.when === undefined ? 'its obligations' : `\`${rule.when}\``;
    return `${ruleWords(id, whereIs)} (${what})`;
  });
  return texts.join(' and ');
}

function ruleWords(rule: string, whereIs: (rule: string) => Position | undefined): string {
  const at = whereIs(rule);
  return at === undefined ? rule : `${rule} at ${at.file}:${at.line}`;
}
