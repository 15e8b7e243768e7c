import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { everyItem, logIn, type Reply, type User } from './client.fixture.ts';
import { type Following, follow } from './live.fixture.ts';
import { type Mail, mailsTo, notificationsOf } from './mails.fixture.ts';
import { runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

/** Kills of the process. A given number also waits until the leases of killed workers have run out (two minutes). */
const KILLS = Number(process.env.KILLS ?? 6);
/** Two kills each. */
const ROUNDS = Math.ceil(KILLS / 2);
/** Rounds between two log-ins: tokens are good for 15 minutes. */
const LOGGED_IN = 10;
/** Comments on a task: mails are fewer than what the outbox keeps. */
const COMMENTS = 8;
/** Delivery workers of a process: so many mails may be in the air when it is killed. */
const WORKERS = 2;

/** A command that was sent, and its answer once there is one. */
interface Sent {
  by: User;
  what: string;
  body: object;
  key: string;
  /** Its task; of a creation, once it is answered. */
  task: string;
  reply?: Reply;
}

let system: Installation;
let alice: User;
let bob: User;
const sent: Sent[] = [];
/** All mails by number: the outbox keeps the newest alone. */
const outbox = new Map<number, Mail>();

beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
  [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
});
afterAll(() => system?.remove());

async function send(by: User, what: string, body: object, task = ''): Promise<Sent> {
  const command: Sent = { by, what, body, key: crypto.randomUUID(), task };
  sent.push(command);
  await answer(command);
  return command;
}

/** Sends a command, again with its key where it was sent before. Rejects when the connection breaks. */
async function answer(command: Sent): Promise<void> {
  const { by, what, body, key } = command;
  const reply = await by.ok(what, body, { 'idempotency-key': key });
  command.reply = reply;
  command.task ||= reply.body.id;
}

