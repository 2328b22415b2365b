export default {
  roots: ['<rootDir>/test', '<rootDir>/apps', '<rootDir>/libs'],
  testMatch: ['**/*.spec.ts'],
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/support/properties.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.[tj]s$': ['@swc/jest'] },
  // light-my-request requires the ESM-only `cookie` 2, and @fastify/static `content-disposition` 3, which jest on Node 20
  // cannot load untransformed.
  transformIgnorePatterns: ['/node_modules/(?!(?:cookie|content-disposition)/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  watchman: false,
  // Not where temporary files are, which do not outlive a run.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  // Servers and databases start in seconds, on a busy machine in many. What must be fast says so itself.
  testTimeout: 180_000,
};
