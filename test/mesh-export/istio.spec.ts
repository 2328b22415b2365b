/**
 * Istio's own reading of the exported policies, as its reference says it: any rule of any ALLOW policy that selects the
 * workload, and of each rule one source and one operation; members of both are anded, with their negations.
 *
 * @see https://istio.io/latest/docs/reference/config/security/authorization-policy/
 */
import { RUNS } from '../properties/runs.js';
import { AuthorizationPolicy } from './resources.js';
import { type Asked, expectBetween } from './sandwich.js';

it('lets through what Dharma allows and refuses what it denies, in random worlds', () => {
  const seen = expectBetween('istio', lets, RUNS.law / 2);
  expect(seen['passed']).toBeGreaterThan(20);
  expect(seen['refused']).toBeGreaterThan(100);
  expect(seen['open']).toBeGreaterThan(20);
});

function lets(resources: readonly object[], asked: Asked, service: string): boolean | undefined {
  const policies = resources.map((resource) => AuthorizationPolicy.parse(resource));
  const selecting = policies.filter(({ spec }) => spec.selector.matchLabels['app'] === service);
  // A service that runs nowhere in the cluster is protected by nothing, and that is listed.
  if (selecting.length === 0) return undefined;
  return selecting.some(({ spec }) =>
    (spec.rules ?? []).some(
      ({ from, to }) =>
        (from === undefined || from.some(({ source }) => isFrom(source, asked.subject))) &&
        to.some(({ operation }) => isTo(operation, asked)),
    ),
  );
}

type Rule = NonNullable<AuthorizationPolicy['spec']['rules']>[number];

function isFrom({ principals, notPrincipals }: NonNullable<Rule['from']>[number]['source'], subject = ''): boolean {
  const principal = subject.replace('spiffe://', '');
  return (
    (principals === undefined || principals.some((pattern) => holds(pattern, principal))) &&
    !(notPrincipals ?? []).some((pattern) => holds(pattern, principal))
  );
}

function isTo(operation: Rule['to'][number]['operation'], { host, method, path }: Asked): boolean {
  const { hosts, notHosts, methods, notMethods, paths, notPaths } = operation;
  return (
    hosts.some((pattern) => holds(pattern, host)) &&
    !(notHosts ?? []).some((pattern) => holds(pattern, host)) &&
    (methods === undefined || methods.includes(method)) &&
    !(notMethods ?? []).includes(method) &&
    paths.some((pattern) => holdsPath(pattern, path)) &&
    !(notPaths ?? []).some((pattern) => holdsPath(pattern, path))
  );
}

/** Exact, `prefix*` or `*suffix`. */
function holds(pattern: string, text: string): boolean {
  if (pattern.endsWith('*')) return text.startsWith(pattern.slice(0, -1));
  return pattern.startsWith('*') ? text.endsWith(pattern.slice(1)) : text === pattern;
}

/** The same, or a template of `{*}` and a last `{**}`. */
function holdsPath(pattern: string, path: string): boolean {
  if (!pattern.includes('{')) return holds(pattern, path);
  const expression = pattern
    .split(/(\{\*\*?\})/)
    .map((part) => ({ '{*}': '[^/]+', '{**}': '.*' })[part] ?? part.replaceAll('.', '\\.'))
    .join('');
  return new RegExp(`^${expression}$`).test(path);
}