/** Makes tasks and works on them until the process is gone. */
async function work(by: User): Promise<void> {
  try {
    for (;;) {
      const { task } = await send(by, 'POST /api/tasks', {
        title: `Task ${crypto.randomUUID()}`,
        ...(Math.random() < 0.5 ? { userId: bob.id } : {}),
      });
      for (let n = 0; n < COMMENTS; n++) await send(by, `POST /api/tasks/${task}/comments`, { text: `Comment ${n}` }, task);
      await send(by, `PUT /api/tasks/${task}/status`, { status: 'done' }, task);
    }
  } catch (error) {
    // What fetch says when the connection is gone; anything else is a failure.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Commands go on until the process is killed in the middle of them; then another is killed while it starts, and a third one stays. */
async function killAndStart(): Promise<void> {
  const before = sent.length;
  const working = Promise.all([work(alice), work(alice), work(alice), work(bob)]);
  await vi.waitFor(() => expect(sent.length).toBeGreaterThan(before + 20), { timeout: 20_000, interval: 5 });
  await delay(Math.random() * 500);
  await system.kill();
  await working;
  const starting = runProgram([], system.env);
  starting.url().catch(() => {});
  await delay(Math.random() * 700);
  await starting.end('SIGKILL');
  await system.start();
  // Who got no answer asks again.
  await Promise.all(sent.filter((one) => !one.reply).map(answer));
  await collectMails();
}

/** Takes over the mails that are new. A mail that was lost from the outbox by a kill, or is there twice under two numbers, stays seen. */
async function collectMails(): Promise<void> {
  const newest = Math.max(0, ...outbox.keys());
  for (const mail of await mailsTo(system.admin, undefined, newest)) outbox.set(mail.id, mail);
}

/** Gives the three of them new tokens; whoever has them at hand has the new ones, too. */
async function logInAgain(): Promise<void> {
  for (const one of [alice, bob, system.admin]) Object.assign(one, await logIn(system.url, one));
}

it(`after kill -9 at random moments (${KILLS} times) nothing acknowledged is gone, and nothing is there twice`, {
  timeout: 60_000 + ROUNDS * 30_000,
}, async () => {
  const board = follow(system, alice, 'tasks');
  await board.joined();
  for (let round = 0; round < ROUNDS; round++) {
    await killAndStart();
    if (round % LOGGED_IN === LOGGED_IN - 1) await logInAgain();
  }
  expect(sent.length).toBeGreaterThan(ROUNDS * 20);
  const histories = await checkHistories();
  await checkLists(histories);
  await checkSocket(board, histories);
  await checkMails(histories);
  const events = [...histories.values()].flat().length;
  process.stdout.write(
    `${2 * ROUNDS} kills, ${sent.length} commands acknowledged, ${histories.size} tasks, ${events} events, ${outbox.size} mails\n`,
  );
});

// biome-ignore lint/suspicious/noExplicitAny: events of every shape
type Histories = Map<string, any[]>;

/** Each task has the events of its commands, once each, where the answers said. */
async function checkHistories(): Promise<Histories> {
  const histories: Histories = new Map();
  for (const [task, commands] of Map.groupBy(sent, (one) => one.task)) {
    const events = await everyItem(alice.call, `/api/tasks/${task}/history`);
    histories.set(task, events);
    const assigned = commands.filter((one) => 'userId' in one.body).length;
    expect(events.length, `events of ${task}`).toBe(commands.length + assigned);
    for (const { reply } of commands) {
      const { revision, position } = reply?.body ?? {};
      expect(events[revision], `revision ${revision} of ${task}`).toMatchObject({ revision, position });
    }
  }
  return histories;
}

/** The newest position of all. */
const endOf = (histories: Histories): string =>
  [...histories.values()]
    .map((events) => events.at(-1)?.position as string)
    .toSorted()
    .at(-1) ?? '';

async function checkLists(histories: Histories): Promise<void> {
  const after = { 'read-after': endOf(histories) };
  const tasks = await vi.waitFor(() => everyItem(alice.call, '/api/tasks?limit=100', after), { timeout: 20_000 });
  expect(new Map(tasks.map(({ id, revision }) => [id, revision]))).toEqual(new Map([...histories].map(([id, events]) => [id, events.length - 1])));
  for (const { id, comments, status, revision } of tasks) {
    const { body } = await alice.ok(`GET /api/tasks/${id}`, undefined, after);
    expect({ comments: body.comments.length, status: body.status, revision: body.revision }).toEqual({ comments, status, revision });
  }
}

/** The page that was open all the time saw each event once, in order. */
async function checkSocket(board: Following, histories: Histories): Promise<void> {
  await board.reached(endOf(histories));
  board.close();
  const positions = board.changes.map((change) => change.position);
  expect(positions).toEqual([...histories.values()].flatMap((events) => events.map((event) => event.position)).toSorted());
  expect(board.snapshots()).toBe(0);
  for (const [index, { previous }] of board.changes.entries()) if (previous !== null && index > 0) expect(previous).toBe(positions[index - 1]);
}

/** What may still become something else. */
const UNDECIDED = process.env.KILLS ? ['pending', 'processing'] : ['pending'];

/** Each creation is told once: its mail is there, or its notification says that an attempt may have been cut off. */
async function checkMails(histories: Histories): Promise<void> {
  const about = await vi.waitFor(
    async () => {
      const all = (await notificationsOf(system.admin)).filter((one) => one.kind === 'task_created' && one.channel === 'email');
      expect(all.filter((one) => UNDECIDED.includes(one.status))).toEqual([]);
      expect(all.length).toBe(histories.size);
      return new Map(all.map((one) => [one.about.stream, one]));
    },
    { timeout: 60_000 + (UNDECIDED.length - 1) * 180_000, interval: 100 },
  );
  await collectMails();
  const mails = Map.groupBy(outbox.values(), (mail: Mail) => /#task=(\S+)/.exec(mail.text)?.[1] ?? '');
  let cutOff = 0;
  for (const [task, [created]] of histories) {
    const { status, attempts, unknownAttempts } = about.get(`task-${task}`);
    const there = mails.get(task) ?? [];
    const to = created.data.userId === bob.id ? bob.email : (created.actor === bob.id ? bob : alice).email;
    // The lease that a killed worker left may still hold.
    if (status === 'processing' || unknownAttempts.length > 0) cutOff++;
    else expect({ status, attempts, unknownAttempts }).toEqual({ status: 'sent', attempts: 1, unknownAttempts: [] });
    expect(there.map((mail) => mail.to)).toEqual(status === 'sent' ? [to] : there.length > 0 ? [to] : []);
  }
  // Also a process that is killed while it starts had workers.
  expect(cutOff).toBeLessThanOrEqual(ROUNDS * 2 * WORKERS);
}
