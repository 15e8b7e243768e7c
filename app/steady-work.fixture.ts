/** Steady work on everything at once, and what must have come of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { RecordedEvent } from '../contracts/message.ts';
import { projectors } from '../projections/projectors.ts';
import { caller, type Reply, type User } from '../system/client.fixture.ts';
import type { Command } from '../system/faults-load.fixture.ts';
import {
  checkLog,
  checkMails,
  isDecided,
  notificationsIn,
  readStory,
  type Story,
  type Told,
  wantedAndRequested,
} from '../system/faults-log.fixture.ts';
import { upload } from '../system/form.fixture.ts';
import { endsOf } from '../system/orders.fixture.ts';
import { png } from '../system/pictures.fixture.ts';
import { idsIn, textOf } from '../system/projections.fixture.ts';
import type { DependentProcess } from './absence.fixture.ts';

const PASSWORD = 'a long phrase of theirs';
const ITEMS = [{ sku: 'lamp', quantity: 1, unitPrice: { amount: 1299, currency: 'EUR' } }];
/** How long what comes of the work is waited for: a second look for what was lost may come after a minute. */
const PATIENCE = { timeout: 150_000, interval: 100 };
/** Milliseconds before a request that was not answered is sent again. */
const AGAIN = 100;
const MOST_TRIES = 100;

/** What was asked for. */
export interface Worked {
  /** Each command on a task as it was answered. */
  commands: Command[];
  orders: string[];
  files: string[];
  ann: string;
}

/** Sends a request again, under one key, until it is answered. */
async function answered(ask: (headers: Record<string, string>) => Promise<Reply>): Promise<{ reply: Reply; times: number }> {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  for (let times = 1; ; times++) {
    const reply = await ask(headers);
    if (reply.status < 300) return { reply, times };
    expect(times < MOST_TRIES ? reply.status : `${reply.status} ${times} times`, reply.text).toBe(503);
    await delay(AGAIN);
  }
}

/** A way to ask in the name of a user until there is an answer. */
const patient = (user: Pick<User, 'call'>) => async (what: string, body?: unknown) =>
  (await answered((headers) => user.call(what, body, headers))).reply;

type Entered = Pick<User, 'id' | 'call' | 'accessToken'>;

/** Somebody new, who is logged in. */
async function entered({ url }: DependentProcess, admin: User, name: string): Promise<Entered> {
  const account = { name, email: `${name}@example.org`, password: PASSWORD };
  await patient(admin)('POST /api/users', account);
  const { body } = await patient({ call: caller(() => url) })('POST /api/login', { email: account.email, password: account.password });
  return { id: body.user.id, call: caller(() => url, body.accessToken), accessToken: body.accessToken };
}

/** Works with everything: people, tasks, comments, files, orders, messages, a rebuild. */
export async function workSteadily(process: DependentProcess, admin: User): Promise<Worked> {
  const commands: Command[] = [];
  const [ann, bob] = await Promise.all([entered(process, admin, 'Ann'), entered(process, admin, 'Bob')]);
  const asAdmin = patient(admin);

  /** Sends a command on a task, and keeps what was answered. */
  async function send(by: Entered, what: string, body?: object, events = 1): Promise<string> {
    const { reply, times } = await answered((headers) => by.call(what, body, headers));
    const { id, revision, position } = reply.body;
    commands.push({ task: id, events, revision, position, times });
    return id;
  }

  async function onTasks(): Promise<string> {
    const deadline = new Date(Date.now() + 3_000).toISOString();
    // Nobody is told of a deadline who is gone by then.
    const lamp = await send(bob, 'POST /api/tasks', { title: 'Lamp', userId: admin.id, deadline }, 2);
    const door = await send(bob, 'POST /api/tasks', { title: 'Door', userId: ann.id }, 2);
    await send(admin, `POST /api/tasks/${lamp}/comments`, { text: 'Which one?' });
    await send(bob, `PATCH /api/tasks/${lamp}`, { title: 'Both lamps' });
    await send(ann, `PUT /api/tasks/${door}/status`, { status: 'done' });
    await send(bob, `DELETE /api/tasks/${door}`);
    await send(bob, `POST /api/tasks/${door}/restore`);
    return lamp;
  }
  async function picture(height: number): Promise<string> {
    const form = { task: lamp, file: { name: 'hall.png', bytes: png(40, height) } };
    return (await answered((headers) => upload({ url: process.url, user: bob }, form, { headers }))).reply.body.id;
  }
  const order = async () => (await patient(bob)('POST /api/orders', { email: 'bob@example.org', items: ITEMS })).body.id;

  const [lamp, orders] = await Promise.all([onTasks(), Promise.all([1, 2, 3].map(order))]);
  await asAdmin('POST /api/notifications/send', { type: 'email', recipient: 'cat@example.org', subject: 'Keys', content: 'They are here.' });
  await asAdmin('POST /api/notifications/send', { type: 'sms', recipient: '+4915112345678', content: 'The keys are here.' });
  // Several: one that failed waits longer each time, a minute after the third one, and what fails once fails for some of them.
  const files = await Promise.all([30, 31, 32].map(picture));
  await askForRebuild(admin, 'task_list');
  return { commands, orders, files, ann: ann.id };
}

