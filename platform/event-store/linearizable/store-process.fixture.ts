/** A process that has an embedded store open, and does with it what its parent asks, until it is killed: `node store-process.fixture.ts <folder>`. */
import type { NewEvent } from '../../../contracts/message.ts';
import { openEventStore } from '../open.ts';
import { answerOf, idsOf } from './clients.fixture.ts';

/** A request of the parent. */
export interface AskedOfStore {
  id: number;
  stream: string;
  /** The events to append; without them the stream is read. */
  append?: { expected: number; events: readonly NewEvent[] };
}

const store = await openEventStore('sqlite:', { dataDir: process.argv[2] ?? '', log: { error: () => {} } });
process.on('message', async ({ id, stream, append }: AskedOfStore) => {
  const answer = append ? await answerOf(store, stream, append.expected, append.events) : await idsOf(store, stream);
  process.send?.({ id, answer });
});
process.send?.('open');
