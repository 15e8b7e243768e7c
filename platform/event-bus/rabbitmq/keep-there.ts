/**
 * What a session uses must stay there. The broker tells a consumer when its queue goes, but nobody when an exchange or a binding goes: then messages go
 * nowhere, and followers only notice the silence. So each session looks for itself.
 */
import type { Channel } from 'amqplib';
import type { BusSession, SideChannel } from './session.ts';

/** What a session uses. */
export interface InUse {
  /** The exchanges, whose absence loses the session: its successor declares everything anew, and what was missed meanwhile is read from the store. */
  exchanges: readonly string[];
  /** Declares what can be declared anew without a loss, as bindings, on a channel that an error may close. */
  declare(channel: Channel): Promise<unknown>;
}

/** Milliseconds between two looks. */
export const KEEP_EVERY = 2_000;

const NOT_FOUND = 404;

/** Looks every two seconds until the session ends, on one channel as long as that lives. */
export function keepThere(session: BusSession, { exchanges, declare }: InUse): void {
  let side: SideChannel | undefined;
  let isLooking = false;

  async function look(): Promise<void> {
    if (!side || side.lost.aborted) side = await session.sideChannel();
    const { channel } = side;
    for (const exchange of exchanges) await channel.checkExchange(exchange).catch((error: unknown) => missed(exchange, error));
    await declare(channel);
  }

  function missed(exchange: string, error: unknown): never {
    if ((error as { code?: number }).code === NOT_FOUND) session.lose(`the exchange ${exchange} was deleted`);
    throw error;
  }

  const looking = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    // What fails is tried again with the next look; a connection that is lost ends the session by itself.
    await look().catch(() => {});
    isLooking = false;
  }, KEEP_EVERY).unref();
  session.lost.addEventListener('abort', () => clearInterval(looking), { once: true });
}
