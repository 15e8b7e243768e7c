/** A link: a session that is opened anew whenever it is lost, for work that is not tied to one session. */
import { orAborted } from '../../concurrency/abortable.ts';
import { pauseAbout } from '../../concurrency/pause-about.ts';
import { aborted } from './aborted.ts';
import type { Connector } from './connector.ts';
import type { BusSession } from './session.ts';

export interface Link {
  /** The present session; undefined while there is none. */
  current(): BusSession | undefined;
  /** Waits for a session; undefined when the signal aborts first. */
  next(signal: AbortSignal): Promise<BusSession | undefined>;
  close(): Promise<void>;
}

/** Milliseconds of pause after a loss, less a random part of up to a half; none after a session that lasted LASTED ms. */
const PAUSE = 200;
const LASTED = 5_000;

/** Keeps a session open until `close`, beginning with one that is open already, or with none. */
export function keepLink(connector: Connector, name: string, first?: BusSession): Link {
  const closing = new AbortController();
  let current = first;
  let arrival = Promise.withResolvers<BusSession>();
  if (first) arrival.resolve(first);

  async function keep(): Promise<void> {
    while (!closing.signal.aborted) {
      const session = current ?? (await connector.connected(name, closing.signal));
      if (session) await during(session);
    }
  }

  async function during(session: BusSession): Promise<void> {
    const since = performance.now();
    current = session;
    arrival.resolve(session);
    await orAborted(aborted(session.lost), closing.signal);
    current = undefined;
    arrival = Promise.withResolvers<BusSession>();
    if (closing.signal.aborted) return session.close();
    if (performance.now() - since < LASTED) await pauseAbout(PAUSE, closing.signal);
  }

  const keeping = keep();
  return {
    current: () => (current?.lost.aborted ? undefined : current),
    next: (signal) => orAborted(arrival.promise, AbortSignal.any([signal, closing.signal])),
    close: async () => {
      closing.abort();
      await keeping;
    },
  };
}
