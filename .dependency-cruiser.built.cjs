// Rules about what is loaded when the programs run, judged on the build: there, imports of types are gone.
module.exports = {
  forbidden: [
    {
      name: 'cli-is-light',
      comment: 'the offline verbs start without a server; `serve` and `verify` load theirs when they are called',
      severity: 'error',
      from: { path: '^dist/apps/cli/' },
      to: {
        dynamic: false,
        path: ['^dist/libs/', '^dist/apps/', 'node_modules/(@nestjs|@fastify|fastify|@grpc|casbin|pino)(/|$)'],
        pathNot: [
          '^dist/apps/cli/',
          '^dist/libs/(cel|problem|wire|engine|reach|policy|mesh-export|policy-import|administration)/',
        ],
      },
    },
    {
      name: 'reference-only-types-of-engine',
      comment: 'the reference is a third voice: it shares the nouns with the engine and no code',
      severity: 'error',
      from: { path: '^dist/libs/reference/' },
      to: { path: '^dist/libs/engine/' },
    },
    {
      name: 'client-is-light',
      comment: 'who installs the client gets no engine, and a framework only with the entry that is made for it',
      severity: 'error',
      from: { path: '^dist/libs/client/' },
      to: {
        path: ['^dist/', 'node_modules/'],
        pathNot: [
          '^dist/libs/(client|problem|wire)/',
          '^node_modules/@nestjs/common/',
          '^node_modules/@grpc/(grpc-js|proto-loader)/',
        ],
      },
    },
    {
      name: 'client-frameworks-apart',
      comment: 'only `./nest` loads Nest, only `./grpc` loads gRPC',
      severity: 'error',
      from: { path: '^dist/libs/client/src/', pathNot: '^dist/libs/client/src/(nest|grpc)/' },
      to: { path: ['node_modules/', '^dist/libs/client/src/(nest|grpc)/'] },
    },
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
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
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
