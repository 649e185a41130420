import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['functions/**', 'lib/**'],
      thresholds: { lines: 95, functions: 95, statements: 95, branches: 90 },
    },
  },
});
