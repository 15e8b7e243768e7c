/** A log in its own folder: a real store, a bus and the forwarder between them, and stores of read models. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QUEUES } from '../app/queues.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import type { FollowContext } from '../platform/followers/follow.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';

type Log = FollowContext['log'];

/** A logger that drops its lines. */
export const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} };

export interface OpenedLog {
  /** The folder, which is deleted on close. */
  dataDir: string;
  store: EventStore;
  bus: EventBus;
  /** Opens a new, empty store of read models. */
  readModels(): Promise<ReadModels>;
  /** Closes everything, read models first, and deletes the folder. Services on it have to be stopped before. */
  close(): Promise<void>;
}

/** Opens a log on its own bus with all queues, or on the given bus, which it closes, too. `url`: the store's; default: an embedded one. */
export async function openLog({ log = SILENT, bus: given, url = 'sqlite:' }: { log?: Log; bus?: EventBus; url?: string } = {}): Promise<OpenedLog> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskledger-'));
  const store = await openEventStore(url, { dataDir, log });
  const bus = given ?? (await openEventBus('memory:', { queues: QUEUES, log }));
  const forwarder = startForwarder({ store, bus, log });
  const opened: ReadModels[] = [];
  return {
    dataDir,
    store,
    bus,
    readModels: async () => {
      const it = await openReadModels(`sqlite:${join(dataDir, `read-models-${opened.length}.db`)}`, { dataDir, log });
      opened.push(it);
      return it;
    },
    close: async () => {
      for (const one of opened) await one.close();
      await forwarder.stop();
      await bus.close();
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
}
