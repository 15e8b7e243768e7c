import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { QUEUES } from '../app/queues.ts';
import { NOTIFICATION_STATUSES } from '../contracts/notification.ts';
import { ORDER_STATUSES } from '../contracts/order.ts';

const PAGE = readFileSync(new URL('./QUEUES.md', import.meta.url), 'utf8');

/** What the first cells of the tables below a heading name. */
function named(heading: string): string[] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

it('docs/QUEUES.md names every queue, and each dead one', () => {
  const names = QUEUES.flatMap((queue) => (queue.name === null ? [] : queue.kind === 'work' ? [queue.name, `${queue.name}.dead`] : [queue.name]));
  expect(named('Queues')).toEqual(expect.arrayContaining(names));
});

it('docs/QUEUES.md names every state of notifications and orders, and no other', () => {
  expect(named('Notifications').toSorted()).toEqual(NOTIFICATION_STATUSES.toSorted());
  expect(named('Orders').toSorted()).toEqual(ORDER_STATUSES.toSorted());
});
