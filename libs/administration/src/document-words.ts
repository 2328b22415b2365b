import { isDeepStrictEqual } from 'node:util';
import {
  type DomainDocument,
  type EnforcementPointDocument,
  type EntitySetDocument,
  type PolicyDocument,
  type PolicyPolicyDocument,
  QUOTA_MEASURES,
  type QuotaDocument,
  type RoleSetDocument,
  type RuleDeclaration,
  type ServiceDocument,
  type TestDocument,
} from '#policy';
import { listed, ruleWords } from './rule-words.js';
import { domainOf } from './stored-document.js';

export type ChangeKind = 'added' | 'changed' | 'removed';

export interface RuleChange {
  readonly change: ChangeKind;
  /** `policy/rule`. */
  readonly id: string;
  readonly words: string;
}

export interface DocumentWords {
  /** What the change means, in half sentences joined by `; `. */
  readonly words: string;
  /** By id; empty for kinds without rules. */
  readonly rules: readonly RuleChange[];
}

type Before<Kind> = Kind | undefined;

/**
 * What a change of one document means. One of the two may be absent, and both are of the same kind and name.
 *
 * @param before  absent when it is new
 * @param after   absent when it goes
 */
export function documentWords(before: PolicyDocument | undefined, after: PolicyDocument | undefined): DocumentWords {
  const rules = ruleChanges(before, after);
  const phrases = [...kindPhrases(before, after), ...rulePhrases(rules), ...metadataPhrases(before, after)];
  if (phrases.length > 0) return { words: phrases.join('; '), rules };
  if (before === undefined || after === undefined) return { words: 'says nothing yet', rules };
  return { words: isDeepStrictEqual(before, after) ? 'another spelling' : 'changes in what is not said here', rules };
}

function kindPhrases(before: PolicyDocument | undefined, after: PolicyDocument | undefined): readonly string[] {
  const { kind } = (after ?? before)!;
  switch (kind) {
    case 'Domain':
      return domainPhrases(before as Before<DomainDocument>, after as Before<DomainDocument>);
    case 'Service':
      return servicePhrases(before as Before<ServiceDocument>, after as Before<ServiceDocument>);
    case 'Policy':
      return placePhrases(before, after);
    case 'RoleSet':
      return roleSetPhrases(before as Before<RoleSetDocument>, after as Before<RoleSetDocument>);
    case 'EntitySet':
      return entitySetPhrases(before as Before<EntitySetDocument>, after as Before<EntitySetDocument>);
    case 'EnforcementPoint':
      return enforcementPointPhrases(
        before as Before<EnforcementPointDocument>,
        after as Before<EnforcementPointDocument>,
      );
    case 'Suspension':
      return after === undefined ? ['lets it go on'] : ['suspends it, whatever its document says'];
    case 'Quota':
      return quotaPhrases(after as Before<QuotaDocument>);
    case 'FourEyes':
      return after === undefined ? ['one person decides here again'] : ['two people decide here and below'];
    case 'Test':
      return testPhrases(before as Before<TestDocument>, after as Before<TestDocument>);
    default:
      return kind satisfies never;
  }
}

function quotaPhrases(after: Before<QuotaDocument>): readonly string[] {
  if (after === undefined) return ['limits it no more'];
  const limits = QUOTA_MEASURES.flatMap((measure) => {
    const limit = after.spec[measure];
    return limit === undefined ? [] : [`${limit} ${measure}`];
  });
  return [`limits it to ${limits.join(', ')}`];
}

function domainPhrases(before: Before<DomainDocument>, after: Before<DomainDocument>): readonly string[] {
  if (after === undefined) {
    const was = domainPhrases(undefined, before);
    return was.length === 0 ? [] : [`it ${was.join(', ')}`];
  }
  const old = before?.spec ?? {};
  const now = after.spec;
  return [
    ...flagPhrases(old.suspended, now.suspended, 'is suspended', 'is no longer suspended'),
    ...flagPhrases(old.zeroTrust, now.zeroTrust, 'needs a rule even inside', 'needs no rule inside any more'),
    ...flagPhrases(old.egress === 'closed', now.egress === 'closed', 'closes its egress', 'opens its egress'),
    ...(old.mode === now.mode ? [] : [now.mode === undefined ? 'inherits its mode' : MODE[now.mode]]),
    ...flagPhrases(old.discloseAccess === false, now.discloseAccess === false, ...DISCLOSURE),
    ...stalenessPhrases(old.maxStalenessSeconds, now.maxStalenessSeconds),
    ...listPhrases(old.boundary, now.boundary, 'opens', 'closes'),
    ...setPhrases(old.trust, now.trust, 'trusts', 'trust'),
    ...setPhrases(old.access, now.access, 'accepts', 'access'),
    ...listPhrases(old.recognizes, now.recognizes, 'recognizes', 'no longer recognizes'),
    ...namedPhrases(old.mechanisms, now.mechanisms, ({ name, role, kind }) => `mechanism ${name} (${role}, ${kind})`),
    ...listPhrases(old.addresses, now.addresses, 'claims', 'gives up'),
    ...listPhrases(old.overlaps, now.overlaps, 'accepts the overlap with', 'no longer accepts the overlap with'),
    ...listPhrases(administratorsOf(before), administratorsOf(after), 'is administered by', 'no longer by'),
  ];
}

