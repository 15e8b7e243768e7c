import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'missing-server-'));
const config = join(folder, 'vitest.config.mjs');
writeFileSync(config, `export default ${JSON.stringify({ test: { include: ['servers/missing.fixture.ts'], reporters: ['json'] } })};`);
afterAll(() => rmSync(folder, { recursive: true }));

interface Report {
  numPendingTests: number;
  numFailedTests: number;
  testResults: { assertionResults: { fullName: string; failureMessages: string[] }[] }[];
}

/** Vitest's report of missing.fixture.ts. */
async function run(more: Record<string, string>): Promise<Report> {
  const { REQUIRE_SERVERS: _, ...env } = process.env;
  const vitest = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', ROOT, '--config', config];
  const ended = promisify(execFile)(process.execPath, vitest, { env: { ...env, ...more } });
  // Vitest exits with 1 where a test fails.
  const { stdout } = await ended.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout);
}

test('a suite whose server is missing is skipped, and says why', async () => {
  const report = await run({});
  expect([report.numPendingTests, report.numFailedTests]).toEqual([1, 0]);
  expect(report.testResults[0]?.assertionResults[0]?.fullName).toBe('a suite (skipped: there is no such server) that needs it');
});

test('a suite whose server is missing fails where servers are required', async () => {
  const report = await run({ REQUIRE_SERVERS: '1' });
  expect([report.numPendingTests, report.numFailedTests]).toEqual([0, 1]);
  expect(report.testResults[0]?.assertionResults[0]?.failureMessages[0]).toContain('there is no such server');
});
