import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Caller } from '../platform/http/route.ts';
import { ReadModelsUnavailable } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { commandsOn } from '../system/commands.fixture.ts';
import { openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import { ALICE, asking, BOB } from './ask.fixture.ts';
import type { QueryContext } from './reading.ts';

const CAROL: Caller = { ...BOB, id: stableId('dashboard', 'Carol') };
const NOW = '2026-11-30T21:30:00.000Z';
let rig: Rig;
let projected: Projected;
let context: QueryContext;
let sent = 0;

async function tell(type: string, stream: string, data: unknown, as: Caller = ALICE): Promise<void> {
  const commandId = stableId('dashboard', String(sent++));
  const id = stream.slice(stream.indexOf('-') + 1);
  // The day before, so that what is past now was none yet.
  const command = { type, stream, id, data, commandId, actor: as, now: '2026-11-29T12:00:00.000Z' };
  await commandsOn(rig.store).handle(command, { correlationId: commandId });
}

/** Makes a task of Bob's for a user, perhaps with a deadline and another status; answers its id. */
async function task(title: string, { assignee = ALICE.id, deadline = undefined as string | undefined, status = '' } = {}): Promise<void> {
  const stream = `task-${stableId('dashboard task', title)}`;
  await tell('CreateTask', stream, { title, userId: assignee, ...(deadline ? { deadline } : {}) }, BOB);
  if (status) await tell('ChangeTaskStatus', stream, { status });
}

beforeAll(async () => {
  rig = await openRig();
  projected = await rig.project();
  context = { ...rig, ...projected, now: () => NOW };
  for (const { id } of [ALICE, BOB, CAROL]) await tell('RegisterUser', `user-${id}`, { name: 'Somebody', email: `${id}@example.org` });
  await task('no deadline');
  await task('begun', { status: 'in-progress' });
  await task('past', { deadline: '2026-11-30T21:00:00.000Z' });
  await task('past and done', { deadline: '2026-11-30T21:00:00.000Z', status: 'done' });
  await task('tonight', { deadline: '2026-11-30T22:30:00.000Z' });
  await task('after midnight in Berlin', { deadline: '2026-11-30T23:30:00.000Z' });
  await task('in a week', { deadline: '2026-12-07T12:00:00.000Z' });
  await task('in nine days', { deadline: '2026-12-09T12:00:00.000Z' });
  await task('of Bob', { assignee: BOB.id, deadline: '2026-11-30T21:00:00.000Z' });
  await tell('PlaceOrder', `order-${stableId('an order')}`, {
    email: 'alice@example.org',
    items: [{ sku: 'LAMP-1', quantity: 1, unitPrice: { amount: 100, currency: 'EUR' } }],
  });
});
afterAll(() => rig.close());

const titles = (tasks: { items: { title: string }[] }) => tasks.items.map(({ title }) => title);
const asked = async (query = '', options: Parameters<ReturnType<typeof asking>>[1] = {}, of = context) =>
  asking(of)(`/api/dashboard${query}`, { headers: { 'read-after': await rig.store.head() }, ...options });

it('has one’s tasks by status, what is due, unread notifications and orders, as new as Read-After asks', async () => {
  const { body, position } = await asked();
  expect(position >= (await rig.store.head())).toBe(true);
  expect(body.tasks).toEqual({ open: 6, 'in-progress': 1, done: 1, cancelled: 0 });
  expect(titles(body.due.overdue)).toEqual(['past']);
  expect(titles(body.due.today)).toEqual(['tonight', 'after midnight in Berlin']);
  expect(titles(body.due.next7Days)).toEqual(['in a week']);
  expect(body.due.today.count).toBe(2);
  expect(body.notifications).toEqual({ unread: 0 });
  expect(body.orders).toMatchObject({ placed: 1, confirmed: 0 });
  expect(body.away).toEqual([]);
  expect((await asked('', { as: BOB })).body).toMatchObject({ tasks: { open: 1 }, orders: { placed: 0 } });
});

it('counts in the store: no more documents leave it than are shown, however many there are', async () => {
  const titled = (title: string) => task(title, { assignee: CAROL.id, deadline: '2026-11-30T22:00:00.000Z' });
  for (let n = 0; n < 13; n++) await titled(`tonight ${n}`);
  const read: number[] = [];
  const readModels: QueryContext['readModels'] = {
    ...context.readModels,
    find: async (model, generation, query) => {
      const found = await context.readModels.find(model, generation, query);
      read.push(found.length);
      return found;
    },
  };
  const { body } = await asked('', { as: CAROL }, { ...context, readModels });
  expect(body.tasks).toEqual({ open: 13, 'in-progress': 0, done: 0, cancelled: 0 });
  expect([body.due.overdue.count, body.due.today.count, body.due.today.items.length]).toEqual([0, 13, 10]);
  expect(read.toSorted((one, other) => one - other)).toEqual([0, 0, 11]);
});

it('has days as they are in one’s time zone', async () => {
  const { body } = await asked('?timeZone=Europe/Berlin');
  expect([titles(body.due.today), titles(body.due.next7Days)]).toEqual([['tonight'], ['after midnight in Berlin', 'in a week']]);
  await expect(asked('?timeZone=Mars/Base')).rejects.toMatchObject({ status: 400, errors: [{ pointer: '?timeZone' }] });
});

it.each([
  ['task_list', ['tasks', 'due']],
  ['notifications', ['notifications']],
  ['orders', ['orders']],
])('where %s is away it names %j, and answers the rest', async (model, away) => {
  const readModels: QueryContext['readModels'] = {
    ...context.readModels,
    state: (spec, ...rest) => (spec.name === model ? Promise.reject(new ReadModelsUnavailable('away')) : context.readModels.state(spec, ...rest)),
  };
  const { body } = await asked('', {}, { ...context, readModels });
  expect(body.away).toEqual(away);
  expect(Object.keys(body).toSorted()).toEqual(['away', 'due', 'notifications', 'orders', 'tasks'].filter((name) => !away.includes(name)));
});

it('is refused where everything is away, and where Read-After is no position', async () => {
  const readModels: QueryContext['readModels'] = { ...context.readModels, state: () => Promise.reject(new ReadModelsUnavailable('away')) };
  await expect(asking({ ...context, readModels })('/api/dashboard')).rejects.toBeInstanceOf(ReadModelsUnavailable);
  await expect(asked('', { headers: { 'read-after': 'x' } })).rejects.toMatchObject({ status: 400 });
});
