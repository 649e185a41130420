import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: 60_000, // `serverless package` and processes beside each other on two cores
    hookTimeout: 120_000,
    maxWorkers: '100%', // most tests wait for processes of their own
    // .ci/run reads how many tests there were.
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: 'dist/tests.json' }]]
      : ['default'],
    coverage: {
      provider: 'v8',
      include: ['functions/**', 'lib/**'],
      thresholds: { lines: 95, functions: 95, statements: 95, branches: 90 },
    },
  },
});
