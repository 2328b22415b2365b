import fc from 'fast-check';
import { type EntitySetDocument, loadBundle, type PolicyDocument, type RoleSetDocument } from '#policy';
import { bundleChanges, documentChanges } from './bundle-changes.js';
import { type Publication, PublicationRefused } from './revision.js';
import { publicationHash } from './publication-step.js';
import { contentHashOf, newDocument, type NewDocument } from './stored-document.js';

const HEAD = 'apiVersion: dharma/v1\n';

function documentsOf(text: string, source = 'git'): readonly NewDocument[] {
  return loadBundle([{ file: 'set.yaml', text }]).documents.map(({ document, text: own }) =>
    newDocument(document, own, source),
  );
}

const domain = (name: string, source?: string, description = 'x') =>
  documentsOf(`${HEAD}kind: Domain\nmetadata: { name: ${name}, description: ${description} }\nspec: {}\n`, source)[0]!;

describe('the form that is kept', () => {
  it.each<[kind: string, metadata: string, spec: string, expected: string | null]>([
    ['Domain', 'name: acme.pay', '{}', 'acme.pay'],
    ['Service', 'name: pay', '{ domains: [acme] }', null],
    ['Policy', 'name: pay, domain: "*"', '{ rules: [] }', '*'],
    ['Test', 'name: pay', '{ cases: [] }', null],
    ['Test', 'name: pay, domain: acme', '{ cases: [] }', 'acme'],
    ['EnforcementPoint', 'name: pay, domain: acme', '{}', 'acme'],
    ['RoleSet', 'name: pay, domain: acme', '{}', 'acme'],
    ['EntitySet', 'name: pay, domain: acme', '{}', 'acme'],
  ])('knows the domain of a %s { %s }', (kind, metadata, spec, expected) => {
    const [document] = documentsOf(`${HEAD}kind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`);
    expect(document).toMatchObject({ kind, domain: expected });
  });

  it('does not depend on where in a file a document stands', () => {
    const policy = (name: string) =>
      `${HEAD}kind: Policy\nmetadata: { name: ${name}, domain: a }\nspec: { rules: [] }\n`;
    const [first, second] = documentsOf(`${policy('one')}---\n${policy('two')}`);
    expect(first!.text).toBe(policy('one'));
    expect(second!.text).toBe(policy('two'));
  });

  it('is the same for the same facts, however they are written, and reads as what was written', () => {
    const facts = fc.uniqueArray(fc.tuple(fc.constantFrom('r1', 'r2'), fc.constantFrom('u:1', 'u:2', 'u:10', 'u:é')), {
      selector: (fact) => fact.join(),
      minLength: 1,
    });
    fc.assert(
      fc.property(
        facts.chain((each) => fc.tuple(fc.constant(each), fc.shuffledSubarray(each, { minLength: each.length }))),
        ([one, other]) => {
          const keep = (pairs: readonly (readonly [string, string])[]) => newDocument(roleSet(pairs), '', 'git');
          expect(keep([...other, ...other]).contentHash).toBe(keep(one).contentHash);
          const again = documentsOf(keep(one).text)[0]!;
          expect(again.text).toBe(keep(one).text);
          const held = (again.document as RoleSetDocument).spec.assignments!.flatMap(({ role, principals }) =>
            principals.map((principal) => `${role} ${principal}`),
          );
          expect(held.sort()).toEqual(one.map((pair) => pair.join(' ')).sort());
        },
      ),
    );
  });

  it.each<[because: string, document: PolicyDocument, text: string]>([
    ['U+0000 cannot be stored', domain('acme').document, 'a: "\0"'],
    ['half characters cannot be stored', domain('acme').document, '\ud800'],
    ['an escape hides what its value holds', roleSet([['r', 'user:\0']]), ''],
    ['names count as well', entitySet([{ type: 't', id: '1', attributes: { 'a\0': 1 } }]), ''],
    [
      'one entity has one set of attributes',
      entitySet([
        { type: 't', id: '1' },
        { type: 't', id: '1' },
      ]),
      '',
    ],
  ])('is refused when %s', (_because, document, text) => {
    expect(() => newDocument(document, text, 'git')).toThrow(PublicationRefused);
  });
});

describe('the hash of a set', () => {
  it('does not depend on the order, and on every member of every document', () => {
    const set = [domain('a'), domain('b'), domain('c')];
    const hash = contentHashOf(set);
    expect(contentHashOf([...set].reverse())).toBe(hash);
    const others = [
      set.slice(1),
      [...set, domain('d')],
      [domain('a', 'console'), ...set.slice(1)],
      [domain('a', 'git', 'y'), ...set.slice(1)],
    ];
    expect(new Set([hash, ...others.map(contentHashOf)]).size).toBe(others.length + 1);
  });
});

describe('what a bundle changes', () => {
  it('puts what differs, prunes its own source, and takes nothing over', () => {
    const inForce = [domain('same'), domain('edited'), domain('gone'), domain('foreign', 'console')];
    const bundle = [domain('same'), domain('edited', 'git', 'y'), domain('new'), domain('foreign')];
    const { put, remove, foreign } = bundleChanges(inForce, bundle, 'git');
    expect(put.map(({ name }) => name)).toEqual(['edited', 'new']);
    expect(remove).toEqual([{ kind: 'Domain', name: 'gone' }]);
    expect(foreign.map(({ name }) => name)).toEqual(['foreign']);
  });

  it('is nothing for what is in force, and undone by what was', () => {
    const before = [domain('a'), domain('b')];
    const after = [domain('a', 'git', 'y'), domain('c')];
    expect(documentChanges(before, before)).toEqual([]);
    const kinds = (changes: ReturnType<typeof documentChanges>) => changes.map(({ kind }) => kind);
    expect(kinds(documentChanges(before, after))).toEqual(['changed', 'removed', 'added']);
    expect(kinds(documentChanges(after, before))).toEqual(['changed', 'added', 'removed']);
  });
});

describe('the hash of a publication', () => {
  const asked: Publication = {
    base: { number: 1, contentHash: 'a' },
    put: [domain('a'), domain('b')],
    remove: [{ kind: 'Domain', name: 'c' }],
    provenance: { author: 'ann', source: 'git', because: 'x' },
  };

  it('does not depend on the order of documents', () => {
    expect(publicationHash({ ...asked, put: [...asked.put].reverse() })).toBe(publicationHash(asked));
  });

  it.each<[member: string, more: Partial<Publication>]>([
    ['the base', { base: null }],
    ['what is put', { put: [domain('a')] }],
    ['whose it is', { put: [domain('a', 'console'), domain('b')] }],
    ['what is removed', { remove: [] }],
    ['who asks', { provenance: { ...asked.provenance, author: 'bo' } }],
    ['why', { provenance: { ...asked.provenance, because: 'y' } }],
  ])('depends on %s', (_member, more) => {
    expect(publicationHash({ ...asked, ...more })).not.toBe(publicationHash(asked));
  });
});

function roleSet(facts: readonly (readonly [role: string, principal: string])[]): RoleSetDocument {
  return {
    apiVersion: 'dharma/v1',
    kind: 'RoleSet',
    metadata: { name: 'staff', domain: 'acme' },
    spec: { assignments: facts.map(([role, principal]) => ({ role, principals: [principal] })) },
  };
}

function entitySet(entities: EntitySetDocument['spec']['entities']): EntitySetDocument {
  return {
    apiVersion: 'dharma/v1',
    kind: 'EntitySet',
    metadata: { name: 'records', domain: 'acme' },
    spec: { entities },
  };
}
