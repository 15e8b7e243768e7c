/**
 * How far followers are behind. A process has some twenty of them, and who scrapes metrics asks for all at once, as often as they like: so what is asked at
 * once is answered by one read, and nothing of the events is parsed or opened.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
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
  let last: Promise<unknown> = Promise.resolve();
  let next: { positions: Set<Position>; counts: Promise<Map<Position, number>> } | undefined;

  /** The next read, which begins when the one before has ended: it sees whatever there was when somebody asked for it. */
  function begin() {
    const positions = new Set<Position>();
    const counts = last
      .catch(() => {})
      .then(() => nextTurn())
      .then(() => {
        next = undefined;
        return countsAfter(store, positions, most);
      });
    last = counts;
    return { positions, counts };
  }

  return async (position) => {
    next ??= begin();
    next.positions.add(position);
    return (await next.counts).get(position) ?? 0;
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
