/** The checks after each fault. */
import { expect, vi } from 'vitest';
import { idOf } from '../contracts/message.ts';
import { projectors } from '../projections/projectors.ts';
import { everyItem, type User } from './client.fixture.ts';
import type { FaultWorld } from './faults.fixture.ts';
import { checkSeen } from './faults-live.fixture.ts';
import { checkLog, checkMails, notificationsIn, type Story, streamsOf } from './faults-log.fixture.ts';
import { checkOrderList, checkOrders } from './faults-orders.fixture.ts';
import { type SettledOptions, settled } from './faults-settled.fixture.ts';

const MODELS = projectors.map(({ model }) => model.name).sort();
const PATIENCE = { timeout: 60_000, interval: 200 };
/** All read models are made anew at once, which takes half a minute of a machine of two cores that does nothing else. */
const REBUILT = { timeout: 240_000, interval: 200 };
/** Times that read models are compared with new ones, where a mail is sent meanwhile. */
const TRIES = 10;

export interface CheckOptions extends SettledOptions {
  /** True where read models are compared with new ones that are made from the log. Default true. */
  rebuild?: boolean;
}

/** Waits until all has settled, then checks it, in detail from the position `from` on. Resolves to the time that each check took. */
export async function checkAll(world: FaultWorld, from: string, { rebuild: isRebuilt = true, ...options }: CheckOptions = {}): Promise<string> {
  const times: string[] = [];
  let since = performance.now();
  const lap = (what: string) => {
    times.push(`${what} ${((performance.now() - since) / 1_000).toFixed(1)} s`);
    since = performance.now();
  };
  const story = await settled(world, options);
  lap('settled');
  checkLog(story, world.commands);
  checkOrders(story, world.orders);
  await world.live.reached(lastOfTasks(story));
  checkSeen(world.live.seen, positionsOfTasks(story));
  await checkQueries(world, story);
  lap('queries');
  if (isRebuilt) await checkRebuilt(world, from);
  lap('rebuilt');
  // A rebuild sends no mail.
  checkMails(await settled(world, options), world.mails.taken);
  lap('mails');
  return `${times.join(', ')}; ${story.events.length} events`;
}

const isOfTasks = ({ metadata }: Story['events'][number]) => metadata.topics.includes('tasks');
const positionsOfTasks = ({ events }: Story) => events.filter(isOfTasks).map(({ position }) => position);
const lastOfTasks = ({ events }: Story) => events.findLast(isOfTasks)?.position ?? '';

/** Every task, every order and every notification is in its list once, as the log has it. */
async function checkQueries(world: FaultWorld, story: Story): Promise<void> {
  const { admin } = await world.users();
  const tasks = await vi.waitFor(() => everyItem(admin.call, '/api/tasks?limit=100', { 'read-after': story.head }), PATIENCE);
  const expected = streamsOf(story, 'task').map(([stream, events]) => [idOf(stream), events.length - 1]);
  expect(tasks.map(({ id, revision }) => [id, revision]).sort()).toEqual(expected.sort());
  checkOrderList(await everyItem(admin.call, '/api/orders?limit=100', { 'read-after': story.head }), story);
  const notifications = await vi.waitFor(() => everyItem(admin.call, '/api/notifications?all&limit=100', { 'read-after': story.head }), PATIENCE);
  expect(notifications.map(({ id }) => id).sort()).toEqual(
    notificationsIn(story)
      .map(({ id }) => id)
      .sort(),
  );
}

/** Checks that the answers of queries do not change when every read model is rebuilt from the log. */
async function checkRebuilt(world: FaultWorld, from: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const story = await settled(world);
    const { admin } = await world.users();
    const paths = pathsOf(story, from);
    const before = await answers(admin, paths, story.head);
    await Promise.all(MODELS.map((name) => rebuild(admin, name)));
    const after = await answers(admin, paths, story.head);
    if ((await world.log.head()) === story.head) return expect(after).toEqual(before);
  }
  throw new Error('something was told all the time');
}

async function rebuild(admin: User, name: string): Promise<void> {
  const path = `/api/admin/projections/${name}/rebuild`;
  // Repeated, it may find the one that is at work.
  await vi.waitFor(
    async () => expect([202, 409], `the answer to a rebuild of ${name}`).toContain((await admin.call(`POST ${path}`)).status),
    PATIENCE,
  );
  await vi.waitFor(async () => expect((await admin.ok(`GET ${path}`)).body).toMatchObject({ state: 'done' }), REBUILT);
}

/** Lists, which have all there is of users and notifications; and what is new of tasks and orders in detail. */
function pathsOf(story: Story, from: string): string[] {
  const isNew = ([, events]: [string, Story['events']]) => (events.at(-1)?.position ?? '') > from;
  const detailsOf = (category: string) =>
    streamsOf(story, category)
      .filter(isNew)
      .map(([stream]) => `/api/${category}s/${idOf(stream)}`);
  return [
    ...['createdAt', '-updatedAt', 'title'].map((sort) => `/api/tasks?sort=${sort}&limit=100`),
    '/api/tasks?status=done&limit=100',
    '/api/tasks?q=task&limit=2',
    '/api/users?limit=100',
    '/api/notifications?all&limit=100',
    '/api/orders?limit=100',
    '/api/orders?status=rejected,cancelled&limit=100',
    ...detailsOf('task'),
    ...detailsOf('order'),
  ];
}

async function answers(admin: User, paths: readonly string[], after: string): Promise<Record<string, string>> {
  const asked = paths.map(async (path) => {
    // On a machine that others use, too, a server may be late.
    const { headers, text } = await vi.waitFor(() => admin.ok(`GET ${path}`, undefined, { 'read-after': after }), PATIENCE);
    return [path, `${headers.get('etag')} ${headers.get('link')} ${text}`];
  });
  return Object.fromEntries(await Promise.all(asked));
}
