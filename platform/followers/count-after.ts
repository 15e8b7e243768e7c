/**
 * How far followers are behind. A process has some twenty of them, and who scrapes metrics asks for all at once, as often as they like: so what is asked at
 * once is answered by one read, and nothing of the events is parsed or opened.
 */
import type { Position } from '../../contracts/message.ts';
import type { EventStore } from '../event-store/event-store.ts';

/** Answers the number of events after a position. */
type Counting = (position: Position) => Promise<number>;

/** For each store, by the most that is counted. */
const countings = new WeakMap<EventStore, Map<number, Counting>>();

/** The number of events after a position, counted up to `most`. Errors: those of `readAll`. */
export function countAfter(store: EventStore, position: Position, most: number): Promise<number> {
  const its = countings.get(store) ?? new Map<number, Counting>();
  countings.set(store, its);
  const count = its.get(most) ?? countingOf(store, most);
  its.set(most, count);
  return count(position);
}

function countingOf(store: EventStore, most: number): Counting {
  let asked: { position: Position; answer: PromiseWithResolvers<number> }[] = [];
  let reading = false;

  /** Answers what was asked until now, then what was asked meanwhile: that may be of events which this read did not see. */
  async function read(): Promise<void> {
    reading = true;
    while (asked.length > 0) {
      await new Promise(setImmediate);
      const now = asked;
      asked = [];
      const counts = countsAfter(store, new Set(now.map(({ position }) => position)), most);
      for (const { position, answer } of now) answer.resolve(counts.then((all) => all.get(position) ?? 0));
      // Who asked hears of an error.
      await counts.catch(() => {});
    }
    reading = false;
  }

  return (position) => {
    const answer = Promise.withResolvers<number>();
    asked.push({ position, answer });
    if (!reading) void read();
    return answer.promise;
  };
}

/** The numbers of events after each position: one read from the first of them that is no more than `most` behind, and one for each that is further behind. */
async function countsAfter(store: EventStore, positions: ReadonlySet<Position>, most: number): Promise<Map<Position, number>> {
  const counts = new Map<Position, number>();
  const left = [...positions].sort();
  for (let from = left.shift(); from !== undefined; from = left.shift()) {
    const found = await positionsFrom(store, from, most + 1);
    const those = found.length > most ? [from] : [from, ...left.splice(0)];
    for (const position of those) counts.set(position, Math.min(found.filter((one) => one > position).length, most));
  }
  return counts;
}

async function positionsFrom(store: EventStore, from: Position, limit: number): Promise<Position[]> {
  const found: Position[] = [];
  for await (const page of store.readAll({ from, limit, lean: true })) found.push(...page.map(({ position }) => position));
  return found;
}
