/** Reading calls of the client, page by page: what all of them share, and reads of one stream. */
import { BACKWARDS, END, FORWARDS, type ReadRevision, START, type RecordedEvent as StreamRecordedEvent } from '@eventstore/db-client';
import { type ReadStream, StoreUnavailable } from '../event-store.ts';
import type { StoreConnection } from './connection.ts';
import { silentOfGone, tellingGone } from './gone.ts';
import { type Call, pull } from './pull.ts';

export interface CallSource {
  /** Error: StoreUnavailable once the store is closed. */
  connection(): StoreConnection;
  /** Milliseconds that a silent server is waited for. */
  patience: number;
  /** Whether the server has refused to filter a read, which is then filtered here; without it no read is filtered by the server. */
  filters?: { refused: boolean };
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

const PAGE = 1_000;
/** The count of a read without a limit. */
export const EVERY = Number.MAX_SAFE_INTEGER;
/** Times the patience that a server may search for the next wanted event, while it answers other calls. */
const MOST_SEARCHING = 100;
/** Events that the client holds ready at most. */
export const BUFFER = { highWaterMark: 32 };
export const DIRECTIONS = { forwards: FORWARDS, backwards: BACKWARDS } as const;

/** The events of a stream; none where there is no such stream. Errors: StoreUnavailable; StreamGone where that is asked for. */
export async function* readStream(source: CallSource, name: string, options: ReadStream): AsyncGenerator<StreamRecordedEvent[]> {
  const { direction = 'forwards', from, limit = EVERY } = options;
  if (limit <= 0 || (direction === 'backwards' && from !== undefined && from < 0)) return;
  const first: ReadRevision = direction === 'forwards' ? START : END;
  const fromRevision = from === undefined ? first : BigInt(Math.max(from, 0));
  const asked = { direction: DIRECTIONS[direction], fromRevision, maxCount: limit, requiresLeader: true };
  const shown = pages(source, { open: () => source.connection().client.readStream(name, asked, BUFFER), eventOf: ofClient<StreamRecordedEvent> });
  yield* options.tellGone ? tellingGone(name, options, shown) : silentOfGone(shown);
}

export interface Paging<Item, E> {
  open(): Call | Promise<Call>;
  eventOf(item: Item): E | undefined;
  /** False for pages of the events that are there; default true: full pages. */
  full?: boolean;
  /** Rejects where a server that is silent on this call is silent on others, too; without it silence on this call is enough. */
  isAlive?(): Promise<void>;
}

/** The event in an item of the client's own reads. */
export const ofClient = <E>({ event }: { event?: E }) => event;

/** The pages of one call. A read that ends early because the store is closed is an error. Errors: StoreUnavailable, the client's own. */
export async function* pages<Item, E>(source: CallSource, { open, eventOf, full = true, isAlive }: Paging<Item, E>): AsyncGenerator<E[]> {
  const renew = source.connection().renewal();
  const call = await open();
  const give = (up: StoreUnavailable) => {
    call.destroy(up);
    renew();
  };
  let silences = 0;
  const silent = () => {
    const up = () => give(new StoreUnavailable(`The event store was silent for ${source.patience} ms.`));
    if (isAlive && ++silences < MOST_SEARCHING) isAlive().catch(up);
    else up();
  };
  for await (const page of pull<Item>(call, { page: PAGE, full, silent, patience: source.patience })) {
    silences = 0;
    const events = page.map(eventOf).filter((event) => event !== undefined);
    if (events.length > 0) yield events;
    source.connection();
  }
  source.connection();
}