/** Erases one of those who worked; resolves once that is certified. */
export async function eraseOne(admin: User, { ann }: Worked): Promise<void> {
  await patient(admin)(`DELETE /api/users/${ann}?erase=true`);
  await vi.waitFor(async () => {
    const { status, text } = await admin.call(`GET /api/users/${ann}/erasure`);
    expect(status, text).toBe(200);
  }, PATIENCE);
}

/** Asks for a rebuild until there is one: repeated, it may find the one that is at work. */
async function askForRebuild(admin: User, model: string): Promise<void> {
  const path = `POST /api/admin/projections/${model}/rebuild`;
  await vi.waitFor(async () => expect([200, 202, 409], path).toContain((await admin.call(path)).status), PATIENCE);
}

/** Waits until nothing of the work is under way any more, by what is recorded: whatever fails meanwhile, it is read. */
export async function settledWork({ ports }: DependentProcess, { orders, files }: Worked): Promise<void> {
  await vi.waitFor(async () => {
    const story = await readStory(ports.store);
    const typesOf = (stream: string) => story.streams.get(stream)?.map(({ type }) => type);
    for (const id of files) expect(typesOf(`media-${id}`)).toContain('MediaAttached');
    for (const id of orders) expect(typesOf(`order-${id}`)).toContain('OrderConfirmed');
    const { wanted, requested } = wantedAndRequested(ofPolicies(story));
    expect(requested).toEqual(wanted);
    expect(requested.join()).toContain('overdue');
    const open = notificationsIn(story).filter((one) => !isOver(one));
    expect(open.map(({ id, channel, last }) => `${channel} ${id}: ${last.type} ${JSON.stringify(last.data)}`)).toEqual([]);
    for (const { model } of projectors) expect((await ports.readModels.state(model))?.checkpoint.position, model.name).toBe(story.head);
  }, PATIENCE);
}

/** True for a message that is decided, and for an SMS of unknown fate, which waits for an operator. */
const isOver = (told: Told) => isDecided(told) || (told.channel === 'sms' && told.last.type === 'NotificationHeld');

/** The story without the messages that another backend asked for, which no policy wants. */
function ofPolicies(story: Story): Story {
  const isOfBackend = ({ type, data }: RecordedEvent) => type === 'NotificationRequested' && (data as { kind?: string }).kind === 'message';
  return { ...story, events: story.events.filter((event) => !isOfBackend(event)) };
}

/**
 * Checks that every answered command is in the log once, where the answer said, every order was decided once, and every message that the policies want was
 * asked for once, and handed over once, or besides at most as often as attempts of unknown fate are listed. `sends`: how often each was handed over.
 */
export async function checkDoneOnce({ ports }: DependentProcess, { commands, orders }: Worked, sends: ReadonlyMap<string, number>): Promise<void> {
  const story = await readStory(ports.store);
  checkLog(story, commands);
  for (const id of orders) expect(endsOf(story.streams.get(`order-${id}`) ?? []), `order ${id}`).toEqual(['confirmed']);
  const told = notificationsIn(story);
  const texts = told.filter(({ channel }) => channel === 'sms');
  expect(texts).toHaveLength(1);
  // Nobody knows whether the second attempt is one too many: an SMS is held after the first, for an operator.
  for (const { id, unknown } of texts) expect(sends.get(id) ?? 0, `SMS ${id}`).toBeOneOf(unknown > 0 ? [0, 1] : [1]);
  const mails = new Map([...sends].filter(([id]) => !texts.some((text) => text.id === id)));
  checkMails(ofPolicies(story), mails);
}

/** Checks that read models, and the answers of queries, are those of read models that are made anew. */
export async function checkAsMadeAnew({ ports }: DependentProcess, admin: User, { commands }: Worked): Promise<void> {
  const paths = [...new Set(commands.map(({ task }) => `/api/tasks/${task}`)), ...LISTS];
  const now = async () => [await documents(ports), await Promise.all(paths.map(async (path) => (await admin.ok(`GET ${path}`)).text))];
  const before = await now();
  for (const { model } of projectors) {
    await askForRebuild(admin, model.name);
    const done = async () => (await admin.ok(`GET /api/admin/projections/${model.name}/rebuild`)).body.state;
    await vi.waitFor(async () => expect(await done(), model.name).toBe('done'), PATIENCE);
  }
  expect(before).toEqual(await now());
}
const LISTS = ['tasks?limit=100', 'users?limit=100', 'orders?limit=100', 'notifications?limit=100&all', 'inbox?limit=100'].map(
  (one) => `/api/${one}`,
);

/** The documents of all read models, as text. */
async function documents({ store, readModels }: DependentProcess['ports']): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const projector of projectors) {
    const { model } = projector;
    const state = await readModels.state(model);
    found[model.name] = textOf(await readModels.get(model, state?.generation ?? 0, await idsIn(store, projector)));
  }
  return found;
}
