/** Pulling events out of a call of the client: page by page, as they are asked for, and not for ever from a server that is silent. */
import { isNoStream } from './failures.ts';

/** A read (`cancel`) or a subscription (`unsubscribe`) of the client: a Readable of objects. */
export interface Call extends AsyncIterable<unknown> {
  read(): unknown;
  destroy(error?: Error): unknown;
  readonly destroyed: boolean;
  readonly readableEnded: boolean;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  cancel?(): Promise<void>;
  unsubscribe?(): Promise<void>;
}

export interface Pulling {
  /** Items a page holds at most. */
  page: number;
  /** Waits until a page is full, or the call ends; else a page is what is there. */
  full: boolean;
  /** Called when nothing has come for `patience` ms while it was waited for; again after each further `patience`. */
  silent(): void;
  patience: number;
  /** Called each time before it waits: all that came was given to the reader. */
  idle?(): void;
}

/** The second look comes after so small a part of the patience. */
const SECOND_LOOK = 10;

/** Non-empty pages until the call ends. However the iteration ends, the call is over then. Errors: the call's. */
export async function* pull<T>(call: Call, pulling: Pulling): AsyncGenerator<T[]> {
  // The client emits errors, also after it was cancelled, and nobody need be listening then.
  let isOver = false;
  call.on('error', (error) => (isOver = isNoStream(error)));
  const silence = watch(pulling);
  const next = nextOf<T>(call, { ...pulling, silence });
  try {
    for (let page = await pageOf(next, pulling.page); page.length > 0; page = await pageOf(next, pulling.page)) yield page;
  } finally {
    silence.end();
    // The server has ended that one. To reset it, too, looks like an attack where there are many (CVE-2023-44487): the connection would be closed.
    if (!isOver) cancel(call);
  }
}

/** Up to `most` items; none at the end. */
async function pageOf<T>(next: (isFirst: boolean) => Promise<T | undefined>, most: number): Promise<T[]> {
  const page: T[] = [];
  for (let item = await next(true); item !== undefined; item = page.length < most ? await next(false) : undefined) page.push(item);
  return page;
}

/** The next item, waited for where a page has none yet, or must be full, else for one turn of the event loop; undefined where the page ends. */
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
 * Only waiting counts as silence: a slow reader is not a silent server. Nor is one that was answered while this process was busy: what lies in the
 * socket comes after the timer, so it is looked at twice.
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

/** Without this the call would stay open: destroying what the client gives only stops the pipe to it. */
function cancel(call: Call): void {
  if (call.readableEnded) return;
  const cancelled = call.cancel?.() ?? call.unsubscribe?.();
  cancelled?.catch(() => {});
  call.destroy();
}
