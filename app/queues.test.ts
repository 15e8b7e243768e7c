import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DEAD_LETTER_QUEUES } from '../contracts/dead-letter.ts';
import { MEDIA } from '../media/work/work-rows.ts';
import { POLICIES } from '../notifier/registries.ts';
import { openMemoryBus } from '../platform/event-bus/memory/memory.ts';
import { readConfig } from './config.ts';
import { CONSUMED, QUEUES } from './queues.ts';
import { start } from './start.ts';

const followers = Object.values(CONSUMED).flatMap((one) => one.followers);

/** What brokers have: a queue that is declared otherwise is refused by them, and one of another name is another queue. */
const ON_BROKERS = [
  ['projections', 'events', '#', '_projections'],
  ['placed_orders', 'order_events', '', '_placed_orders'],
  ['scheduler', 'task_events', '', '_scheduler'],
  [null, 'task_events', '', '_task_events'],
  ['departed_users', 'user_events', '', '_departed_users'],
  ['late_assignments', 'task_events', '', '_late_assignments'],
  ['erased_users', 'user_events', '', '_erased_users'],
  ['timers', 'timer_events', '', '_timers'],
  ['user_registration', 'user_events', '', '_user_registration'],
  ['user_confirmations', 'user_events', '', '_user_confirmations'],
  ['order_outcomes', 'order_events', '', '_order_outcomes'],
  ['notifications', 'events', 'notification.#', '_notifications'],
  ['requested_sms', 'events', 'notification.#', '_requested_sms'],
  ['requested_in_app', 'events', 'notification.#', '_requested_in_app'],
  [null, 'events', '#', null],
];

it('names, exchanges, holds and limits stay what they are on brokers', () => {
  const follower = QUEUES.filter((queue) => queue.kind === 'follower');
  expect(follower.map(({ name, exchange, pattern, activeHold }) => [name, exchange, pattern, activeHold])).toEqual(
    expect.arrayContaining(ON_BROKERS),
  );
  expect(new Set(follower.map(({ limit }) => limit))).toEqual(new Set([10_000]));
  const work = QUEUES.filter((queue) => queue.kind === 'work');
  expect(work.map(({ name }) => name)).toEqual(expect.arrayContaining(['email_notifications', 'sms_notifications', 'orders']));
  expect(work.map(({ limit, deliveryLimit }) => [limit, deliveryLimit])).toEqual(work.map(() => [1_000, 20]));
});

it('every queue and every follower has a name of its own', () => {
  expect(() => openMemoryBus({ queues: QUEUES, log: { warn: () => {} } })).not.toThrow();
  const names = followers.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

it('all who follow in a process have a row here, and every row somebody who follows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'queues-'));
  const running = await start(readConfig({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', ADMIN_PASSWORD: 'nobody logs in' }));
  try {
    const health = (await (await fetch(`${running.url}/readyz`)).json()) as { followers: object };
    expect(Object.keys(health.followers).toSorted()).toEqual(['forwarder', ...followers.map(({ name }) => name)].toSorted());
  } finally {
    await running.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

it('every policy follows', () => {
  expect(followers).toEqual(expect.arrayContaining([...POLICIES]));
});

it('dead letters are of the work queues there are; a file that cannot be worked is refused, and its maker told', () => {
  const names = QUEUES.flatMap((queue) => (queue.kind === 'work' && queue.name !== MEDIA.name ? [queue.name] : []));
  expect(DEAD_LETTER_QUEUES.toSorted()).toEqual(names.toSorted());
});
