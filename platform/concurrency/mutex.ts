/** One at a time, in the order asked for. */
export type Mutex = <T>(work: () => Promise<T>) => Promise<T>;

/** Makes a mutex: what is given to it runs after everything given before has ended, well or badly. */
export function mutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
