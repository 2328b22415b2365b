import { type Bundle, loadBundle } from '#policy';

const DOMAIN =
  'apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: shop }\nspec: { access: [anonymous], boundary: ["orders/*"] }\n';
const SERVICE =
  'apiVersion: dharma/v1\nkind: Service\nmetadata: { name: orders }\nspec: { domains: [shop], hosts: [localhost] }\n';
const POLICY =
  'apiVersion: dharma/v1\nkind: Policy\nmetadata: { name: shop, domain: shop }\nspec:\n  rules:\n    - id: read\n      effect: allow\n      who: { anonymous: true }\n      what: { methods: [GET] }\n';
const WHOLE = [DOMAIN, SERVICE, POLICY].join('---\n');

interface Malformed {
  readonly because: string;
  readonly text: string;
}

const MAXIMUM_MILLISECONDS = 1000;
const MAXIMUM_GROWTH_BYTES = 400 * 1024 * 1024;

/** What a set turns out to be, and the processor time it takes to see that. */
function timed(load: () => Bundle): { readonly bundle: Bundle; readonly milliseconds: number } {
  const start = process.cpuUsage();
  const bundle = load();
  return { bundle, milliseconds: process.cpuUsage(start).user / 1000 };
}

const wrongValues = ['null', '42', '"text"', 'true', '[]', '{}', '[[1]]', '{ a: { b: c } }', '1e999', '"\\uD800"'];

