/** Pulls events out of a call of the client: page by page, as they are asked for, and not for ever from a server that is silent. */
import { isNoStream } from './failures.ts';

/** A read (`cancel`) or a subscription (`unsubscribe`) of the client: a Readable of objects. */
export interface Call extends AsyncIterable<unknown> {
  read(): unknown;
  destroy(error?: Error): unknown;
  readonly destroyed: boolean;
  readonly readableEnded: boolean;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  cancel?(): Promise<void> | void;
  unsubscribe?(): Promise<void>;
}

export interface Pulling {
  /** Items in a page at most. */
  page: number;
  /** True to wait until each page is full or the call ends; false for pages of the items that are there. */
  full: boolean;
  /** Called when no item has come for `patience` ms while one was waited for; again after each further `patience`. */
  silent(): void;
  patience: number;
  /** Called before each wait for an item: all that came before has been given to the reader. */
  idle?(): void;
}

/** The patience divided by the time until the second look at a silent call. */
const SECOND_LOOK = 10;

/** Non-empty pages until the call ends. When the iteration ends, for whatever reason, the call is ended too. Errors: the call's. */
export async function* pull<T>(call: Call, pulling: Pulling): AsyncGenerator<T[]> {
  // The client emits errors even after it was cancelled, and an error that nobody listens to would end the process.
  let isOver = false;
  call.on('error', (error) => (isOver = isNoStream(error)));
  const silence = watch(pulling);
  const next = nextOf<T>(call, { ...pulling, silence });
  try {
    for (let page = await pageOf(next, pulling.page); page.length > 0; page = await pageOf(next, pulling.page)) yield page;
  } finally {
    silence.end();
    // A call that the server has ended is not reset: many resets look like an attack (CVE-2023-44487), and the connection would be closed.
    if (!isOver) cancel(call);
  }
}

/** A page of up to `most` items; an empty one at the end. */
async function pageOf<T>(next: (isFirst: boolean) => Promise<T | undefined>, most: number): Promise<T[]> {
  const page: T[] = [];
  for (let item = await next(true); item !== undefined; item = page.length < most ? await next(false) : undefined) page.push(item);
  return page;
}

/**
 * Makes a function for the next item of a page: it waits where the page has none yet, or must be full, else for one turn of the event loop.
 * Undefined ends the page.
 */
function nextOf<T>(call: Call, { full, silence, idle }: Pulling & { silence: Silence }): (isFirst: boolean) => Promise<T | undefined> {
  const items = call[Symbol.asyncIterator]() as AsyncIterator<T, undefined>;
  const there = () => (call.destroyed ? undefined : ((call.read() as T | null) ?? undefined));
  const soon = async () => {
    await nextTurn();
    return there();
  };
  const waitedFor = async () => {
    idle?.();
    return (await silence.during(items.next())).value;
  };
  return async (isFirst) => there() ?? (isFirst || full ? await waitedFor() : await soon());
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Silence = ReturnType<typeof watch>;

/**
 * Watches for silence. Only waiting counts: a slow reader is not a silent server. Nor is a server silent whose answer came while this process was
 * busy: the answer lies in the socket and is read after the timer, so there is a second look.
 */
function watch({ silent, patience }: Pulling) {
  let [waits, waiting] = [0, false];
  const check = (wait: number) => waiting && wait === waits && silent();
  let second: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    if (waiting) second = setTimeout(check, patience / SECOND_LOOK, waits);
  }, patience);
  return {
    during: async <R>(step: Promise<R>): Promise<R> => {
      timer.refresh();
      waits++;
      waiting = true;
      try {
        return await step;
      } finally {
        waiting = false;
      }
    },
    end: () => {
      clearInterval(timer);
      clearTimeout(second);
    },
  };
}

/** Ends a call at the server: destroying the client's stream would only stop its pipe, and leave the call open. */
function cancel(call: Call): void {
  if (call.readableEnded) return;
  const cancelled = call.cancel?.() ?? call.unsubscribe?.();
  cancelled?.catch(() => {});
  call.destroy();
}
