import fc from 'fast-check';
import { quoted } from '../../apps/cli/src/markdown.js';
import { planMarkdown } from '../../apps/cli/src/plan-markdown.js';
import { planShape } from '../../apps/cli/src/server-shapes.js';
import { adminServer, INVALID, NO_CHANGE, PLAN } from './admin-server.js';
import { dharma, folderWith, SHOP } from './program.js';

const cwd = folderWith({ 'policies/shop.yaml': SHOP });
const told = (plan: object): string => planMarkdown(planShape.parse(plan));

const GUARDRAILS = {
  items: [
    {
      kind: 'deny',
      change: 'weakened',
      domain: 'acme',
      name: 'base/d1',
      words: 'deny base/d1 no longer covers DELETE',
    },
    { kind: 'egress', change: 'added', domain: 'shop', name: 'shop', words: 'shop closes its egress' },
  ],
  more: 2,
};
const GROUP = {
  domain: 'shop',
  endpoint: 'orders/all',
  from: 'allow',
  to: 'deny',
  points: 40,
  conditional: false,
  sample: { target: { endpoint: 'orders/all', method: 'GET' } },
  before: { reason: 'ALLOW_SLOW', deniedAt: null, rules: ['shop/read'] },
  after: { reason: 'DENY_RULE', deniedAt: 'shop', rules: ['shop/closed', 'shop/more'] },
};
const OPENED = {
  ...GROUP,
  from: 'deny',
  to: 'allow',
  points: 3,
  conditional: true,
  before: GROUP.after,
  after: GROUP.before,
};
const FLIPS = {
  points: 48_210,
  decided: 1_000,
  coverage: 0.0207,
  conditional: 12,
  toAllow: 3,
  toDeny: 40,
  groups: [GROUP, OPENED],
  conditionals: [{ domain: 'shop', endpoint: 'orders/all', points: 12, rules: ['shop/read'] }],
  more: 1,
};
const REPLAY = {
  decided: 9,
  flipped: 3,
  overtaken: 2,
  masked: 0,
  notJudged: 0,
  untold: 0,
  unrecorded: ['claimed.x'],
  more: false,
  flips: [
    {
      endpoint: 'orders/all',
      before: { decision: 'allow', reason: 'ALLOW_FAST' },
      after: { decision: 'deny', reason: 'DENY_RULE' },
      rule: 'shop/closed',
      count: 3,
      firstSeen: '2026-11-26T10:00:00.000Z',
      lastSeen: '2026-11-26T11:00:00.000Z',
      sample: 'd-9',
    },
  ],
};
/** Everything that a plan may hold. */
const WHOLE = {
  ...PLAN,
  valid: false,
  faults: INVALID.faults,
  warnings: INVALID.warnings,
  tests: INVALID.tests,
  foreign: [{ kind: 'Domain', name: 'shop', source: 'git' }],
  missed: [{ kind: 'Service', name: 'a', what: 'endpoint a/b', by: { kind: 'Policy', name: 'p', source: 'hr' } }],
  exceeded: [{ domain: 'shop', measure: 'rules', limit: 2, count: 3 }],
  refusals: [{ change: 'changed', kind: 'Domain', name: 'shop', part: 'zeroTrust', needs: 'owner', over: 'shop' }],
  guardrails: GUARDRAILS,
  flips: FLIPS,
  replay: REPLAY,
};

