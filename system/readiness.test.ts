/** /readyz and /livez of the whole process, seen from outside: ready means that what it answers could be answered now. */
import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Installation, openInstallation } from './system.fixture.ts';

const skipped = spawnSync('prlimit', ['--version']).status !== 0 && !process.env.REQUIRE_SERVERS;

describe.skipIf(skipped)(`a process that can record nothing${skipped ? ' (skipped: there is no prlimit)' : ''}`, () => {
  let system: Installation;
  beforeEach(async () => {
    system = await openInstallation({ LOG_LEVEL: 'info' });
  });
  afterEach(() => system?.remove());

  const ready = () => system.call('GET /readyz');
  const limitFiles = (bytes: string) => execFileSync('prlimit', ['--pid', String(system.program().pid), `--fsize=${bytes}:unlimited`]);
  const metric = async () =>
    /^taskledger_recording_failed_seconds\{name="all"\} (.*)$/m.exec(await (await fetch(`${system.url()}/metrics`)).text())?.[1];
  const lines = (pattern: RegExp) => system.output().match(new RegExp(`^.*${pattern.source}.*$`, 'gm')) ?? [];

  it('is alive and not ready, says so once, and is ready again once there is room, though nobody sent anything', { timeout: 60_000 }, async () => {
    expect(await ready()).toMatchObject({ status: 200 });
    limitFiles('1');
    expect(await system.admin.call('POST /api/tasks', { title: 'Not recorded' })).toMatchObject({ status: 503 });
    for (let n = 0; n < 5; n++) {
      expect(await ready()).toMatchObject({ status: 503, body: { detail: expect.stringMatching(/a store that records/) } });
      expect(await system.call('GET /livez')).toMatchObject({ status: 200 });
    }
    expect(Number(await metric())).toBeGreaterThan(0);
    expect(lines(/"level":50.*nothing can be recorded/)).toHaveLength(1);
    limitFiles('unlimited');
    await vi.waitFor(async () => expect(await ready()).toMatchObject({ status: 200 }), 20_000);
    expect(await metric()).toBe('0');
    await vi.waitFor(() => expect(lines(/the event store can be used again/)).toHaveLength(1));
    expect(lines(/"level":50.*"dependency":"the event store"/)).toHaveLength(1);
  });
});
