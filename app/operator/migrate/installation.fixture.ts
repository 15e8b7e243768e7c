/** The embedded stores of an installation, its parts at work on them, and stores that differ from their source: for tests of moving. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { type Position, type RecordedEvent, START } from '../../../contracts/message.ts';
import { loadKeys } from '../../../gateway/identity/keys.ts';
import { isOfMaster } from '../../../gateway/identity/person-keys/master-keys.ts';
import { openSecrets } from '../../../gateway/identity/secrets/open.ts';
import { SECRET_KINDS, type SecretRecord } from '../../../gateway/identity/secrets/secrets.ts';
import { openMailer } from '../../../notifier/mailer/open.ts';
import { startNotifier } from '../../../notifier/notifier.ts';
import { memoryCache } from '../../../platform/cache/memory/memory.ts';
import { openEventBus } from '../../../platform/event-bus/open.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { openEventStore } from '../../../platform/event-store/open.ts';
import { openReadModels } from '../../../platform/read-models/open.ts';
import { sealedStore } from '../../../platform/sealing/sealed-store.ts';
import { sealingNotes } from '../../../platform/sealing/sealing-log.ts';
import { stableId } from '../../../platform/stable-id.ts';
import { startProjections } from '../../../projections/project.ts';
import { notificationHistories } from '../../../system/notifications/whole-path.fixture.ts';
import { startForwarder } from '../../../write-side/forwarder/forward.ts';
import { commandHandler } from '../../../write-side/handle-command.ts';
import { QUEUES } from '../../queues.ts';
import { openSealing } from '../../sealing.ts';
import type { Stores } from './move.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

/** A folder with the embedded stores of an installation. */
export interface Folder extends Stores {
  dataDir: string;
  close(): Promise<void>;
  /** Closes the stores and deletes the folder. */
  remove(): Promise<void>;
}

