/** The double, seen by the bare client: it behaves as EventStoreDB does wherever the tests of the store rely on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Double, startDouble } from './double.ts';

const three = () => [1, 2, 3].map((n) => jsonEvent({ type: 'Counted', data: { n } }));
let folder: string;
let double: Double;
let client: EventStoreDBClient;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'double-'));
  double = await startDouble({ folder });
  client = EventStoreDBClient.connectionString(double.url);
});
afterEach(async () => {
  await client.dispose();
  await double.stop();
  rmSync(folder, { recursive: true });
});

async function read(events: AsyncIterable<AllStreamResolvedEvent>) {
  const found = [];
  for await (const { event } of events) if (event) found.push(event);
  return found;
}

describe('the double', () => {
  it('judges appends as EventStoreDB does', async () => {
    const events = three();
    const first = await client.appendToStream('task-1', events, { expectedRevision: NO_STREAM });
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
    expect(await client.appendToStream('task-1', events, { expectedRevision: NO_STREAM })).toEqual(first);
    expect(await client.appendToStream('task-1', events.slice(0, 2), { expectedRevision: NO_STREAM })).toMatchObject({ nextExpectedRevision: 1n });
    const wrong = [...events.slice(0, 1), ...three()];
    await expect(client.appendToStream('task-1', wrong, { expectedRevision: NO_STREAM })).rejects.toMatchObject({ actualVersion: 2n });
    await expect(client.appendToStream('task-2', events, { expectedRevision: 4n })).rejects.toMatchObject({ actualVersion: 'no_stream' });
  });

  it('takes an append with credentials of its own by the other call, to the same end', async () => {
    const credentials = { username: 'admin', password: 'changeit' };
    const events = three();
    const first = await client.appendToStream('task-1', events, { expectedRevision: NO_STREAM, credentials });
    expect(await client.appendToStream('task-1', events, { expectedRevision: NO_STREAM })).toEqual(first);
    await expect(client.appendToStream('task-1', three(), { expectedRevision: 1n, credentials })).rejects.toMatchObject({ actualVersion: 2n });
  });

  it('gives each event a position of its own, where commit is prepare, and the append’s is its last event’s', async () => {
    const { position } = await client.appendToStream('task-1', three(), { expectedRevision: NO_STREAM });
    const log = await read(client.readAll());
    expect(log[0]?.streamId).toMatch(/^\$/);
    expect(log.every(({ position: { commit, prepare } }) => commit === prepare)).toBe(true);
    expect(log.at(-1)?.position).toEqual(position);
    expect(new Set(log.map(({ position: { commit } }) => commit)).size).toBe(4);
  });

  it('reads all forwards from a position on, backwards before it, subscribes after it, and knows no position where nothing begins', async () => {
    await client.appendToStream('task-1', three(), { expectedRevision: NO_STREAM });
    const log = await read(client.readAll());
    const fromPosition = log[2]?.position ?? START;
    expect(await read(client.readAll({ fromPosition }))).toEqual(log.slice(2));
    expect(await read(client.readAll({ fromPosition, direction: BACKWARDS }))).toEqual(log.slice(0, 2).reverse());
    expect(await read(client.readAll({ fromPosition: END, direction: BACKWARDS, maxCount: 1 }))).toEqual(log.slice(-1));
    const wrong = { commit: (log[2]?.position.commit ?? 0n) + 1n, prepare: (log[2]?.position.commit ?? 0n) + 1n };
    await expect(read(client.readAll({ fromPosition: wrong }))).rejects.toThrow(/InvalidPosition/);
    const subscription = client.subscribeToAll({ fromPosition });
    for await (const { event } of subscription) {
      expect(event).toEqual(log[3]);
      break;
    }
  });

  it('filters subscriptions by the name of the stream, and tells how far it went', async () => {
    const checkpoints: unknown[] = [];
    const filter = streamNameFilter({ regex: '^[^$_]', checkpointInterval: 1, checkpointReached: (_, position) => void checkpoints.push(position) });
    const subscription = client.subscribeToAll({ filter });
    const seen: unknown[] = [];
    subscription.on('error', () => {});
    const reading = (async () => {
      for await (const { event } of subscription) seen.push(event?.streamId);
    })();
    for (let n = 0; n < 80; n++) await client.appendToStream(`_own-${n}`, three().slice(0, 1), { expectedRevision: NO_STREAM });
    await client.appendToStream('task-1', three(), { expectedRevision: NO_STREAM });
    await vi.waitFor(() => expect(seen).toEqual(['task-1', 'task-1', 'task-1']));
    expect(checkpoints.length).toBeGreaterThanOrEqual(2);
    await subscription.unsubscribe();
    await reading;
  });

  it('hides from a stream what its metadata say, and keeps it in $all', async () => {
    await client.appendToStream('_c', three(), { expectedRevision: NO_STREAM });
    const revisions = async () => {
      const found = [];
      for await (const { event } of client.readStream('_c')) found.push(event?.revision);
      return found;
    };
    await client.setStreamMetadata('_c', { maxCount: 2 });
    expect(await revisions()).toEqual([1n, 2n]);
    await client.setStreamMetadata('_c', { truncateBefore: 2 });
    expect(await revisions()).toEqual([2n]);
    expect((await read(client.readAll())).filter(({ streamId }) => streamId === '_c')).toHaveLength(3);
  });

  const revisionsOf = async (stream: string) => {
    const found = [];
    for await (const { event } of client.readStream(stream)) found.push(event?.revision);
    return found;
  };
  const NOT_FOUND = { type: 'stream-not-found' };
  const DELETED = { type: 'stream-deleted' };

  it('deletes a stream softly: it is not there, and may be begun again behind its last revision', async () => {
    const first = three();
    await client.appendToStream('task-1', first, { expectedRevision: NO_STREAM });
    await expect(client.deleteStream('task-1', { expectedRevision: 7n })).rejects.toMatchObject({ type: 'wrong-expected-version' });
    await client.deleteStream('task-1', { expectedRevision: 2n });
    await expect(revisionsOf('task-1')).rejects.toMatchObject(NOT_FOUND);
    expect(await client.appendToStream('task-1', first, { expectedRevision: NO_STREAM })).toMatchObject({ nextExpectedRevision: 2n });
    await expect(revisionsOf('task-1')).rejects.toMatchObject(NOT_FOUND);
    expect(await client.appendToStream('task-1', three(), { expectedRevision: NO_STREAM })).toMatchObject({ nextExpectedRevision: 5n });
    expect(await revisionsOf('task-1')).toEqual([3n, 4n, 5n]);
    expect((await read(client.readAll())).filter(({ streamId }) => streamId === 'task-1')).toHaveLength(6);
    await client.deleteStream('task-1');
    expect(await client.appendToStream('task-1', three(), { expectedRevision: 5n })).toMatchObject({ nextExpectedRevision: 8n });
    expect(await revisionsOf('task-1')).toEqual([6n, 7n, 8n]);
    await client.deleteStream('task-1');
    await client.setStreamMetadata('task-1', { maxCount: 2 });
    expect(await revisionsOf('task-1')).toEqual([]);
    expect(await client.appendToStream('task-1', three(), { expectedRevision: 8n })).toMatchObject({ nextExpectedRevision: 11n });
    expect(await revisionsOf('task-1')).toEqual([10n, 11n]);
  });

  it('deletes a stream for good by a tombstone, which $all shows', async () => {
    await client.appendToStream('task-1', three(), { expectedRevision: NO_STREAM });
    await client.tombstoneStream('task-1');
    await expect(revisionsOf('task-1')).rejects.toMatchObject(DELETED);
    const credentials = { username: 'admin', password: 'changeit' };
    await expect(client.appendToStream('task-1', three(), { expectedRevision: 2n })).rejects.toMatchObject(DELETED);
    await expect(client.appendToStream('task-1', three(), { expectedRevision: 2n, credentials })).rejects.toMatchObject(DELETED);
    await expect(client.setStreamMetadata('task-1', { maxCount: 2 })).rejects.toMatchObject(DELETED);
    await expect(client.tombstoneStream('task-1')).rejects.toMatchObject(DELETED);
    const [tombstone] = (await read(client.readAll())).slice(-1);
    expect(tombstone).toMatchObject({ streamId: 'task-1', type: '$streamDeleted', revision: 2n ** 63n - 1n, isJson: false });
  });

  it('says that a stream is not there', async () => {
    const reading = (async () => {
      for await (const _ of client.readStream('task-none')) throw new Error('there is something');
    })();
    await expect(reading).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('keeps what it acknowledged when its program is killed', async () => {
    const own = join(folder, 'program');
    const [first, url] = await startProgram(own);
    const writer = EventStoreDBClient.connectionString(url);
    const acknowledged: string[] = [];
    for (const event of [...three(), ...three()]) {
      await writer.appendToStream('task-1', event);
      acknowledged.push(event.id);
    }
    first.kill('SIGKILL');
    await once(first, 'exit');
    const [second, again] = await startProgram(own);
    const reader = EventStoreDBClient.connectionString(again);
    const found = [];
    for await (const { event } of reader.readStream('task-1')) found.push(event?.id);
    expect(found).toEqual(acknowledged);
    await Promise.all([writer.dispose(), reader.dispose()]);
    second.kill('SIGTERM');
    expect((await once(second, 'exit'))[0]).toBe(0);
  });
});

async function startProgram(own: string): Promise<[ChildProcess, string]> {
  const program = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--folder', own], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return [child, url];
}
