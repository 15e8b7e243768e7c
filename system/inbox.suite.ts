/** The suite of the inbox, seen from outside; the same for every kind of system. */
import { describe, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { follow } from './live.fixture.ts';
import { mailComes, mailsTo } from './mails.fixture.ts';
import type { System } from './system.fixture.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };

/** The items of a user's inbox, without the welcome. */
export async function inboxOf(
  user: User,
  query = '',
): Promise<{ items: { id: string; kind: string; title: string; read: boolean }[]; unread: number }> {
  const { body } = await user.ok(`GET /api/inbox${query}`);
  return { ...body, items: body.items.filter((item: { kind: string }) => item.kind !== 'user_created') };
}

/** Waits until an inbox holds these kinds about a task. */
export async function told(user: User, title: string, kinds: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    const items = (await inboxOf(user)).items.filter((item) => item.title === title);
    expect(items.map(({ kind }) => kind).toSorted()).toEqual(kinds.toSorted());
  }, PATIENCE);
}

/** Describes the inbox. */
export function describeInbox(open: () => System): void {
  describe('the inbox', () => {
    it('hears live of what others do to one’s tasks, and not of what one does oneself', async () => {
      const system = open();
      const [maker, helper] = await Promise.all([system.register('Maker'), system.register('Helper')]);
      const live = follow(system, maker, 'notifications');
      await live.joined();
      const title = `Mend the roof ${crypto.randomUUID()}`;
      const { body: task } = await maker.ok('POST /api/tasks', { title, userId: helper.id });
      await helper.ok(`POST /api/tasks/${task.id}/comments`, { text: 'With tiles?' });
      await maker.ok(`POST /api/tasks/${task.id}/comments`, { text: 'With slate.' });
      await helper.ok(`PUT /api/tasks/${task.id}/status`, { status: 'done' });
      const kindOf = (data: unknown) => (data as { kind?: string }).kind;
      await vi.waitFor(() => expect(live.changes.map(({ data }) => kindOf(data))).toContain('status_changed'), PATIENCE);
      const heard = live.changes.filter(({ data }) => (data as { channel?: string }).channel === 'in-app').map(({ data }) => kindOf(data));
      expect(heard.filter((kind) => kind !== 'user_created')).toEqual(['comment_added', 'status_changed']);
      await vi.waitFor(() => expect(live.changes.at(-1)?.type).toBe('NotificationSent'), PATIENCE);
      live.close();

      const after = { 'read-after': live.changes.at(-1)?.position ?? '' };
      const { body } = await maker.ok('GET /api/inbox', undefined, after);
      expect(body.items.slice(0, 2)).toMatchObject([
        { kind: 'status_changed', title, link: `/#task=${task.id}`, read: false },
        { kind: 'comment_added', title, link: `/#task=${task.id}`, read: false },
      ]);
      expect(body.unread).toBe(3);
      await told(helper, title, ['task_created', 'comment_added']);

      const [latest] = body.items;
      const read = await maker.ok(`PUT /api/notifications/${latest.id}/read`, { read: true });
      const then = (await maker.ok('GET /api/inbox', undefined, { 'read-after': read.headers.get('position') ?? '' })).body;
      expect([then.unread, then.items[0].read]).toEqual([2, true]);
      expect((await helper.call(`PUT /api/notifications/${latest.id}/read`, { read: true })).status).toBe(404);
      const all = await maker.ok('POST /api/inbox/read-all', {});
      expect(all.body).toEqual({ marked: 2, more: false });
      expect((await maker.ok('GET /api/inbox?unread', undefined, { 'read-after': all.headers.get('position') ?? '' })).body).toEqual({
        items: [],
        unread: 0,
      });
    });

    it('tells maker and assignee once that a deadline comes near, and that it has passed; then by mail, too', async () => {
      const system = open();
      const [maker, helper] = await Promise.all([system.register('Maker'), system.register('Helper')]);
      const [title, moved, done] = ['Soon', 'Moved', 'Done'].map((word) => `${word} ${crypto.randomUUID()}`) as [string, string, string];
      const deadline = new Date(Date.now() + 2_500).toISOString();
      const make = (name: string) => maker.ok('POST /api/tasks', { title: name, userId: helper.id, deadline });
      const [, other, finished] = await Promise.all([make(title), make(moved), make(done)]);
      await maker.ok(`PATCH /api/tasks/${other.body.id}`, { deadline: new Date(Date.now() + 90 * 86_400_000).toISOString() });
      await helper.ok(`PUT /api/tasks/${finished.body.id}/status`, { status: 'done' });
      await Promise.all([maker, helper].map(({ email }) => mailComes(system.admin, email, `Overdue: ${title}`)));
      await told(maker, title, ['due_soon', 'overdue']);
      await told(helper, title, ['due_soon', 'overdue', 'task_created']);
      for (const user of [maker, helper]) {
        const overdue = (await mailsTo(system.admin, user.email)).filter(({ subject }) => subject.startsWith('Overdue: '));
        expect(overdue.map(({ subject }) => subject)).toEqual([`Overdue: ${title}`]);
        expect((await inboxOf(user)).items.filter((item) => item.kind === 'overdue')).toHaveLength(1);
      }
    });
  });
}
