import { defineConfig } from 'vitest/config';
import tsconfig from './tsconfig.json' with { type: 'json' };

/** In the folders that are checked, and nowhere else: whatever else lies in the clone, as somebody's data, is not ours to run. */
const TESTS = tsconfig.include.map((place) => (place === '*.ts' ? '*.test.ts' : `${place}/**/*.test.ts`));

/** Tests that start many processes each: they come after the others, and one at a time. */
const CROWDED = ['system/*.server.test.ts'];

/** On a machine that others use too, a test that fails is tried twice more, and the report says so; at one's own desk it fails at once. */
const retry = process.env.CI ? 2 : 0;

const common = {
  retry,
  globalSetup: ['servers/for-tests-setup.ts'],
  setupFiles: ['servers/waiting-setup.ts'],
  // As servers/waiting-setup.ts has it for `vi.waitFor`.
  expect: { poll: { timeout: 20_000 } },
  execArgv: ['--disable-warning=ExperimentalWarning'],
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'each',
          include: TESTS,
          exclude: CROWDED,
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'crowded',
          include: CROWDED,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
