/** Runs the work given to it one piece at a time, in the order given; answers with the work's outcome. */
export type Mutex = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a mutex: each piece of work begins after every piece given before has ended, well or badly. */
export function mutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
