/** Connections to the broker, tried again while it is away. */
import { absencesIn } from '../../absences/absences.ts';
import { orAborted } from '../../concurrency/abortable.ts';
import { pauseAbout } from '../../concurrency/pause-about.ts';
import { type Reaching, withoutSecrets } from '../../connections/reach.ts';
import { BusUnavailable, EVENT_BUS } from '../event-bus.ts';
import type { Misfits } from './misfits.ts';
import { type BusSession, openSession } from './session.ts';
import { claimVirtualHost } from './topology.ts';

export interface Connector {
  /** The broker's name for people: `the event bus at amqp://host:5672`. */
  readonly what: string;
  /** Opens a session, as soon as the broker gives one; undefined when the signal aborts first. */
  connected(name: string, signal: AbortSignal): Promise<BusSession | undefined>;
  /** Opens a session in a single attempt. Errors: ServerRefused, and those of the socket. */
  connect(name: string): Promise<BusSession>;
}

export interface ConnectorOptions extends Reaching {
  url: string;
  /** Seconds between two signs of life of a connection. */
  heartbeat: number;
  misfits: Misfits;
  /** The id of the installation whose virtual host it is; by default nobody asks. */
  installation?: string | null | undefined;
}

const FIRST = 50;
const LONGEST = 1_000;

export function connectorTo({ url, heartbeat, log, waits, misfits, installation }: ConnectorOptions): Connector {
  const what = `the event bus at ${withoutSecrets(url)}`;
  const absences = absencesIn(log);

  function missed(error: unknown): void {
    waits?.add(what);
    const { message, code } = error as { message?: string; code?: string };
    absences.failed(new BusUnavailable(`${what}: ${message || code || error}`));
  }

  function answered(): void {
    waits?.delete(what);
    absences.answered(EVENT_BUS);
  }

  function lost(reason: unknown): void {
    absences.failed(new BusUnavailable(`${what} was lost: ${reason instanceof Error ? reason.message : reason}`));
  }

  async function connect(name: string): Promise<BusSession> {
    const session = await openSession({ url, name, heartbeat, lost, misfits });
    try {
      if (installation) await claimVirtualHost(session, installation, what);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async function tried(name: string, signal: AbortSignal): Promise<BusSession | undefined> {
    const opening = connect(name);
    try {
      const session = await orAborted(opening, signal);
      if (session) answered();
      else leave(opening);
      return session;
    } catch (error) {
      missed(error);
      return undefined;
    }
  }

  return {
    what,
    connect,
    connected: async (name, signal) => {
      for (let wait = FIRST; !signal.aborted; wait = Math.min(wait * 2, LONGEST)) {
        const session = await tried(name, signal);
        if (session) return session;
        await pauseAbout(wait, signal);
      }
      return undefined;
    },
  };
}

/** Closes a session that nobody waits for any more, as soon as it is open. */
function leave(opening: Promise<BusSession>): void {
  opening.then((session) => session.close()).catch(() => {});
}
