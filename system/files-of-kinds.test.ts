/** Files on each kind of thing, from outside: who adds, reads and takes away, and who hears of it on an open page. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { orderContract } from '../contracts/order.ts';
import type { User } from './client.fixture.ts';
import { uploadPatiently } from './form.fixture.ts';
import { follow } from './live.fixture.ts';
import { png } from './pictures.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const PATIENCE = { timeout: 100_000 };

let system: Installation;
/** Whose things they are, a resident who has nothing to do with them, and one more member. */
let owner: User;
let stranger: User;
let member: User;
const task = async () => (await owner.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;

beforeAll(async () => {
  system = await openInstallation();
  [owner, stranger, member] = [await system.register('Olga'), await system.register('Stan'), await system.register('Mia')];
  await system.admin.ok(`PUT /api/users/${stranger.id}/role`, { role: 'resident' });
}, 300_000);
afterAll(() => system?.remove());

interface Thing {
  id: string;
  task?: string;
  /** The Position of what made it. */
  position?: string;
}

/** A kind: a new thing of the owner's, who else hears of its files and by which topic, and whether these read its files. */
interface Kind {
  kind: 'task' | 'comment' | 'order' | 'user';
  make(): Promise<Thing>;
  hears(): User;
  topic(thing: Thing): string;
  readBy: ('stranger' | 'member')[];
  addedBy: 'member'[];
}

const KINDS: Kind[] = [
  {
    kind: 'task',
    make: async () => ({ id: await task() }),
    hears: () => member,
    topic: ({ id }) => `task:${id}`,
    readBy: ['member'],
    addedBy: ['member'],
  },
  {
    kind: 'comment',
    make: async () => {
      const on = await task();
      const { body } = await owner.ok(`POST /api/tasks/${on}/comments`, { text: 'Which colour?' });
      const { comments } = (await owner.ok(`GET /api/tasks/${on}`, undefined, { 'read-after': body.position })).body;
      return { id: comments.at(-1).id, task: on, position: body.position };
    },
    hears: () => member,
    topic: ({ task: on }) => `task:${on}`,
    readBy: ['member'],
    addedBy: [],
  },
  {
    kind: 'order',
    make: async () => ({ id: (await owner.ok('POST /api/orders', orderContract.commands.PlaceOrder.example)).body.id }),
    hears: () => system.admin,
    topic: () => 'role:admin',
    readBy: [],
    addedBy: [],
  },
  { kind: 'user', make: async () => ({ id: owner.id }), hears: () => stranger, topic: () => 'profiles', readBy: ['stranger', 'member'], addedBy: [] },
];

const send = (user: User, kind: string, { id, position }: Thing) =>
  uploadPatiently(
    { url: system.url(), user },
    { [kind]: id, file: { name: 'hall.png', bytes: png(80, 60) } },
    { headers: position ? { 'read-after': position } : {} },
  );

it.each(KINDS)(
  'a $kind has files by who may add some, for who may read it, and open pages hear what becomes of them',
  { timeout: 300_000 },
  async (of) => {
    const thing = await of.make();
    const subject = { kind: of.kind, id: thing.id, ...(thing.task ? { task: thing.task } : {}) };
    const live = follow(system, of.hears(), of.topic(thing));
    await live.joined();

    const sent = await send(owner, of.kind, thing);
    expect(sent.status, sent.text).toBe(202);
    const { id } = sent.body;
    const shown = async (user: User) => (await user.ok(`GET /api/media?${of.kind}=${thing.id}`)).body.items;
    await expect.poll(() => shown(owner), PATIENCE).toMatchObject([{ id, status: 'attached', of: subject }]);

    for (const [name, user] of Object.entries({ stranger, member } as const)) {
      const reads = (of.readBy as string[]).includes(name);
      expect((await shown(user)).length, `listed for the ${name}`).toBe(reads ? 1 : 0);
      expect((await user.call(`GET /api/media/${id}/url?size=320`)).status, `an address for the ${name}`).toBe(reads ? 200 : 404);
      const adds = (of.addedBy as string[]).includes(name);
      const { status, body } = await send(user, of.kind, thing);
      expect(status, `an upload of the ${name}`).toBe(adds ? 202 : reads ? 403 : 422);
      if (adds) await user.ok(`DELETE /api/media/${body.id}`);
    }
    for (const what of [`DELETE /api/media/${id}`, `DELETE /api/media/${id}/attachment`])
      expect([403, 404], `${what} by a stranger`).toContain((await stranger.call(what)).status);

    await owner.ok(`DELETE /api/media/${id}/attachment`);
    await expect.poll(() => shown(owner), PATIENCE).toEqual([]);
    await owner.ok(`PUT /api/media/${id}/attachment`, { of: subject });
    const deleted = await owner.ok(`DELETE /api/media/${id}`);
    await live.reached(deleted.headers.get('position') ?? '');
    const told = live.changes.filter((change) => change.id === id).map(({ type }) => type);
    const steps = ['MediaReceived', 'MediaAttached', 'MediaDetached', 'MediaAttached', 'MediaDeleted'];
    expect(told.filter((type) => steps.includes(type))).toEqual(steps);
    live.close();
  },
);

it('nobody puts a file on a thing of somebody else by naming one of their own beside it', { timeout: 300_000 }, async () => {
  const own = await send(stranger, 'user', { id: stranger.id });
  expect(own.status, own.text).toBe(202);
  const { id } = own.body;
  await expect.poll(async () => (await stranger.ok(`GET /api/media/${id}`)).body.status, PATIENCE).toBe('attached');
  const put = async (of: object) => (await stranger.call(`PUT /api/media/${id}/attachment`, { of })).body;
  expect(await put({ kind: 'user', id: owner.id, task: stranger.id })).toMatchObject({ status: 422, errors: [{ pointer: '/of/task' }] });
  expect(await put({ kind: 'user', id: owner.id })).toMatchObject({ status: 403 });
  expect((await owner.ok(`GET /api/media?user=${owner.id}`)).body.items).toEqual([]);
});

it('nobody puts a file on a comment by naming another task beside it', { timeout: 300_000 }, async () => {
  const on = (kind: string) => KINDS.find((one) => one.kind === kind)?.make() as Promise<Thing>;
  const [comment, other] = [await on('comment'), await on('task')];
  const { id } = (await send(owner, 'task', other)).body;
  await expect.poll(async () => (await owner.ok(`GET /api/media/${id}`)).body.status, PATIENCE).toBe('attached');
  const put = (of: object) => owner.call(`PUT /api/media/${id}/attachment`, { of });
  const crossed = await put({ kind: 'comment', id: comment.id, task: other.id });
  expect([crossed.status, crossed.body.errors]).toEqual([422, [{ pointer: '/of/id', detail: 'is no comment of what is named beside it' }]]);
  expect((await put({ kind: 'comment', id: comment.id })).body.errors).toMatchObject([{ pointer: '/of/task' }]);
  expect((await put({ kind: 'comment', id: comment.id, task: comment.task })).status).toBe(200);
});