describe('the comment of a plan', () => {
  it('says first whether it would be published, then what opens', async () => {
    const { environment } = await adminServer({
      'POST /admin/v1/plan': { json: { ...PLAN, guardrails: GUARDRAILS, flips: FLIPS, replay: REPLAY } },
    });
    const { code, stdout } = await dharma(['plan', 'policies', '--format', 'markdown'], { cwd, environment });
    expect(code).toBe(0);
    expect(stdout).toBe(`<!-- dharma plan -->
**dharma would publish this.**

\`on revision 41, as source 'policies': documents 1 added, 1 changed, 0 removed; rules 1 added, 0 changed, 1 removed; 2 tests pass\`

**Decisions:** 3 open and 40 close, among 1000 of 48210 points that were looked at; 12 hang on conditions; 1 more groups are not told.

|  | Endpoint | Points | Before | After |
|---|---|---|---|---|
| **opens** | \`orders/all\` of \`shop\` | 3, on conditions | \`DENY_RULE\` at \`shop\` by \`shop/closed\` and 1 more | \`ALLOW_SLOW\` by \`shop/read\` |
| closes | \`orders/all\` of \`shop\` | 40 | \`ALLOW_SLOW\` by \`shop/read\` | \`DENY_RULE\` at \`shop\` by \`shop/closed\` and 1 more |

**Guardrails that let more through:**

|  | Of | What |
|---|---|---|
| **weakened** | \`deny\` of \`acme\` | \`deny base/d1 no longer covers DELETE\` |

**Replay:** 3 of 9 recorded decisions come out otherwise; 2 came out otherwise when they were recorded, which is not the plan's doing. Decided as absent, for records need not hold it: \`claimed.x\`.

|  | Endpoint | Times | Before | After | First seen | Last seen |
|---|---|---|---|---|---|---|
| closes | \`orders/all\` | 3 | \`ALLOW_FAST\` | \`DENY_RULE\` by \`shop/closed\` | \`2026-11-26T10:00:00.000Z\` | \`2026-11-26T11:00:00.000Z\` |

<details><summary>A request of each group</summary>

* to allow, \`orders/all\`: \`{"target":{"endpoint":"orders/all","method":"GET"}}\`
* to deny, \`orders/all\`: \`{"target":{"endpoint":"orders/all","method":"GET"}}\`

</details>

<details><summary>Decisions that hang on conditions</summary>

* \`orders/all\` of \`shop\`: 12 points by \`shop/read\`

</details>

<details><summary>Other guardrails touched: 3</summary>

The server leaves out 2 more.

|  | Of | What |
|---|---|---|
| added | \`egress\` of \`shop\` | \`shop closes its egress\` |

</details>

<details><summary>Changes: 2 documents</summary>

* changed \`Policy shop\` of \`shop\`
  * added \`partners\`: \`allow GET on orders/* for roles [partner] at shop\`
  * removed \`old\`: \`deny everything\`
* added \`Domain shop.till\`: \`boundary open for till/*\`

</details>
`);
  });

  it('says what is against it', () => {
    const text = told(WHOLE);
    expect(text).toContain(
      '**dharma would not publish this:** 1 fault, 1 failing test, 1 document of another source, 1 document that another source uses, 1 limit exceeded, 1 change that is not yours.\n',
    );
    expect(text).toContain(`**Against it:**

* \`policies/shop.yaml:3:7\`: \`'shopp' does not exist\`
* \`policies/shop.yaml:20:5\`: failed: \`anyone may read\`; \`expected allow\`; \`got deny\`
* \`Domain shop belongs to the source 'git'; change it there, or leave it out here\`
* \`endpoint a/b of Service a would go, and Policy p of the source 'hr' uses it\`
* \`shop and everything below may hold 2 rules, and would hold 3\`
* \`not yours: Domain shop would change, zeroTrust; it needs owner over shop\`
`);
    // What is told of changes while there are faults is not the whole.
    expect(text).not.toContain('on revision 41');
  });

  it.each`
    because                                | plan                                                                                                                               | text
    ${'a server says no without a reason'} | ${{ ...PLAN, valid: false }}                                                                                                       | ${'**dharma would not publish this:** the server says no.'}
    ${'nothing was decided again'}         | ${{ ...NO_CHANGE, replay: null }}                                                                                                  | ${'**Replay:** nothing was decided again, for the plan has faults or is not yours.'}
    ${'nothing changes'}                   | ${NO_CHANGE}                                                                                                                       | ${"`nothing changes on revision 41, as source 'policies'`"}
    ${'nothing comes out otherwise'}       | ${{ ...NO_CHANGE, flips: { ...FLIPS, groups: [], toAllow: 0, toDeny: 0, decided: 48_210, coverage: 1, conditional: 0, more: 0 } }} | ${'**Decisions:** 0 open and 0 close, among 48210 points.\n'}
    ${'others were not looked at'}         | ${{ ...NO_CHANGE, flips: { ...FLIPS, groups: [], decided: 48_210, coverage: null, conditional: 0, more: 0 } }}                     | ${'among 48210 points; endpoints and callers of others were not looked at.\n'}
  `('says so when $because', ({ plan, text }) => {
    expect(told(plan)).toContain(text);
  });

  it('is no larger than a comment may be, and says what it leaves out', () => {
    const words = '𝄞'.repeat(400);
    const changes = Array.from({ length: 900 }, (_, index) => ({ ...PLAN.changes[1]!, name: `d${index}`, words }));
    const items = Array.from({ length: 900 }, () => ({ ...GUARDRAILS.items[0]!, words }));
    const warnings = Array.from({ length: 900 }, () => ({ ...INVALID.warnings[0]!, message: words }));
    const text = told({ ...PLAN, changes, warnings, guardrails: { items, more: 0 } });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000);
    expect(text).toMatch(/… and \d+ more guardrails\./);
    expect(text).toMatch(/Left out, for there is no room: \d sections?\.|… and \d+ more lines\./);
    // Whatever is cut, what was opened is closed.
    expect(text.match(/<details>/g)?.length ?? 0).toBe(text.match(/<\/details>/g)?.length ?? 0);
  });
});

