import { expect, it } from 'vitest';
import { isAdmin, mayChange } from './rights.ts';

const [ANNA, BEN, CARA] = ['anna', 'ben', 'cara'] as const;
const task = { maker: ANNA, assignee: BEN };

/** The page of somebody with this role in their session, and in the directory where that has them. */
const pageOf = (id: string, role: string, known?: string) => ({
  me: { id, name: id, role },
  people: known ? { [id]: { id, name: id, role: known } } : {},
});

it('a task is changed by its maker, its assignee and admins, by the role that the directory has', () => {
  const may = (page: ReturnType<typeof pageOf>) => mayChange(page, task);
  expect([pageOf(ANNA, 'member'), pageOf(BEN, 'resident'), pageOf(CARA, 'admin'), pageOf(CARA, 'member', 'admin')].map(may)).not.toContain(false);
  expect([pageOf(CARA, 'member'), pageOf(CARA, 'staff'), pageOf(CARA, 'admin', 'member')].map(may)).not.toContain(true);
  expect(mayChange({ me: null, people: {} }, task)).toBe(false);
});

it('nobody is an admin who is not logged in', () => {
  expect([isAdmin({ me: null, people: {} }), isAdmin(pageOf(CARA, 'admin')), isAdmin(pageOf(CARA, 'admin', 'member'))]).toEqual([false, true, false]);
});
