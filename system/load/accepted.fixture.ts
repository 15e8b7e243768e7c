/** What was accepted under load, against the log. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, vi } from 'vitest';
import { categoryOf, idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent } from '../../contracts/notification.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { logIn } from '../client.fixture.ts';
import type { Mail } from '../mails.fixture.ts';
import type { Installation } from '../system.fixture.ts';

/** Milliseconds in which all mails of a load are to be sent. */
const FLOW_OFF = 20 * 60_000;

/**
 * Waits until all mails of a load are sent: policies go in log order, so once the mail of a last task is there, all earlier ones were asked for.
 * Resolves to the milliseconds that took.
 */
export async function flowedOff({ admin, url }: Installation): Promise<number> {
  const begun = performance.now();
  const patience = { timeout: FLOW_OFF, interval: 250 };
  // The load may have lasted longer than a token.
  const { ok } = await logIn(url, admin);
  const title = `The last task ${crypto.randomUUID()}`;
  await vi.waitFor(() => ok('POST /api/tasks', { title }), patience);
  await vi.waitFor(async () => {
    const { body } = await ok(`GET /outbox?limit=100&to=${encodeURIComponent(admin.email)}`);
    expect((body.items as Mail[]).map(({ subject }) => subject)).toContain(`New task: ${title}`);
    const metrics = await (await fetch(`${url()}/metrics`)).text();
    expect(/^taskledger_notifications_waiting\S* (\d+)/m.exec(metrics)?.[1], 'mails that wait').toBe('0');
  }, patience);
  return performance.now() - begun;
}

export interface Compared {
  /** Commands that were answered with success, each counted once. */
  accepted: number;
  /** The events of tasks in the log. */
  events: number;
  mails: number;
}

/**
 * Checks, in the data folder of a process that has ended: every command of the file is in the log where its answer said; no event is there twice, no
 * revision is left out; every task asked for its mail once, and each was sent at the first attempt.
 */
export async function checkAccepted(dataDir: string, acceptedFile: string): Promise<Compared> {
  const accepted = new Set<string>();
  for await (const line of createInterface({ input: createReadStream(acceptedFile) })) accepted.add(line);
  const { size } = accepted;
  const told: Told = new Map();
  const tasks = { events: 0, created: 0 };
  for await (const event of wholeLog(dataDir)) {
    const { stream, revision, position, type } = event;
    if (categoryOf(stream) === 'notification') noteMail(told, event as unknown as NotificationEvent & { stream: string });
    if (categoryOf(stream) !== 'task') continue;
    accepted.delete(`${idOf(stream)} ${revision} ${position}`);
    tasks.events++;
    if (type === 'TaskCreated') tasks.created++;
  }
  expect([...accepted].slice(0, 5), `${accepted.size} of ${size} accepted commands are not in the log`).toEqual([]);
  expect(told.size, 'mails').toBe(tasks.created);
  expect(new Set([...told.values()].map(({ task }) => task)).size, 'tasks with a mail').toBe(tasks.created);
  const other = [...told].filter(([, one]) => one.events.join() !== 'NotificationProcessing,NotificationSent');
  expect(other.slice(0, 5), 'mails not sent at the first attempt').toEqual([]);
  return { accepted: size, events: tasks.events, mails: told.size };
}

/** Every event of the log, whose ids and revisions are checked on the way. */
async function* wholeLog(dataDir: string): AsyncGenerator<RecordedEvent> {
  const ids = new Set<string>();
  const revisions = new Map<string, number>();
  const store = await openEventStore('sqlite:', { dataDir, log: { info: () => {}, warn: () => {}, error: () => {} } });
  try {
    for await (const page of store.readAll())
      for (const event of page) {
        const { id, stream, revision } = event;
        if (ids.has(id)) throw new Error(`event ${id} of ${stream} is there twice`);
        ids.add(id);
        if (revision !== (revisions.get(stream) ?? -1) + 1) throw new Error(`${stream} has ${revision} after ${revisions.get(stream)}`);
        revisions.set(stream, revision);
        yield event;
      }
  } finally {
    await store.close();
  }
}

/** By notification: its task, and its events after the request. */
type Told = Map<string, { task: string; events: string[] }>;

function noteMail(told: Told, event: NotificationEvent & { stream: string }): void {
  if (event.type !== 'NotificationRequested') told.get(event.stream)?.events.push(event.type);
  else if (event.data.kind === 'task_created' && event.data.channel === 'email')
    told.set(event.stream, { task: event.data.about.stream, events: [] });
}