/** Opens a new folder, or an existing one. */
export async function openFolder(dataDir?: string): Promise<Folder> {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'migrate-')));
  const store = await openEventStore('sqlite:', { dataDir: folder, log });
  const secrets = await openSecrets('sqlite:', { dataDir: folder, log });
  const close = async () => {
    await store.close();
    await secrets.close();
  };
  return {
    dataDir: folder,
    store,
    secrets,
    close,
    remove: async () => {
      await close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The stores as processes have them: behind the edge, where the log is sealed; one of an older release is clear. */
export async function behindEdge<S extends Stores>(stores: S): Promise<S> {
  if ((await sealingNotes(stores.store)).masters.length === 0) return stores;
  return { ...stores, store: sealedStore(stores.store, await openSealing({ ...stores, signal: new AbortController().signal })) };
}

/** Makes the write side on these stores. */
export async function writeSideOf(stores: Stores) {
  const { store, secrets } = await behindEdge(stores);
  const { hmac } = await loadKeys(secrets, {});
  const commands = commandHandler({ store, hmac, log });
  await commands.reserveAnew();
  async function handle(type: string, stream: string, data: unknown, once = ''): Promise<string> {
    const id = stream.slice(stream.indexOf('-') + 1);
    const actor = { id, role: 'admin', seesAll: true } as const;
    const commandId = stableId(type, stream, once);
    await commands.handle({ type, stream, id, data, commandId, actor, now: new Date().toISOString() }, { correlationId: commandId });
    return stream;
  }
  return {
    commands,
    register: (n: number, as = n) =>
      handle('RegisterUser', `user-${stableId('user', String(as))}`, { name: `Person ${n}`, email: `person-${n}@example.org` }),
    makeTask: (n: number, user: string) =>
      handle('CreateTask', `task-${stableId('task', String(n))}`, { title: `Mend lift ${n}`, userId: user.slice(5) }),
    comment: (task: string, n: number) => handle('CommentTask', task, { text: `Comment ${n}` }, String(n)),
  };
}

/** Starts everything between the log and a mail server, on its own read models. */
export async function startParts(stores: Stores, mailUrl: string) {
  const { store, secrets } = await behindEdge(stores);
  const dataDir = await mkdtemp(join(tmpdir(), 'migrate-parts-'));
  const { commands } = await writeSideOf({ store, secrets });
  const bus = await openEventBus('memory:', { queues: QUEUES, log });
  const readModels = await openReadModels('sqlite:', { dataDir, log });
  const forwarder = startForwarder({ store, bus, log });
  const projections = await startProjections({ store, bus, log, readModels, cache: memoryCache(), silence: 50 });
  const { mailer } = openMailer(mailUrl, { dataDir, from: 'taskledger <no-reply@example.org>' });
  const context = { store, bus, log, commands, mailer, readModels, attempts: 5, silence: 50, backoff: 2 };
  const notifier = await startNotifier({
    ...context,
    publicUrl: () => 'https://tasks.example.org',
    site: 'The House',
    issueCode: async () => 'a code',
    seesAll: () => true,
  });
  return {
    notifier,
    stop: async () => {
      await notifier.stop();
      await projections.stop();
      await forwarder.stop();
      await bus.close();
      await readModels.close();
      await mailer.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** Resolves when there are `count` notifications by mail, each of them sent. Rejects after `patience` milliseconds. */
export function allSent(store: EventStore, count: number, patience: number): Promise<void> {
  return vi.waitFor(
    async () => {
      const all = [...(await notificationHistories(store)).values()];
      expect(all.map((events) => events.at(-1)?.type)).toEqual(Array(count).fill('NotificationSent'));
    },
    { timeout: patience, interval: 100 },
  );
}

/** An event without its position, which differs from store to store. */
export function asItWas({ position: _, ...event }: RecordedEvent): Omit<RecordedEvent, 'position'> {
  return event;
}

/** The same store with other positions, as another kind of store has them. */
export function elsewhere(store: EventStore): EventStore {
  const out = (position: Position) => (position === START ? START : `P${position}`);
  const back = (position: Position) => position.replace(/^P/, '');
  const moved = (event: RecordedEvent): RecordedEvent => ({ ...event, position: out(event.position) });
  async function* pages(found: AsyncIterable<RecordedEvent[]>) {
    for await (const page of found) yield page.map(moved);
  }
  return {
    ...store,
    append: async (stream, revision, events, options) => {
      const appended = await store.append(stream, revision, events, options);
      return { ...appended, position: out(appended.position) };
    },
    readStream: (stream, options) => pages(store.readStream(stream, options)),
    readAll: ({ from, lean, ...rest } = {}) => pages(store.readAll(from === undefined ? rest : { ...rest, from: back(from) })),
    subscribe: ({ after, signal }) => pages(store.subscribe(after === undefined ? { signal } : { signal, after: back(after) })),
    head: async () => out(await store.head()),
  };
}

/** Stores that fail at the write after `writes` others; `recorded`: after it was recorded, else before. */
export function failingAfter({ store, secrets }: Stores, writes: number, recorded: boolean): Stores & { failed(): boolean } {
  let left = writes;
  async function write<T>(work: () => Promise<T>): Promise<T> {
    if (left-- > 0) return work();
    if (recorded) await work();
    throw new Error('the plug was pulled');
  }
  return {
    store: { ...store, append: (...args) => write(() => store.append(...args)) },
    secrets: { ...secrets, restore: (...args) => write(() => secrets.restore(...args)), delete: (...args) => write(() => secrets.delete(...args)) },
    failed: () => left < 0,
  };
}

export async function allOf<T>(pages: AsyncIterable<T[]>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

/** Resolves to the whole contents of the stores. */
export async function contentsOf(stores: Stores) {
  const { store, secrets } = stores;
  const kept: Record<string, SecretRecord[]> = {};
  // The keys of what was sealed on its way are the target's alone.
  const isMoved = (kind: string, key: string) => !(kind === 'person-keys' && key.includes(':')) && !(kind === 'keys' && isOfMaster(key));
  for (const kind of SECRET_KINDS) kept[kind] = (await allOf(secrets.all(kind))).filter(({ key }) => isMoved(kind, key));
  return {
    events: await allOf((await behindEdge(stores)).store.readAll()),
    bookkeeping: await allOf(store.readAll({ log: 'bookkeeping' })),
    secrets: kept,
  };
}
