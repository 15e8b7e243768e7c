/**
 * The children of one kind in this process: at most so many, started by the first work and ended when idle, and a bounded number of pieces of work that
 * wait for one, in the order in which they came.
 *
 *     const pool = openChildPool({ start: () => startGuardedChild(program), children: 2, mostWaiting: 4, idle: 30_000 });
 *     await pool.use((child, signal) => child.ask(question, { hear, within: 5_000, signal }));
 */
import { ChildGone, type GuardedChild } from './guarded-child.ts';

export interface ChildPoolOptions {
  start(): GuardedChild;
  /** The most children. */
  children: number;
  /** The most pieces of work that wait for a child. */
  mostWaiting: number;
  /** Milliseconds without work after which a child ends. */
  idle: number;
}

/** Does something with a child, until the signal aborts. */
export type ChildWork<T> = (child: GuardedChild, signal: AbortSignal) => Promise<T>;

export interface ChildPool {
  /**
   * Works with a child. `twice`: where one is found dead that has done other work before, this work is done anew with a new child, because the death may
   * be of that other work. Errors: those of the work, ChildPoolBusy, ChildPoolClosed, the signal's reason.
   */
  use<T>(work: ChildWork<T>, how?: { signal?: AbortSignal; twice?: boolean }): Promise<T>;
  /** The pieces of work under way, and those that wait for a child. */
  waiting(): number;
  /** The process ids of the children. */
  pids(): number[];
  /** Ends all children; work under way fails, and work that waits does. */
  close(): Promise<void>;
}

/** So much work waits that more is not taken now. */
export class ChildPoolBusy extends Error {
  override readonly name = 'ChildPoolBusy';
}

/** The pool was closed, as at the end of the process. */
export class ChildPoolClosed extends Error {
  override readonly name = 'ChildPoolClosed';
}

interface IdleChild {
  child: GuardedChild;
  timer: NodeJS.Timeout;
}

/** Opens a pool. No child is started yet. */
export function openChildPool({ start, children, mostWaiting, idle }: ChildPoolOptions): ChildPool {
  const resting: IdleChild[] = [];
  const busy = new Set<GuardedChild>();
  const turns = openTurns(children, mostWaiting);
  const closing = new AbortController();

  function take(): GuardedChild {
    for (let one = resting.pop(); one; one = resting.pop()) {
      clearTimeout(one.timer);
      if (!one.child.isGone()) return one.child;
    }
    return start();
  }

  function putBack(child: GuardedChild): void {
    if (child.isGone()) return;
    const timer = setTimeout(() => {
      resting.splice(
        resting.findIndex((one) => one.child === child),
        1,
      );
      void child.end();
    }, idle);
    resting.push({ child, timer });
  }

  async function withChild<T>(child: GuardedChild, work: () => Promise<T>): Promise<T> {
    busy.add(child);
    try {
      return await work();
    } finally {
      busy.delete(child);
      putBack(child);
    }
  }

  async function inTurn<T>(work: ChildWork<T>, signal: AbortSignal, twice: boolean): Promise<T> {
    const child = take();
    const wasNew = child.isNew();
    try {
      return await withChild(child, () => work(child, signal));
    } catch (error) {
      if (!twice || wasNew || !(error instanceof ChildGone)) throw error;
    }
    const another = start();
    return withChild(another, () => work(another, signal));
  }

  return {
    use: async (work, { signal: given, twice = false } = {}) => {
      const signal = given ? AbortSignal.any([given, closing.signal]) : closing.signal;
      await turns.take(signal);
      try {
        return await inTurn(work, signal, twice);
      } finally {
        turns.giveOn();
      }
    },
    waiting: turns.waiting,
    pids: () => [...busy, ...resting.map(({ child }) => child)].flatMap(({ pid }) => pid ?? []),
    close: async () => {
      closing.abort(new ChildPoolClosed('it is closed'));
      for (const { timer } of resting) clearTimeout(timer);
      await Promise.all([...busy, ...resting.splice(0).map(({ child }) => child)].map((child) => child.end()));
    },
  };
}

interface Turns {
  /** Waits for one of the turns, of which there are as many as children. Errors: ChildPoolBusy, the signal's reason. */
  take(signal: AbortSignal): Promise<void>;
  /** Gives a turn on to the work that has waited longest. */
  giveOn(): void;
  waiting(): number;
}

function openTurns(most: number, mostWaiting: number): Turns {
  const waiters: (() => void)[] = [];
  let taken = 0;
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      if (taken < most) {
        taken++;
        return;
      }
      if (waiters.length >= mostWaiting) throw new ChildPoolBusy(`${waiters.length} wait already`);
      await new Promise<void>((resolve, reject) => {
        const begin = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiters.splice(waiters.indexOf(begin), 1);
          reject(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        waiters.push(begin);
      });
    },
    giveOn: () => {
      const next = waiters.shift();
      if (next) next();
      else taken--;
    },
    waiting: () => taken + waiters.length,
  };
}
