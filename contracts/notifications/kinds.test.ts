import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { notificationContract } from '../notification.ts';
import { CHANNELS } from './kind.ts';
import { KINDS, kinds } from './kinds.ts';

const FOLDER = new URL('./', import.meta.url);

/** The records of a file: what it exports as `…Kinds`. */
async function recordsIn(file: string): Promise<[kind: string, record: unknown][]> {
  const exported: Record<string, object> = await import(new URL(file, FOLDER).href);
  return Object.entries(exported).flatMap(([name, value]) => (name.endsWith('Kinds') ? Object.entries(value) : []));
}

it('every record of this folder is in the registry, and none has the name of another', async () => {
  const files = readdirSync(FOLDER).filter((file) => !/^kinds?\.|\.test\./.test(file));
  const records = (await Promise.all(files.map(recordsIn))).flat();
  expect(records.map(([kind]) => kind).toSorted()).toEqual(KINDS.toSorted());
  for (const [kind, record] of records) expect(kinds).toHaveProperty(kind, record);
});

it('every kind is on some channel, each once, and a notification of it keeps to the contract', () => {
  const { schema, example } = notificationContract.events.NotificationRequested;
  for (const kind of KINDS) {
    const { channels } = kinds[kind];
    expect(CHANNELS.filter((one) => (channels as readonly string[]).includes(one)).toSorted(), kind).toEqual([...channels].toSorted());
    expect(channels.length, kind).toBeGreaterThan(0);
    for (const channel of channels) expect(schema.parse({ ...example, kind, channel })).toMatchObject({ kind, channel });
  }
});

it('kinds that events were recorded with are never renamed or removed', () => {
  const recorded = [
    ...['confirm_registration', 'user_created', 'task_created', 'task_assigned', 'comment_added', 'status_changed'],
    ...['due_soon', 'overdue', 'order_confirmed', 'order_rejected', 'message'],
  ];
  expect(KINDS).toEqual(expect.arrayContaining(recorded));
});

it('an inbox item has a title, whatever its reader may see', () => {
  for (const kind of KINDS) expect(kinds[kind].inbox.title, kind).toMatch(/^\S.*\S$/);
});