/** What a comment could make something of, one a line. */
const WEAPONS = String.raw`@acme/team
#1
acme/repo#7
!3
$5
:bomb:
<img src=x onerror=alert(1)>
</details>
<!--
-->
[x](https://evil.example)
https://evil.example
www.evil.example
a@evil.example
\
\|
|
||
&#64;team
&lt;b&gt;
**
__
~~
- [x]
{+a+}`.split('\n');
const ENDS = [
  '`',
  '``',
  '```',
  '\\`',
  '\n',
  '\r\n',
  '\n\n# ',
  '\n/approve',
  '\u2028',
  '\u0085',
  '\v',
  '\u202E',
  '\uD800',
  '\0',
  '',
];

/** What others wrote, with everything that a comment could make something of. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...WEAPONS, ...ENDS), fc.string()), { maxLength: 6 })
  .map((parts) => parts.join(''));
const runs = process.env['DHARMA_LONG'] === '1' ? 20_000 : 300;

/** What is left when code spans are taken out, in which nothing is read; bars between them are part of them. */
function bones(markdown: string): string {
  return markdown.replaceAll(/`[^`\n]+`/g, '`').replaceAll(/`?(?:&#124;`?)+/g, '`');
}

describe('what others wrote', () => {
  it.each`
    because                             | text               | shown
    ${'a mention is text'}              | ${'@team'}         | ${'`@team`'}
    ${'a bar ends no cell'}             | ${'a || b'}        | ${'`a `&#124;&#124;` b`'}
    ${'a backtick ends no span'}        | ${'`x`'}           | ${"`'x'`"}
    ${'a line has no end'}              | ${'a\n# b'}        | ${'`a # b`'}
    ${'nothing can be seen of nothing'} | ${' \n '}          | ${'–'}
    ${'what is long is cut'}            | ${'𝄞'.repeat(301)} | ${`\`${'𝄞'.repeat(300)}…\``}
    ${'a line is not turned round'}     | ${'a\u202Eb'}      | ${'`a\uFFFDb`'}
  `('$because', ({ text, shown }) => {
    expect(quoted(text)).toBe(shown);
  });

  it('stays in code spans, whatever it is: one line, without a bar', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const shown = quoted(text);
        expect(shown).not.toMatch(/[|\n\r\u0085\u2028\u2029]/);
        expect(shown).toMatch(/^(?:–|(?:`[^`]+`|&#124;)+)$/);
        // Two spans side by side were one with longer ends.
        expect(shown).not.toContain('``');
      }),
      { numRuns: runs },
    );
  });

  it('changes nothing of a comment around it', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        // Every text of a plan but those of a closed list is somebody's.
        const own = new Set(['change', 'from', 'to', 'decision']);
        const saying = (words: string) =>
          JSON.parse(JSON.stringify(WHOLE), (key, value: unknown) =>
            typeof value === 'string' && !own.has(key) ? words : value,
          ) as object;
        expect(bones(told(saying(`x${text}`)))).toBe(bones(told(saying('x'))));
      }),
      // A number with a fraction never comes to its end.
      { numRuns: Math.ceil(runs / 3) },
    );
  });
});
