import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    dir: 'test',
    include: ['**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'aws/**'], // npm run test:aws
    globalSetup: ['test/support/build.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    // What runs in the tests' own process prints nothing among their results.
    env: { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' },
    testTimeout: 60_000, // many processes at once on two cores
    hookTimeout: 120_000,
    maxWorkers: 4, // many tests wait for processes and timers
    // .ci/run reads the number of tests.
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'dist/tests.json' }]]
      : ['default'],
    // Only code that runs in the tests' own process is seen: test/lib, not the packaged handlers.
    coverage: {
      enabled: Boolean(process.env.CI),
      provider: 'v8',
      include: ['functions/**', 'lib/**'],
      thresholds: { lines: 98, functions: 96, statements: 97, branches: 92 },
    },
  },
});
