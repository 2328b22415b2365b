/** Query parameters that only a rule may say: those of rules that may concern an endpoint. */
import { compile, parametersSetFor } from '#engine';
import { allow, shop } from './voices.js';

const setting = (...names: string[]) =>
  names.map((name) => ({ kind: 'setQueryParameter', name, value: '', critical: false }) as const);

const SNAPSHOT = compile(
  shop(
    {
      rules: [
        allow('p/all', { obligations: setting('every') }),
        allow('p/report', { mode: 'report', obligations: setting('reported') }),
        allow('p/low', { what: { services: ['low'] }, obligations: setting('service') }),
        allow('p/web', { what: { endpoints: ['low/web'] }, obligations: setting('endpoint') }),
        allow('p/any', { what: { endpoints: ['low/*'] }, obligations: setting('any') }),
        allow('p/out', { direction: 'out', obligations: setting('out') }),
        allow('p/removes', { obligations: [{ kind: 'removeQueryParameter', name: 'debug', critical: true }] }),
      ],
    },
    {
      domains: {
        'acme.low': { rules: [allow('a/own', { obligations: setting('own', 'Own') })] },
        'acme.side': { rules: [allow('b/side', { obligations: setting('side') })] },
      },
      services: {
        low: { domains: ['acme.low'], endpoints: { web: {}, other: {} } },
        side: { domains: ['acme.side'], endpoints: { web: {} } },
      },
    },
  ),
);

it.each`
  because                                                      | endpoint       | names
  ${'rules of its domain and above concern it'}                | ${'low/web'}   | ${['Own', 'any', 'endpoint', 'every', 'own', 'reported', 'service']}
  ${'a rule about another endpoint does not'}                  | ${'low/other'} | ${['Own', 'any', 'every', 'own', 'reported', 'service']}
  ${'nor do rules about another service, or beside its chain'} | ${'side/web'}  | ${['every', 'reported', 'side']}
  ${'no endpoint has none'}                                    | ${'no/web'}    | ${[]}
  ${'a target that resolves to nothing has none'}              | ${null}        | ${[]}
`('$because', ({ endpoint, names }) => {
  expect([...parametersSetFor(SNAPSHOT, endpoint)].sort()).toEqual(names);
});
