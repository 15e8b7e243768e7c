/** What has its time while no process runs. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { inboxOf, told } from './inbox.suite.ts';
import { type Backend, backendOf, type Receivers, startReceivers, takenFor } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const HOUR = 3_600_000;
/** Milliseconds from asking to the time: where the process is not stopped by then, as on a machine with much to do, it is asked for anew. */
const FIRST_WAY = 2_000;
const LONGEST_WAY = 60_000;

let receivers: Receivers;
let system: Installation;
let backend: Backend;
let alice: User;
beforeAll(async () => {
  receivers = await startReceivers();
  system = await openInstallation({ ...receivers.env, DUE_SOON_HOURS: '1' });
  [backend, alice] = await Promise.all([backendOf(system), system.register('Alice')]);
});
afterAll(async () => {
  await system?.remove();
  await receivers?.stop();
});

/** Asks for something at a time that comes while no process runs, and starts one after it. Answers what was asked for. */
async function whileItIsDown<T>(ask: (time: number) => Promise<T>): Promise<T> {
  for (let way = FIRST_WAY; way <= LONGEST_WAY; way *= 3) {
    const time = Date.now() + way;
    const asked = await ask(time);
    await system.stop();
    const isBefore = Date.now() < time;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(time), { timeout: LONGEST_WAY, interval: 20 });
    await system.start();
    if (isBefore) return asked;
  }
  return expect.fail(`it never stopped within ${LONGEST_WAY} ms`);
}

const makeTask = async (title: string, deadline: number) =>
  void (await alice.ok('POST /api/tasks', { title, deadline: new Date(deadline).toISOString() }));
const dueSoon = async () => (await inboxOf(alice)).items.filter(({ kind }) => kind === 'due_soon').map(({ title }) => title);

it('what its time came for while no process ran comes once after the start: a mail with sendAt, and the word that a task is due soon', {
  timeout: 240_000,
}, async () => {
  const { id, recipient, title } = await whileItIsDown(async (time) => {
    const [to, task] = [`ann.${time}@example.org`, `Mend the lift ${time}`];
    await makeTask(task, time + HOUR);
    return {
      id: await backend.send({ type: 'email', recipient: to, content: 'It is here.', sendAt: new Date(time).toISOString() }),
      recipient: to,
      title: task,
    };
  });
  const statuses = (await backend.becomes(id, 'sent')).history.map(({ status }: { status: string }) => status);
  expect(statuses).toEqual(['scheduled', 'processing', 'sent']);
  await told(alice, title, ['due_soon']);

  // What comes after them is there: nothing more of them comes.
  const after = `Mend the roof ${crypto.randomUUID()}`;
  await makeTask(after, Date.now() + HOUR / 2);
  await told(alice, after, ['due_soon']);
  await backend.becomes(await backend.send({ type: 'email', recipient: 'bea@example.org', content: 'And this?' }), 'sent');
  expect(takenFor(receivers, [recipient])).toEqual([[recipient, id]]);
  expect((await dueSoon()).filter((one) => one === title)).toEqual([title]);
});
