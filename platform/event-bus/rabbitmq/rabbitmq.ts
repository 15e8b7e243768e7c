/**
 * The bus on RabbitMQ 3.10 or newer. Each follower and the publisher have a connection of their own: a hold goes with its connection, and a
 * full socket of one stops no other. A queue is declared by each of its users, each time anew: a broker that has lost everything is made whole.
 */
import { absencesIn } from '../../absences/absences.ts';
import { pauseAbout } from '../../concurrency/pause-about.ts';
import { type Reaching, reach } from '../../connections/reach.ts';
import { type BusMessage, BusUnavailable, type EventBus, type Publisher } from '../event-bus.ts';
import { checkingQueues, type FollowerQueue, type QueueTable, type WorkQueue } from '../queues.ts';
import { connectorTo } from './connector.ts';
import { consume } from './consume.ts';
import { failuresBy } from './failures.ts';
import { hold } from './hold.ts';
import { keepLink } from './link.ts';
import { type MisfitsOptions, openMisfits } from './misfits.ts';
import { encodeOffer } from './offer-message.ts';
import { offeringOn } from './offers.ts';
import { publisherOn } from './publisher.ts';
import { knowingQueues } from './queue-states.ts';
import type { BusSession } from './session.ts';
import { meetingStrangers } from './strangers.ts';
import { declareExchanges, declareWorkQueue, declaring } from './topology.ts';
import { workOn } from './worker.ts';

export interface RabbitMqOptions extends Reaching {
  queues: QueueTable;
  /** Counts messages confirmed, messages that a full queue outside refused, offers that the broker took, and messages not ours or not valid. */
  count?: ((what: 'published' | 'refused' | 'offered' | 'invalid', by: number) => void) | undefined;
  /** Milliseconds that an offer waits after its first failure, its second, …; the last one after all others. Default 1 s, 10 s, 1 min, 10 min. */
  steps?: readonly number[];
  log: MisfitsOptions['log'];
  /** The set that names what the broker has with other arguments than ours. */
  misfits?: Set<string> | undefined;
  /** The id of the installation whose virtual host it is; with it, one that is another's is refused. */
  installation?: string | null | undefined;
  /** Seconds between two signs of life of a connection; after two silent ones it is lost. Default 5. */
  heartbeat?: number;
}

const STEPS = [1_000, 10_000, 60_000, 600_000];
const FORWARDER = '_forwarder';
/** Milliseconds between two looks whether what was there with other arguments still is. */
const LOOK_AGAIN = 2_000;
/** Milliseconds of pause after a session failed or was lost, less a random part of up to a half. */
const PAUSE = 500;

/** Opens the bus once the broker answers. Errors: ServerRefused; the signal's reason when it aborts first. */
export async function openRabbitMqBus(url: string, options: RabbitMqOptions): Promise<EventBus> {
  const { queues: table, log, count = () => {}, steps = STEPS, heartbeat = 5, misfits: names = new Set() } = options;
  const check = checkingQueues(table);
  const misfits = openMisfits({ log, names });
  const connector = connectorTo({ ...options, url, heartbeat, misfits });
  const first = await reach(connector.what, () => connector.connect('offers'), options);
  const closing = new AbortController();
  const offers = keepLink(connector, 'offers', first);
  let works: ReturnType<typeof keepLink> | undefined;
  const offering = offeringOn(offers, connector.what);
  const strangers = meetingStrangers({ log, count });
  const failures = failuresBy({ offering, strangers, log, steps });
  const known = knowingQueues(table);
  /** Sessions of followers and publishers. */
  const sessions = new Set<BusSession>();

  async function connected(name: string, signal: AbortSignal): Promise<BusSession | undefined> {
    const session = await connector.connected(name, signal);
    if (!session) return undefined;
    sessions.add(session);
    session.lost.addEventListener('abort', () => sessions.delete(session), { once: true });
    return session;
  }

  /** Makes a function that logs an error, unless it is the same as the one before. */
  function telling(): (error: unknown, message: string) => void {
    let said = '';
    return (error, message) => {
      if (!absencesIn(log).failed(error) && String(error) !== said) log.warn({ err: error }, message);
      said = String(error);
    };
  }

  const pause = (signal: AbortSignal) => pauseAbout(PAUSE, signal);

  async function publisher(signal: AbortSignal): Promise<Publisher> {
    const ending = AbortSignal.any([signal, closing.signal]);
    const tell = telling();
    while (!ending.aborted) {
      const got = await tryToPublish(ending).catch((error: unknown) => tell(error, 'publishing cannot begin; it is tried again'));
      if (got) return got;
      await pause(ending);
    }
    throw signal.aborted ? signal.reason : closed();
  }

  async function tryToPublish(signal: AbortSignal): Promise<Publisher | undefined> {
    const session = await connected('forwarder', signal);
    if (!session) return undefined;
    let got: Publisher | undefined;
    try {
      await declareExchanges(session);
      if (await hold(session, FORWARDER, signal)) got = await publisherOn(session, { log, count });
    } finally {
      if (!got) await session.close();
    }
    return got;
  }

  async function* following(queue: FollowerQueue, { signal, max }: { signal: AbortSignal; max: number }): AsyncGenerator<BusMessage[]> {
    const ending = AbortSignal.any([signal, closing.signal]);
    const session = await connected(`follower of ${queue.name ?? queue.exchange}`, ending);
    if (!session) return;
    const declared = (name: string) => known.add(name, 'follower', queue.name === null ? session : undefined);
    yield* consume(session, queue, { signal: ending, max, strangers, declared });
  }

  function declareKnown(session: BusSession, queue: WorkQueue): Promise<void> {
    known.addWork(queue);
    return declareWorkQueue(session, queue);
  }

  /** Nobody may use a misfit any more for long: so it is asked for again beside its users. */
  async function lookAgain(): Promise<void> {
    const session = offers.current();
    if (session) for (const [what, declare] of misfits.again()) await declaring(session, what, declare).catch(() => {});
  }
  const looking = setInterval(lookAgain, LOOK_AGAIN).unref();

  function checkOpen(): void {
    if (closing.signal.aborted) throw closed();
  }

  return {
    check,
    publisher,
    follow: (queue, consumer) => {
      check(queue);
      return following(queue, consumer);
    },
    offer: async (queue, offer) => {
      checkOpen();
      check(queue);
      const target = { name: queue.name, limit: queue.limit, declare: (session: BusSession) => declareKnown(session, queue) };
      await offering.put(target, encodeOffer(offer), { contentType: 'application/json' });
      count('offered', 1);
    },
    work: async (queue, { signal, prefetch }, handle) => {
      checkOpen();
      check(queue);
      known.addWork(queue);
      works ??= keepLink(connector, 'workers');
      const ending = AbortSignal.any([signal, closing.signal]);
      const tell = telling();
      while (!ending.aborted) {
        const session = await works.next(ending);
        if (!session) return;
        await workOn(session, queue, { signal: ending, prefetch, handle, failures }).catch((error: unknown) =>
          tell(error, `the work queue ${queue.name} was lost; taken from again`),
        );
        if (!ending.aborted) await pause(ending);
      }
    },
    queues: async () => {
      const session = offers.current();
      if (!session) throw new BusUnavailable(`${connector.what} does not answer`);
      return known.states(session);
    },
    close: async () => {
      closing.abort();
      clearInterval(looking);
      await Promise.all([offers.close(), works?.close(), ...[...sessions].map((session) => session.close())]);
    },
  };
}

function closed(): BusUnavailable {
  return new BusUnavailable('the event bus is closed');
}
