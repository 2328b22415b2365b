/**
 * The test suites, where they lie, and the seconds each is meant to take on two slow cores. A folder below test/ that is
 * not named here is a suite of its own with the default budget.
 */
export const SUITES = [
  { name: 'units', below: ['libs/', 'apps/'], budgetSeconds: 60 },
  { name: 'policy', below: ['test/policy/'], budgetSeconds: 60 },
  { name: 'laws', below: ['test/properties/'], budgetSeconds: 120 },
  { name: 'server', below: ['test/server/'], budgetSeconds: 60 },
  { name: 'store', below: ['test/store/'], budgetSeconds: 90 },
  { name: 'gateways', below: ['test/gateways/'], budgetSeconds: 60 },
];
const DEFAULT_BUDGET_SECONDS = 60;

/** Real gateways, the specs that start them, and what a Debian machine installs for each. */
export const GATEWAYS = [{ name: 'nginx', binaries: ['nginx'], spec: 'test/gateways/nginx.spec.ts', debian: 'nginx' }];

/** @param {string} file a spec file, relative to the root */
export function suiteOf(file) {
  const known = SUITES.find((suite) => suite.below.some((prefix) => file.startsWith(prefix)));
  return (
    known ?? { name: file.split('/').slice(1, 2).join('') || file, below: [], budgetSeconds: DEFAULT_BUDGET_SECONDS }
  );
}
