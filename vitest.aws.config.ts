import { defineConfig } from 'vitest/config';

// npm run test:aws
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    globalSetup: ['test/aws/set-up.ts'],
    restoreMocks: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false, // they share one moto
  },
});
