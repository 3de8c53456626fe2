/**
 * The arrows of ARCHITECTURE.md, as rules. Type-only imports are free: they are gone when the code runs.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const folders = [
  'activities',
  'cli',
  'client',
  'encryption',
  'local',
  'media',
  'observability',
  'openrouter',
  'simulator',
  'storage',
  'webhook',
  'worker',
  'workflows',
];

/** A folder may import itself and the ones named; everything may import the contract. */
function only(from, allowed, comment) {
  const forbidden = folders.filter((folder) => folder !== from && !allowed.includes(folder));
  return {
    name: `${from}-imports`,
    severity: 'error',
    comment,
    from: { path: `^src/${from}/` },
    to: { path: `^src/(${forbidden.join('|')})/` },
  };
}

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'a cycle has no first file to read',
      from: {},
      to: { circular: true },
    },
    {
      name: 'contract-imports-nothing-of-ours',
      severity: 'error',
      comment: 'both sides share it, so it knows neither',
      from: { path: '^src/contract/' },
      to: { path: '^src/(?!contract/)' },
    },
    only('workflows', [], 'workflow code runs in a sandbox and is replayed: only the contract and each other'),
    {
      name: 'workflows-never-reach-node-or-zod',
      severity: 'error',
      comment: 'the sandbox pays for every module in every cached run; see temporal limits in docs/decisions',
      from: { path: '^src/workflows/' },
      to: { path: '^(node:|fs$|net$|http$|crypto$)|node_modules/(zod|undici|pino|big\\.js)/', reachable: true },
    },
    only('openrouter', [], 'knows HTTP and the provider, nothing of Temporal'),
    only('storage', [], 'knows files, nothing of Temporal or the provider'),
    only('media', [], 'knows bytes'),
    only('activities', ['openrouter', 'storage', 'media'], 'thin: the parts below do the work'),
    {
      name: 'activities-hold-no-client',
      severity: 'error',
      comment: 'what an activity may ask of Temporal comes in as a port; the worker wires it',
      from: { path: '^src/(activities|openrouter|storage|media)/' },
      to: { path: '@temporalio/(client|worker|testing)/', dependencyTypesNot: ['type-only'] },
    },
    only('client', ['encryption', 'observability'], 'a service that only starts runs must not load a worker'),
    {
      name: 'client-stays-light',
      severity: 'error',
      comment:
        'no native core and no bundler in a service that only starts runs; src/config.ts brings the rules of the provider’s address along',
      from: { path: '^src/client/' },
      to: { path: '@temporalio/(worker|testing|core-bridge)/|node_modules/webpack/', reachable: true },
    },
    only('encryption', [], 'knows payloads and keys'),
    only('webhook', ['client', 'observability'], 'a receiver verifies, signals and logs'),
    only('observability', [], 'logs and metrics'),
    only('simulator', [], 'shares no code with src/openrouter, so that one bug cannot hide another'),
    only('local', [], 'the embedded server'),
    only(
      'worker',
      ['activities', 'openrouter', 'storage', 'media', 'observability', 'webhook', 'client', 'encryption'],
      'the composition root',
    ),
    {
      name: 'nobody-imports-the-command-line',
      severity: 'error',
      comment: 'it is the edge',
      from: { path: '^src/(?!cli/)' },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: false,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
