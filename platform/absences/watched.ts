/** A port that is watched: whatever it is asked, the absences of its process hear whether it could. */
import { type AbsencesLog, absencesIn } from './absences.ts';

/** Hears how calls end. */
interface Watcher {
  answered(): void;
  failed(error: unknown): void;
}

/**
 * A port as it was, whose calls (promises, and iterations page by page) tell the log of the process when the dependency goes and when it is back.
 * Its functions are called without `this`. Calls that end after `close` tell nothing.
 *
 *     const store = watched(await openEventStore(url, options), 'the event store', log);
 */
export function watched<Port extends object>(port: Port, dependency: string, log: AbsencesLog): Port {
  const absences = absencesIn(log);
  let closed = false;
  const watcher: Watcher = {
    answered: () => closed || absences.answered(dependency),
    failed: (error) => closed || absences.failed(error),
  };
  const members = Object.entries(port).map(([name, member]) => {
    if (typeof member !== 'function') return [name, member];
    const call = (...args: unknown[]) => {
      if (name === 'close') closed = true;
      return told(member(...args), watcher);
    };
    return [name, call];
  });
  return Object.fromEntries(members) as Port;
}

function told(result: unknown, watcher: Watcher): unknown {
  if (!(result instanceof Promise)) return isIteration(result) ? eachTold(result, watcher) : result;
  result.then(watcher.answered, watcher.failed);
  return result;
}

function isIteration(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result;
}

async function* eachTold(pages: AsyncIterable<unknown>, watcher: Watcher): AsyncGenerator<unknown> {
  try {
    for await (const page of pages) {
      watcher.answered();
      yield page;
    }
  } catch (error) {
    watcher.failed(error);
    throw error;
  }
}