function* corpus(): Generator<Malformed> {
  // Cut where the rest is a document no more: inside a word, a quote, a brace.
  for (let end = 1; end < WHOLE.length; end += 4) {
    const text = WHOLE.slice(0, end);
    if (loadBundle([{ file: 'whole.yaml', text }]).faults.length > 0)
      yield { because: `cut after ${end} characters`, text };
  }
  for (const member of ['apiVersion', 'kind', 'metadata', 'spec']) {
    for (const value of wrongValues) {
      if (member === 'spec' && (value === '{}' || value === '[]')) continue;
      yield {
        because: `${member} is ${value}`,
        text: DOMAIN.replace(new RegExp(`^${member}:.*$`, 'm'), `${member}: ${value}`),
      };
    }
  }
  for (const member of [
    'zeroTrust',
    'egress',
    'mode',
    'mechanisms',
    'trust',
    'access',
    'boundary',
    'addresses',
    'overlaps',
    'administrators',
    'maxStalenessSeconds',
  ]) {
    for (const value of wrongValues) {
      if (
        value === '[]' ||
        (value === 'true' && member === 'zeroTrust') ||
        (value === '42' && member === 'maxStalenessSeconds')
      )
        continue;
      yield {
        because: `spec.${member} is ${value}`,
        text: `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: shop }\nspec: { ${member}: ${value} }\n`,
      };
    }
  }
  const mega = 1024 * 1024;
  const hostile: readonly (readonly [string, string])[] = [
    ['brackets within brackets', '['.repeat(mega - 1)],
    ['maps within maps', '{a: '.repeat(mega / 4 - 1)],
    ['dashes within dashes', '- '.repeat(mega / 2 - 1)],
    ['questions within questions', '? '.repeat(mega / 2 - 1)],
    ['a list of nothing but commas', `[${','.repeat(mega - 3)}]`],
    ['a flow list of a quarter million texts', `[${'"a",'.repeat(mega / 4 - 2)}]`],
    ['more anchors than a document has words', '&a '.repeat(mega / 3 - 1)],
    ['more tags than a document has words', '!a '.repeat(mega / 3 - 1)],
    ['more aliases than a document has words', `[${'*a,'.repeat(mega / 3 - 2)}]`],
    ['colons on one line', 'a: '.repeat(mega / 3 - 1)],
    ['an unclosed quote of a mebibyte', `a: "${'x\n '.repeat(mega / 3 - 3)}`],
    ['a hundred thousand members', Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n')],
    [
      'ninety thousand members nobody knows',
      `${DOMAIN}${Array.from({ length: 90_000 }, (_, index) => `k${index}: 1`).join('\n')}`,
    ],
    ['the same member ten thousand times', 'a: 1\n'.repeat(10_000)],
    ['directives', '%YAML 1.1\n---\na: b\n'],
    ['a directive that names tags', '%TAG ! tag:x,2000:\n---\na: b\n'],
    [
      'a bomb of aliases',
      `a: &a [x, x]\n${Array.from({ length: 30 }, (_, index) => `b${index}: &b${index} [*${index === 0 ? 'a' : `b${index - 1}`}, *${index === 0 ? 'a' : `b${index - 1}`}]`).join('\n')}\n`,
    ],
    ['an alias of itself', 'a: &a [*a]\n'],
    ['a merge key', `${DOMAIN}<<: { a: b }\n`],
    ['a tag', 'a: !!js/function "x"\n'],
    ['a member name that is a number', '1: a\n'],
    ['a member name that is a list', '[a, b]: c\n'],
    ['a member name that is nothing', '? \n: a\n'],
    ['tabs for spaces', 'spec:\n\taccess: [a]\n'],
    ['a NUL', `a: b\u0000c\n`],
    ['a control character of the tokeniser', `a: \u0002\u0018\u001f\n`],
    ['a byte order mark that begins no file', 'a: 1\n\ufeffb: 2\n'],
    ['half a character', `a: "\ud800"\n`],
    ['a lone carriage return', 'a: b\rc: d\n'],
    ['a document larger than allowed', `# ${'x'.repeat(mega)}\n${DOMAIN}`],
    ['a number larger than a double', DOMAIN.replace('access', 'maxStalenessSeconds: 1e400, access')],
    [
      'a whole number that would be rounded',
      DOMAIN.replace('access', 'maxStalenessSeconds: 12345678901234567890, access'),
    ],
    ['thirty-three levels', `a: ${'['.repeat(33)}${']'.repeat(33)}`],
    ['a thousand levels in JSON', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
    ['a duplicate member in JSON', '{"kind":"Domain","kind":"Policy"}'],
    ['a member called __proto__', `${DOMAIN}__proto__: { polluted: true }\n`],
    [
      'members called like those of objects',
      DOMAIN.replace('access', 'constructor: { prototype: 1 }, toString: 1, access'),
    ],
    ['a domain name of a thousand labels', DOMAIN.replace('shop', Array.from({ length: 1000 }, () => 'a').join('.'))],
    ['a name of a million letters', DOMAIN.replace('name: shop', `name: ${'a'.repeat(1_000_000)}`)],
    ['a domain that is its own ancestor twice', DOMAIN.replace('shop', 'shop.shop.shop')],
    ['the same document twice', [WHOLE, DOMAIN].join('---\n')],
    [
      'the same rule twice',
      [DOMAIN, SERVICE, POLICY.replace('    - id', '    - { id: read, effect: deny }\n    - id')].join('---\n'),
    ],
    [
      'a cycle of roles',
      [
        WHOLE,
        'apiVersion: dharma/v1\nkind: RoleSet\nmetadata: { name: r, domain: shop }\nspec: { roles: [{ name: a, inherits: [b] }, { name: b, inherits: [a] }] }\n',
      ].join('---\n'),
    ],
    [
      'a cycle of three thousand roles',
      [
        WHOLE,
        `apiVersion: dharma/v1\nkind: RoleSet\nmetadata: { name: r, domain: shop }\nspec:\n  roles:\n${Array.from({ length: 3_000 }, (_, index) => `    - { name: r${index}, inherits: [r${(index + 1) % 3_000}] }\n`).join('')}`,
      ].join('---\n'),
    ],
    [
      'a condition of ten thousand brackets',
      [DOMAIN, SERVICE, `${POLICY}      when: '${'('.repeat(10_000)}'\n`].join('---\n'),
    ],
    [
      'a regular expression that does not parse',
      [DOMAIN, SERVICE, `${POLICY}      when: 'request.path.matches("(")'\n`].join('---\n'),
    ],
    ['an empty list of selectors', [DOMAIN, SERVICE, POLICY.replace('methods: [GET]', 'methods: []')].join('---\n')],
    ['a date no calendar has', [DOMAIN, SERVICE, `${POLICY}      notAfter: 2026-02-30T00:00:00Z\n`].join('---\n')],
    ['a date without an offset', [DOMAIN, SERVICE, `${POLICY}      notAfter: 2026-02-20T00:00:00\n`].join('---\n')],
    ['an unknown kind', DOMAIN.replace('kind: Domain', 'kind: Domian')],
    ['an unknown version', DOMAIN.replace('dharma/v1', 'dharma/v2')],
    ['a list of documents', `- ${JSON.stringify({ kind: 'Domain' })}\n`],
    ['just a text', 'hello\n'],
    ['just a brace', '{'],
    ['a document end in the middle', 'apiVersion: dharma/v1\n...\nkind: Domain\n'],
  ];
  for (const [because, text] of hostile) yield { because, text };
}

describe('a malformed document', () => {
  const documents = [...corpus()];

  it('comes in at least two hundred forms', () => {
    expect(documents.length).toBeGreaterThanOrEqual(200);
  });

  it('gives messages with positions, in under a second, and no stack trace', () => {
    const slow: string[] = [];
    // The process has run other tests before.
    const before = process.memoryUsage().rss;
    for (const { because, text } of documents) {
      const load = () => loadBundle([{ file: 'bad.yaml', text }]);
      const { bundle, milliseconds } = timed(load);
      // A busy machine stretches processor time too: what is slow must be slow three times.
      const again = milliseconds <= MAXIMUM_MILLISECONDS ? [] : [timed(load).milliseconds, timed(load).milliseconds];
      const best = Math.min(milliseconds, ...again);
      if (best > MAXIMUM_MILLISECONDS) slow.push(`${because}: ${Math.round(best)} ms`);
      expect({ because, world: bundle.world, faults: bundle.faults.length > 0 }).toEqual({
        because,
        world: null,
        faults: true,
      });
      for (const { line, column, message, code } of bundle.faults) {
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
        expect(code).toMatch(/^[a-z][a-z-]*[a-z]$/);
        expect(message).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/);
        expect(message.length).toBeLessThan(2_000);
      }
    }
    expect(slow).toEqual([]);
    expect(process.memoryUsage().rss - before).toBeLessThan(MAXIMUM_GROWTH_BYTES);
  });
});
