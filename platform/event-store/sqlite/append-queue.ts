/** Appends that wait for the writer: bounded, taken in groups. */
import { StoreOverloaded } from '../event-store.ts';
import type { WireAppend, WireResult } from './wire.ts';

export interface WaitingAppend {
  append: WireAppend;
  /** Characters that the append takes, about. */
  size: number;
  resolve(result: WireResult): void;
  reject(error: Error): void;
}

export interface AppendQueue {
  readonly length: number;
  /** Adds an append. Error: StoreOverloaded when too much waits. */
  push(one: WaitingAppend): void;
  /** Takes out the first appends, as many as make a group: at least one where any waits. */
  takeGroup(): WaitingAppend[];
  takeAll(): WaitingAppend[];
}

/** The bounds of waiting appends: beyond them an append is refused. */
const WAITING = { appends: 10_000, characters: 64 * 1024 * 1024 };
/** Characters of a group at most; a larger append is a group by itself. */
const GROUP = 4 * 1024 * 1024;

export function appendQueue(): AppendQueue {
  let waiting: WaitingAppend[] = [];
  let size = 0;

  const full = (more: number) => waiting.length >= WAITING.appends || (size > 0 && size + more > WAITING.characters);

  function take(count: number): WaitingAppend[] {
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    size -= taken.reduce((sum, one) => sum + one.size, 0);
    return taken;
  }

  return {
    get length() {
      return waiting.length;
    },
    push: (one) => {
      if (full(one.size)) throw new StoreOverloaded('Too many appends are waiting.');
      waiting.push(one);
      size += one.size;
    },
    takeGroup: () => {
      let sum = 0;
      const over = waiting.findIndex((one) => {
        sum += one.size;
        return sum > GROUP;
      });
      return take(over < 0 ? waiting.length : Math.max(over, 1));
    },
    takeAll: () => take(waiting.length),
  };
}
