/** Measurements on a broker: each has a RabbitMQ of its own, a bus on it, and an empty event store on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClosers } from '../app/closers.ts';
import { QUEUES } from '../app/queues.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { missing, startRabbitMq } from '../servers/rabbitmq.ts';
import type { Row } from './measure.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

export interface OnRabbitMq {
  /** The broker's URL. */
  url: string;
  bus: EventBus;
  store: EventStore;
}

/** Runs a measurement and closes all that it stood on; no rows where no RabbitMQ is installed. */
export async function onRabbitMq(measure: (on: OnRabbitMq) => Promise<Row[]>): Promise<Row[]> {
  if (missing()) return [];
  const { add, closing, closeAll } = openClosers();
  try {
    const { url } = closing(await startRabbitMq());
    const dataDir = add(await mkdtemp(join(tmpdir(), 'bench-rabbitmq-')), (folder) => rm(folder, { recursive: true }));
    const store = closing(await openEventStore('sqlite:', { dataDir, log }));
    const bus = closing(await openEventBus(url, { queues: QUEUES, log }));
    return await measure({ url, bus, store });
  } finally {
    await closeAll();
  }
}