const MODE = { enforce: 'enforces', report: 'only reports' } as const;
const DISCLOSURE = ['keeps to itself what it accepts', 'tells what it accepts'] as const;

function administratorsOf(document: Before<DomainDocument>): readonly string[] {
  return (document?.spec.administrators ?? []).flatMap(({ role, principals }) =>
    principals.map((principal) => `${principal} as ${role}`),
  );
}

function stalenessPhrases(old: number | undefined, now: number | undefined): readonly string[] {
  if (old === now) return [];
  return [now === undefined ? 'serves however old its policy is' : `denies when its policy is older than ${now} s`];
}

function servicePhrases(before: Before<ServiceDocument>, after: Before<ServiceDocument>): readonly string[] {
  const old = before?.spec ?? {};
  const now = after?.spec ?? {};
  const identity = ({ mechanism, subject }: { mechanism: string; subject: string }) => `${subject} (${mechanism})`;
  const kind = now.kind ?? 'workload';
  return [
    ...((old.kind ?? 'workload') === kind || after === undefined
      ? []
      : [`is ${kind === 'external' ? 'an' : 'a'} ${kind}`]),
    ...listPhrases(old.domains, now.domains, 'joins', 'leaves'),
    ...listPhrases(
      old.identities?.map(identity),
      now.identities?.map(identity),
      'is known by',
      'is no longer known by',
    ),
    ...listPhrases(old.hosts, now.hosts, 'answers at', 'no longer answers at'),
    ...namedPhrases(old.endpoints, now.endpoints, ({ name }) => `endpoint ${name}`),
  ];
}

function roleSetPhrases(before: Before<RoleSetDocument>, after: Before<RoleSetDocument>): readonly string[] {
  const assignments = (document: Before<RoleSetDocument>) =>
    (document?.spec.assignments ?? []).flatMap(({ role, principals }) => principals.map((id) => `${role} to ${id}`));
  const old = assignments(before);
  const now = assignments(after);
  return [
    ...placePhrases(before, after),
    ...namedPhrases(before?.spec.roles, after?.spec.roles, ({ name }) => `role ${name}`),
    ...listPhrases(old, now, 'assigns', 'withdraws'),
  ];
}

function entitySetPhrases(before: Before<EntitySetDocument>, after: Before<EntitySetDocument>): readonly string[] {
  const named = (document: Before<EntitySetDocument>) =>
    document?.spec.entities?.map((entity) => ({ ...entity, name: `${entity.type}:${entity.id}` }));
  return [...placePhrases(before, after), ...namedPhrases(named(before), named(after), ({ name }) => name)];
}

function enforcementPointPhrases(
  before: Before<EnforcementPointDocument>,
  after: Before<EnforcementPointDocument>,
): readonly string[] {
  const credentials = (document: Before<EnforcementPointDocument>) => document?.spec.credentials?.map(credentialWords);
  return [
    ...placePhrases(before, after),
    ...listPhrases(credentials(before), credentials(after), 'proves itself by', 'no longer by'),
    ...listPhrases(before?.spec.mayAssert, after?.spec.mayAssert, 'may assert', 'may no longer assert'),
    ...flagPhrases(before?.spec.mayExplain, after?.spec.mayExplain, 'may explain', 'may no longer explain'),
  ];
}

/** One way by which an enforcement point proves itself. */
export function credentialWords(
  credential: NonNullable<EnforcementPointDocument['spec']['credentials']>[number],
): string {
  switch (credential.kind) {
    case 'apiKey':
      return `key ${credential.id} (${credential.sha256.slice(0, 8)}…)`;
    case 'spiffe':
      return credential.id;
    case 'network':
      return `network ${credential.cidrs.join(' ')}`;
    case 'unixSocket':
      return 'unix socket';
    default:
      return credential satisfies never;
  }
}

function testPhrases(before: Before<TestDocument>, after: Before<TestDocument>): readonly string[] {
  const named = <Part extends { readonly because: string }>(parts: readonly Part[] | undefined) =>
    parts?.map((part) => ({ ...part, name: part.because }));
  const was = before?.spec;
  const is = after?.spec;
  return [
    ...placePhrases(before, after),
    ...namedPhrases(named(was?.cases), named(is?.cases), ({ name }) => `case “${name}”`),
    ...namedPhrases(named(was?.matrices), named(is?.matrices), ({ name }) => `matrix “${name}”`),
    ...namedPhrases(named(was?.reach), named(is?.reach), ({ name }) => `assertion “${name}”`),
  ];
}

