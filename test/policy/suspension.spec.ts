import { jsonSchemas, loadBundle } from '#policy';

const document = (kind: string, name: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
const DOMAINS = `${document('Domain', 'acme')}${document('Domain', 'acme.pay')}`;

const load = (text: string) => loadBundle([{ file: 'set.yaml', text: `${DOMAINS}${text}` }]);

describe('a suspension', () => {
  it('suspends the domain that it names, whatever the document of that says', () => {
    const { faults, world } = load(document('Suspension', 'acme.pay', '{ because: a key leaked }'));
    expect(faults).toEqual([]);
    expect([...world!.domains.values()].map(({ name, suspended }) => [name, suspended])).toEqual([
      ['acme', false],
      ['acme.pay', true],
    ]);
  });

  it.each([
    ['its domain does not exist', document('Suspension', 'acme.play'), 'unknown-domain'],
    ['it is given twice', document('Suspension', 'acme').repeat(2), 'duplicate-document'],
    ['it says more than why', document('Suspension', 'acme', '{ until: tomorrow }'), 'unknown-member'],
  ])('is refused when %s', (_because, text, code) => {
    const { faults, world } = load(text);
    expect([faults.map((fault) => fault.code), world]).toEqual([[code], null]);
  });

  it('is nothing that people write: editors do not offer it', () => {
    expect(jsonSchemas()).not.toHaveProperty('Suspension');
    expect(load(document('Suspensions', 'acme')).faults[0]!.message).not.toContain('Suspension,');
  });
});

describe('a quota', () => {
  it('changes nothing about what is decided', () => {
    const { faults, world } = load(document('Quota', 'acme.pay', '{ rules: 5 }'));
    expect([faults, world]).toEqual([[], load('').world]);
  });

  it.each([
    ['its domain does not exist', document('Quota', 'acme.play'), 'unknown-domain'],
    ['it is given twice', document('Quota', 'acme').repeat(2), 'duplicate-document'],
    ['it limits what is not counted', document('Quota', 'acme', '{ readers: 5 }'), 'unknown-member'],
  ])('is refused when %s', (_because, text, code) => {
    const { faults, world } = load(text);
    expect([faults.map((fault) => fault.code), world]).toEqual([[code], null]);
  });

  it('is nothing that people write', () => {
    expect(jsonSchemas()).not.toHaveProperty('Quota');
  });
});

describe('a mark by which two people decide', () => {
  it('changes nothing about what is decided', () => {
    const { faults, world } = load(document('FourEyes', 'acme.pay', '{ because: money }'));
    expect([faults, world]).toEqual([[], load('').world]);
  });

  it.each([
    ['its domain does not exist', document('FourEyes', 'acme.play'), 'unknown-domain'],
    ['it is given twice', document('FourEyes', 'acme').repeat(2), 'duplicate-document'],
    ['it asks for another number', document('FourEyes', 'acme', '{ people: 1 }'), 'unknown-member'],
  ])('is refused when %s', (_because, text, code) => {
    const { faults, world } = load(text);
    expect([faults.map((fault) => fault.code), world]).toEqual([[code], null]);
  });

  it('is nothing that people write', () => {
    expect(jsonSchemas()).not.toHaveProperty('FourEyes');
  });
});
