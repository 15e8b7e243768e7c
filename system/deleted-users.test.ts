/** What was assigned to a user who is deleted, from outside: nobody has it, whoever made it is told once, and a kill in the middle changes nothing of that. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { everyItem, type User } from './client.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
});
afterAll(() => system?.remove());

const made = async (by: User, title: string, userId: string): Promise<string> => (await by.ok('POST /api/tasks', { title, userId })).body.id;
const told = async (user: User) => (await everyItem(user.call, '/api/inbox?limit=100')).filter(({ kind }) => kind === 'task_unassigned');

describe('the tasks of a user who is deleted', () => {
  it('are nobody’s any more, and each maker is told of theirs, but not one who left, too', async () => {
    const [ann, ben, cal] = await Promise.all(['Ann', 'Ben', 'Cal'].map(system.register));
    const [open = '', done = '', left = ''] = [
      await made(ann as User, 'Lamp', ben?.id ?? ''),
      await made(ann as User, 'Door', ben?.id ?? ''),
      await made(cal as User, 'Roof', ben?.id ?? ''),
    ];
    await ann?.ok(`PUT /api/tasks/${done}/status`, { status: 'done' });
    await cal?.ok(`DELETE /api/users/${cal.id}`);
    await ben?.ok(`DELETE /api/users/${ben.id}`);
    const assigneeOf = async (id: string) => (await system.admin.ok(`GET /api/tasks/${id}`)).body.assignee;
    await expect.poll(() => assigneeOf(open)).toBeNull();
    await expect.poll(() => assigneeOf(left)).toBeNull();
    expect(await assigneeOf(done)).toBe(ben?.id);
    await expect.poll(() => told(ann as User)).toHaveLength(1);
    const requested = await everyItem(system.admin.call, '/api/notifications?all=true&kind=task_unassigned');
    expect(requested.map(({ recipient }) => recipient)).toEqual([{ userId: ann?.id }]);
  });

  it('are taken and told of once each, though the process is killed in the middle', async () => {
    const { ids, user } = await killedInTheMiddle();
    await system.start();
    await expect.poll(() => everyItem(system.admin.call, `/api/tasks?assignee=${user}`), { timeout: 120_000 }).toEqual([]);
    const isTold = async () => (await told(system.admin)).filter(({ link }) => ids.some((id) => link.includes(id))).length;
    await expect.poll(isTold, { timeout: 120_000 }).toBe(ids.length);
    expect(takenOf(ids).toSorted()).toEqual(ids.toSorted());
  }, 300_000);

  /** Kills the process when it has taken some of a deleted user's tasks, and not all; resolves to the ids of all, and of the user. */
  async function killedInTheMiddle(): Promise<{ ids: string[]; user: string }> {
    for (let tries = 0; tries < 5; tries++) {
      const dan = await system.register('Dan');
      const ids: string[] = [];
      for (let from = 0; from < 150; from += 10)
        ids.push(...(await Promise.all(Array.from({ length: 10 }, (_, n) => made(system.admin, `Task ${from + n}`, dan.id)))));
      await dan.ok(`DELETE /api/users/${dan.id}`);
      await vi.waitFor(() => expect(takenOf(ids)).not.toEqual([]), { timeout: 60_000, interval: 1 });
      await system.kill();
      const taken = takenOf(ids).length;
      if (taken > 0 && taken < ids.length) return { ids, user: dan.id };
      // It was faster than the kill.
      await system.start();
    }
    throw new Error('it was never killed in the middle');
  }

  /** Those of these tasks that the log says were taken from a user who was deleted, as often as it says so; also while no process runs. */
  function takenOf(ids: readonly string[]): string[] {
    const log = new DatabaseSync(join(system.dataDir, 'events.db'), { readOnly: true });
    const rows = log.prepare("SELECT stream FROM events WHERE type = 'TaskAssigned' AND data LIKE '%user_deleted%'").all();
    log.close();
    return rows.map(({ stream }) => String(stream).replace('task-', '')).filter((id) => ids.includes(id));
  }
});
