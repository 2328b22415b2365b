/** Who is listed where several credentials do together what none of them does alone. */
import { compile, specify } from '#engine';
import { loadBundle } from '#policy';
import { Effort, judge, Reachability } from '#reach';

const NOW = Date.parse('2026-12-24T12:00:00Z');

/** An endpoint behind two boundaries: `login` may be let across the outer one, `card` across the inner one, `root` across both. */
const reachabilityOf = (outer: readonly string[], inner: readonly string[]) => {
  const rulesOf = (rules: readonly string[]) => rules.map((rule, at) => `    - { id: r${at}, ${rule} }`).join('\n');
  const mechanism = (name: string) =>
    `    - { name: ${name}, role: access, kind: apiKey, apiKey: { header: x-${name}, keys: [] } }`;
  const text = `apiVersion: dharma/v1
kind: Domain
metadata: { name: top }
spec:
  mechanisms:
${['login', 'card', 'root'].map(mechanism).join('\n')}
  access: [login, root, anonymous]
  boundary: ["safe/*"]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: top.in }
spec: { access: [card, root, anonymous], boundary: ["safe/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: safe }
spec: { domains: [top.in], hosts: [safe.example], endpoints: [{ name: door, operations: [{ methods: [GET], path: / }] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: top, domain: top }
spec:
  rules:
${rulesOf(outer)}
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: in, domain: top.in }
spec:
  rules:
${rulesOf(inner)}
`;
  const bundle = loadBundle([{ file: 'x.yaml', text }]);
  expect(bundle.faults).toEqual([]);
  const world = bundle.world!;
  return { world, reachability: new Reachability(world, compile(world), NOW, new Effort()) };
};

const allow = (mechanism: string, more = '') => `effect: allow, who: { mechanisms: [${mechanism}] }${more}`;
const ANYBODY = 'effect: allow, who: { anonymous: true }';
const AT_NIGHT = ', when: attributes.night == true';

it.each`
  because                                                 | outer                                                  | inner                                       | found
  ${'each of two opens one boundary'}                     | ${[allow('login')]}                                    | ${[allow('card')]}                          | ${['allowed card+login']}
  ${'another hangs on a condition alone'}                 | ${[allow('login'), allow('root', AT_NIGHT)]}           | ${[allow('card'), allow('root')]}           | ${['conditional root', 'allowed card+login']}
  ${'another opens both for sure'}                        | ${[allow('login'), allow('root')]}                     | ${[allow('card'), allow('root')]}           | ${['allowed root', 'allowed card+login']}
  ${'nothing does while a condition holds'}               | ${[allow('login'), `${ANYBODY}${AT_NIGHT}`]}           | ${[allow('card'), `${ANYBODY}${AT_NIGHT}`]} | ${['conditional ', 'conditional card', 'conditional root', 'conditional login', 'allowed card+login']}
  ${'and two of which one hangs on another condition'}    | ${[allow('login', AT_NIGHT), allow('root')]}           | ${[allow('card'), allow('root', AT_NIGHT)]} | ${['conditional root', 'conditional card+login', 'allowed card+root']}
  ${'two hang on a condition, and so does another alone'} | ${[allow('login', AT_NIGHT), allow('root', AT_NIGHT)]} | ${[allow('card'), allow('root')]}           | ${['conditional root', 'conditional card+login']}
  ${'one alone does it, and no others'}                   | ${[allow('root')]}                                     | ${[allow('card'), allow('root')]}           | ${['allowed root']}
`('lists everybody: $because', ({ outer, inner, found }) => {
  const { world, reachability } = reachabilityOf(outer as string[], inner as string[]);
  const said = [...reachability.everybody('safe/door', {})].map((finding) => {
    if (!('witness' in finding)) return finding.kind;
    const { request, outcome } = finding.witness;
    if (finding.kind === 'allowed') expect(specify(world, request)).toEqual(outcome);
    const brought = request.evidence.map(({ mechanism }) => mechanism).toSorted();
    return `${finding.kind} ${brought.join('+')}`;
  });
  expect(said).toEqual(found);
});

it.each`
  because                                                      | outer                                                            | mechanism  | reached
  ${'it opens one boundary, and another credential the other'} | ${[allow('login')]}                                              | ${'login'} | ${'card+login'}
  ${'it opens nothing, and hinders nothing'}                   | ${[allow('login')]}                                              | ${'root'}  | ${'card+login+root'}
  ${'whoever brings it is denied'}                             | ${[allow('login'), 'effect: deny, who: { mechanisms: [root] }']} | ${'root'}  | ${undefined}
  ${'what it needs beside it is denied'}                       | ${[allow('login'), 'effect: deny, who: { mechanisms: [card] }']} | ${'login'} | ${undefined}
`(
  'nobody with a credential of $mechanism gets through, or who does is shown: $because',
  ({ outer, mechanism, reached }) => {
    const { reachability } = reachabilityOf(outer as string[], [allow('card')]);
    const { objections } = judge(reachability, {
      form: 'none',
      callers: { mechanisms: [mechanism as string] },
      endpoints: ['safe/door'],
    });
    const shown = objections.map((objection) =>
      objection.kind === 'reached'
        ? objection.witness.request.evidence
            .map((item) => item.mechanism)
            .toSorted()
            .join('+')
        : objection.kind,
    );
    expect(shown).toEqual(reached === undefined ? [] : [reached]);
  },
);
