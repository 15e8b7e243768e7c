/** What was assigned to a user who is deleted, from outside: nobody has it, whoever made it is told once, and a kill in the middle changes nothing of that. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    const dan = await system.register('Dan');
    const ids: string[] = [];
    for (let from = 0; from < 150; from += 10)
      ids.push(...(await Promise.all(Array.from({ length: 10 }, (_, n) => made(system.admin, `Task ${from + n}`, dan.id)))));
    await dan.ok(`DELETE /api/users/${dan.id}`);
    await system.kill();
    await system.start();
    await expect.poll(() => everyItem(system.admin.call, `/api/tasks?assignee=${dan.id}`), { timeout: 120_000 }).toEqual([]);
    await expect.poll(async () => (await told(system.admin)).length, { timeout: 120_000 }).toBe(150);
    for (const id of ids.slice(0, 20)) {
      const events = await everyItem(system.admin.call, `/api/tasks/${id}/history`);
      expect(events.map(({ type }) => type)).toEqual(['TaskCreated', 'TaskAssigned', 'TaskAssigned']);
    }
  }, 300_000);
});
