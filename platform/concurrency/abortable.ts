/** Waiting that ends with a signal, whatever it waits for. */

/** The promise's outcome, or undefined as soon as the signal aborts; how the promise ends after that is nobody's concern. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = () => resolve(undefined);
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

/** The items of an iteration until the signal aborts, even while the next one is awaited. */
export async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (let step = await orAborted(iterator.next(), signal); step && !step.done; step = await orAborted(iterator.next(), signal)) yield step.value;
  } finally {
    iterator.return?.(undefined)?.catch(() => {});
  }
}
