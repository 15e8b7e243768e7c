/** The time that a command may take, from its arrival until its caller is told. */
import { AppendUnknown, StoreUnavailable } from '../platform/event-store/event-store.ts';

export interface CommandPatience {
  /** Milliseconds left; negative once it has ended. */
  left(): number;
  /** To be called before anything is recorded. Throws StoreUnavailable where the patience has ended: the caller was told that nothing was recorded. */
  check(): void;
  /** Marks the time in which it is not known whether the command is recorded: that of its append. */
  during<T>(append: Promise<T>): Promise<T>;
  /**
   * The outcome of the whole work, if it comes in time. Errors: StoreUnavailable once the patience has ended, AppendUnknown where it ends during the
   * append. The work goes on meanwhile, and the turn of its stream is its own until its fate is known.
   */
  bounds<T>(work: Promise<T>): Promise<T>;
}

/** Begins the patience with a command: `most` milliseconds. */
export function patienceOf(most: number): CommandPatience {
  const end = performance.now() + most;
  let appending = false;
  let over = false;

  const late = () => new StoreUnavailable(`a command could not be carried out within ${most} ms`);

  return {
    left: () => end - performance.now(),
    check: () => {
      if (over || performance.now() > end) throw late();
    },
    during: async (append) => {
      appending = true;
      try {
        return await append;
      } catch (error) {
        appending = error instanceof AppendUnknown;
        throw error;
      }
    },
    bounds: (work) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          over = true;
          reject(appending ? new AppendUnknown(`the event store has not answered an append within ${most} ms`) : late());
        }, most);
        work.then(resolve, reject).finally(() => clearTimeout(timer));
      }),
  };
}
