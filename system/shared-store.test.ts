/** An event store that others use, too: whatever they write into it, also into our streams, changes nothing of ours. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { type Double, startDouble } from '../platform/event-store/double/double.ts';
import type { User } from './client.fixture.ts';
import { follow } from './live.fixture.ts';
import { mailsTo } from './mails.fixture.ts';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'shared-'));
let double: Double;
let others: EventStoreDBClient;
let system: Installation;
let bert: User;

/** Appends an event as another application does, with or without metadata. */
async function append(stream: string, type: string, data: object, metadata?: object): Promise<void> {
  await others.appendToStream(stream, jsonEvent({ type, data: data as Record<string, string>, ...(metadata ? { metadata } : {}) }));
}

/** Appends a copy of our events, as an archive keeps them. */
async function copy(stream: string, ...types: string[]): Promise<void> {
  for (const type of types) {
    const { data, metadata } = exampleEvent(type);
    await append(stream, type, data as object, metadata);
  }
}

async function eventsOf(stream: string): Promise<{ data: unknown }[]> {
  const found = [];
  for await (const { event } of others.readStream(stream)) if (event) found.push(event);
  return found;
}

beforeAll(async () => {
  double = await startDouble({ folder });
  others = EventStoreDBClient.connectionString(double.url);
  await append('ticket-7', 'TaskCreated', { subject: ['of', 'another'], title: { de: 'Lampe' } });
  await append('order-4711', 'OrderPlaced', { total: 12, email: 'somebody@example.com' });
  await append(`order-${randomUUID()}`, 'OrderPlaced', { total: 12, email: 'somebody@example.com' });
  await copy(`archive-${randomUUID()}`, 'TaskCreated', 'TaskAssigned');
  await copy('order-4712', 'OrderPlaced');
  system = await openInstallation({ EVENT_STORE_URL: double.url, ADMIN_EMAIL: ADMIN.email });
  bert = await system.register('Bert');
});
afterAll(async () => {
  await system?.remove();
  await others.dispose();
  await double.stop();
  rmSync(folder, { recursive: true, force: true });
});

const made = async (title: string) => bert.ok('POST /api/tasks', { title, userId: bert.id });
const listed = async (after: string | null) => (await bert.ok('GET /api/tasks', undefined, { 'Read-After': after ?? '' })).body.items;

it('lists, mails and pushes what is ours, before and after others have written, into our streams and into theirs', async () => {
  const following = follow(system, bert, `user:${bert.id}`);
  await following.joined();
  const lamp = await made('Lamp');
  const { id } = lamp.body;
  for (const stream of [`task-${id}`, `user-${bert.id}`]) await append(stream, 'Noted', { by: 'another application' });
  await append(`task-${id}`, 'TaskEdited', { title: 'Not ours' });
  await copy(`task-${id}`, 'UserDeleted');
  await append('ticket-8', 'TaskCreated', { title: 7 });
  await copy(`archive-${id}`, 'TaskCreated');
  const read = await bert.ok(`GET /api/tasks/${id}`, undefined, { 'Read-After': lamp.headers.get('position') ?? '' });
  const edited = await bert.ok(`PATCH /api/tasks/${id}`, { title: 'Lamps' }, { 'If-Match': read.headers.get('etag') ?? '' });
  await following.reached(edited.headers.get('position') ?? '');
  following.close();
  expect(following.changes.map(({ type }) => type)).not.toContain('Noted');
  expect((await listed(edited.headers.get('position'))).map(({ title }: { title: string }) => title)).toEqual(['Lamps']);
  const { headers } = await bert.ok(`GET /api/tasks/${id}`, undefined, { 'Read-After': edited.headers.get('position') ?? '' });
  expect(headers.get('etag')).toBe(edited.headers.get('etag'));
  await bert.ok(`PATCH /api/tasks/${id}`, { title: 'Lamps' }, { 'If-Match': headers.get('etag') ?? '' });
  const { body } = await bert.ok(`GET /api/tasks/${id}/history`);
  expect(body.items.map(({ type }: { type: string }) => type)).toEqual(['TaskCreated', 'TaskAssigned', 'TaskEdited']);
  await vi.waitFor(async () => expect((await mailsTo(system.admin, bert.email)).map(({ subject }) => subject).join()).toContain('Lamp'), {
    timeout: 20_000,
  });
  expect((await mailsTo(system.admin)).map(({ to }) => to)).not.toContain('somebody@example.com');
  expect((await system.admin.ok('GET /api/admin/parked')).body.items).toEqual([]);
  for (const stream of ['order-4711', 'order-4712', 'ticket-7']) expect(await eventsOf(stream)).toHaveLength(1);
});

it('counts what is not ours by its reason, and says each category once', async () => {
  const { text } = await system.call('GET /metrics');
  for (const reason of ['stream', 'metadata', 'type'])
    expect(text).toMatch(new RegExp(`^taskledger_foreign_events_total\\{reason="${reason}"\\} [1-9]`, 'm'));
  expect(text).not.toMatch(/^taskledger_unknown_events_total [1-9]/m);
  const said = system
    .output()
    .split('\n')
    .filter((line) => line.includes('events that are not ours'))
    .map((line) => JSON.parse(line).category);
  expect(new Set(said)).toEqual(new Set(['ticket', 'order', 'archive', 'task', 'user']));
});

it('does the same after a restart, and a read model that is made anew has nothing of others', async () => {
  await system.stop();
  await system.start();
  const { headers } = await made('Shelf');
  expect(await listed(headers.get('position'))).toHaveLength(2);
  await system.admin.ok('POST /api/admin/projections/task_list/rebuild');
  await vi.waitFor(async () => expect((await system.admin.ok('GET /api/admin/projections/task_list/rebuild')).body.state).toBe('done'), {
    timeout: 10_000,
  });
  expect(await listed(headers.get('position'))).toHaveLength(2);
});

it('goes on where a stream of ours was given a tombstone by the server', async () => {
  const { body } = await made('Doomed');
  await others.tombstoneStream(`task-${body.id}`);
  const following = follow(system, bert, `user:${bert.id}`);
  await following.joined();
  const { headers } = await made('Table');
  await following.reached(headers.get('position') ?? '');
  following.close();
  expect((await listed(headers.get('position'))).length).toBeGreaterThanOrEqual(3);
});

it('keeps the forwarder’s checkpoint small, however many categories others have', async () => {
  await Promise.all(Array.from({ length: 500 }, (_, n) => append(`kind${n}-1`, 'Counted', { n })));
  const { headers } = await made('Chair');
  await listed(headers.get('position'));
  await vi.waitFor(async () => {
    const { data } = (await eventsOf('_forwarder')).at(-1) as { data: { position: string } };
    expect(data.position >= (headers.get('position') ?? '')).toBe(true);
    expect(JSON.stringify(data).length).toBeLessThan(1_000);
  });
});
