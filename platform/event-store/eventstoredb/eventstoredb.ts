/** The event store on EventStoreDB 23.10 or newer, or KurrentDB, by @eventstore/db-client. */
import type { RecordedEvent } from '../../../contracts/message.ts';
import type { Reaching } from '../../connections/reach.ts';
import { type EventStore, StoreUnavailable } from '../event-store.ts';
import { openAppends } from './appends.ts';
import { type CallSource, readStream } from './calls.ts';
import { connect } from './connect.ts';
import { openHead } from './head.ts';
import { readLog } from './reads.ts';
import { fromClient } from './records.ts';
import { subscribe } from './subscribe.ts';

export interface EventStoreDbOptions extends Reaching {
  /** Milliseconds that a silent server is waited for; default 4,000: then there is time for another try before a client hears 503. */
  patience?: number;
}

const REPLY_PATIENCE = 4_000;

/**
 * Opens the store once the server answers. `url` is `esdb://user:password@host:2113`, `esdb+discover://…`, or the same with `kurrentdb`, with the
 * options of the client's connection string. Errors: ServerRefused, the signal's reason.
 *
 * The port's two logs are one on the server: `$all`. `head` costs one small read; of `readAll` the server leaves out the streams that cannot be ours.
 */
export async function openEventStoreDb(url: string, { patience = REPLY_PATIENCE, ...reaching }: EventStoreDbOptions): Promise<EventStore> {
  const connection = await connect(url, { ...reaching, patience });
  const closing = new AbortController();
  let closed = false;
  const live = () => {
    if (closed) throw new StoreUnavailable('The event store is closed.');
    return connection;
  };
  const source: CallSource = { connection: live, patience, log: reaching.log, filters: { refused: false } };
  const [head, appends] = [openHead(source), openAppends({ ...source, connection: () => connection })];

  async function close(): Promise<void> {
    closed = true;
    closing.abort();
    await appends.settled();
    appends.close();
    await connection.close();
  }
  let closingDone: Promise<void> | undefined;

  return {
    append: async (stream, expected, events, options = {}) => {
      live();
      return appends.append(stream, expected, events, options);
    },
    readStream: (stream, options = {}) => recorded(readStream(source, stream, options)),
    readAll: (options = {}) => readLog(source, options),
    subscribe: (options) => subscribe(options, { ...source, closing: closing.signal, head }),
    head: async () => {
      live();
      return head();
    },
    close: () => {
      closingDone ??= close();
      return closingDone;
    },
  };
}

async function* recorded(pages: ReturnType<typeof readStream>): AsyncGenerator<RecordedEvent[]> {
  for await (const page of pages) yield page.map(fromClient);
}
