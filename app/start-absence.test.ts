import { describe, expect, it } from 'vitest';
import { logIn } from '../system/client.fixture.ts';
import { DEPENDENCIES, type Dependency, type DependentProcess, type Failing, openDependent } from './absence.fixture.ts';

const ADMIN = { name: 'Administrator', email: 'admin@localhost.localdomain', password: 'the admin of the tests' };

/** Starts a process in which each call to a dependency fails once, the first time that it is made so; resolves to the members that failed. */
async function startedOn(lost: Dependency, how: Failing): Promise<{ process: DependentProcess; failed: Set<string> }> {
  const seen = new Set<string>();
  const failed = new Set<string>();
  let isStarting = true;
  const process = await openDependent({ ADMIN_PASSWORD: ADMIN.password }, ({ dependency, member, args }) => {
    if (!isStarting || dependency !== lost) return null;
    const call = JSON.stringify([member, args.map(named)]);
    if (seen.has(call)) return null;
    seen.add(call);
    failed.add(member);
    return how;
  });
  isStarting = false;
  return { process, failed };
}

/** What of an argument tells one call from another: neither made-up ids nor what is at hand at the moment. */
const named = (argument: unknown): unknown => (typeof argument === 'string' ? argument : Object.keys(argument ?? {}).filter((key) => key.length > 1));

/** What a start surely asks of each dependency. */
const ASKED: Partial<Record<Dependency, string[]>> = {
  store: ['append', 'readAll', 'readStream'],
  secrets: ['get', 'put'],
};

describe.each(DEPENDENCIES)('a start that loses %s', (dependency) => {
  it.each(['before', 'after'] as const)('%s each thing that it asks of it, once, goes on and ends well', { timeout: 240_000 }, async (how) => {
    const { process, failed } = await startedOn(dependency, how);
    try {
      expect([...failed]).toEqual(expect.arrayContaining(ASKED[dependency] ?? []));
      const admin = await logIn(() => process.url, ADMIN);
      const { body } = await admin.ok('POST /api/tasks', { title: 'Lamp' });
      await expect.poll(async () => (await admin.call(`GET /api/tasks/${body.id}`)).status).toBe(200);
      await expect.poll(async () => (await admin.call('GET /readyz')).status).toBe(200);
    } finally {
      await process.stop();
    }
  });
});