function ruleChanges(before: PolicyDocument | undefined, after: PolicyDocument | undefined): readonly RuleChange[] {
  const old = rulesOf(before);
  const now = rulesOf(after);
  const ids = [...new Set([...old.rules.keys(), ...now.rules.keys()])].sort();
  return ids.flatMap((id): readonly RuleChange[] => {
    const was = old.rules.get(id);
    const is = now.rules.get(id);
    const named = `${(after ?? before)!.metadata.name}/${id}`;
    if (was === undefined) return [{ change: 'added', id: named, words: ruleWords(is!, now.domain) }];
    if (is === undefined) return [{ change: 'removed', id: named, words: ruleWords(was, old.domain) }];
    if (isDeepStrictEqual(was, is) && old.domain === now.domain) return [];
    const [from, to] = [ruleWords(was, old.domain), ruleWords(is, now.domain)];
    const words = from === to ? `${to} (differs in what is not said here)` : `${to} (was: ${from})`;
    return [{ change: 'changed', id: named, words }];
  });
}

function rulesOf(document: PolicyDocument | undefined) {
  const { spec, metadata } = (document?.kind === 'Policy' ? document : NO_POLICY) satisfies PolicyPolicyDocument;
  return {
    domain: metadata.domain,
    rules: new Map<string, RuleDeclaration>(spec.rules.map((rule) => [rule.id, rule])),
  };
}

const NO_POLICY: PolicyPolicyDocument = {
  apiVersion: 'dharma/v1',
  kind: 'Policy',
  metadata: { name: 'none', domain: '*' },
  spec: { rules: [] },
};

function rulePhrases(rules: readonly RuleChange[]): readonly string[] {
  const counts = (['added', 'changed', 'removed'] as const)
    .map((change) => ({ change, count: rules.filter((rule) => rule.change === change).length }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return [];
  const noun = counts[0]!.count === 1 ? 'rule' : 'rules';
  return [counts.map(({ change, count }, index) => `${count} ${index === 0 ? `${noun} ` : ''}${change}`).join(', ')];
}

/** For kinds that belong to a domain which their other phrases do not name. */
function placePhrases(before: PolicyDocument | undefined, after: PolicyDocument | undefined): readonly string[] {
  if (before === undefined || after === undefined) return [];
  const [from, to] = [domainOf(before) ?? 'no domain', domainOf(after) ?? 'no domain'];
  return from === to ? [] : [`moves from ${from} to ${to}`];
}

function metadataPhrases(before: PolicyDocument | undefined, after: PolicyDocument | undefined): readonly string[] {
  if (before === undefined || after === undefined) return [];
  return [
    ...(before.metadata.description === after.metadata.description ? [] : ['another description']),
    ...(isDeepStrictEqual(before.metadata.labels, after.metadata.labels) ? [] : ['other labels']),
  ];
}

function flagPhrases(old: boolean | undefined, now: boolean | undefined, yes: string, no: string): readonly string[] {
  return (old ?? false) === (now ?? false) ? [] : [now === true ? yes : no];
}

function listPhrases(
  old: readonly string[] | undefined,
  now: readonly string[] | undefined,
  come: string,
  go: string,
): readonly string[] {
  const before = new Set(old);
  const after = new Set(now);
  const came = [...after].filter((item) => !before.has(item));
  const went = [...before].filter((item) => !after.has(item));
  return [
    ...(came.length === 0 ? [] : [`${come} ${listed(came)}`]),
    ...(went.length === 0 ? [] : [`${go} ${listed(went)}`]),
  ];
}

/** Sets that are inherited while they are absent, and sealed when they are empty. */
function setPhrases(
  old: readonly string[] | undefined,
  now: readonly string[] | undefined,
  verb: string,
  noun: string,
): readonly string[] {
  if (isDeepStrictEqual(old, now)) return [];
  if (now === undefined) return [`inherits its ${noun}`];
  if (now.length === 0) return [`${verb} nothing: sealed`];
  if (old === undefined) return [`${verb} ${listed(now)}`];
  return listPhrases(old, now, `also ${verb}`, `no longer ${verb}`);
}

/** Items with a name of their own: added, changed, removed. */
function namedPhrases<Item extends { readonly name: string }>(
  old: readonly Item[] | undefined,
  now: readonly Item[] | undefined,
  words: (item: Item) => string,
): readonly string[] {
  const before = new Map((old ?? []).map((item) => [item.name, item]));
  const after = new Map((now ?? []).map((item) => [item.name, item]));
  const added = [...after.values()].filter(({ name }) => !before.has(name));
  const removed = [...before.values()].filter(({ name }) => !after.has(name));
  const changed = [...after.values()].filter((item) => {
    const was = before.get(item.name);
    return was !== undefined && !isDeepStrictEqual(was, item);
  });
  return (
    [
      ['adds', added],
      ['changes', changed],
      ['removes', removed],
    ] as const
  ).flatMap(([verb, items]) => (items.length === 0 ? [] : [`${verb} ${listed(items.map(words))}`]));
}
