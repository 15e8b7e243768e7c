/** A session: one connection to RabbitMQ for one purpose, with its channels. The end of anything vital to it ends all of it (invariant 13). */
import { setTimeout as delay } from 'node:timers/promises';
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { ServerRefused, withoutSecrets } from '../../connections/reach.ts';
import { BusUnavailable } from '../event-bus.ts';
import type { Misfits } from './misfits.ts';

export interface BusSession {
  /** Aborted when the connection or a vital channel has ended; the reason says why. All of it is closed then. */
  readonly lost: AbortSignal;
  /** Hears of what the broker has with other arguments. */
  readonly misfits: Misfits | undefined;
  /** Opens a channel whose end is the session's. */
  channel(): Promise<Channel>;
  confirmChannel(): Promise<ConfirmChannel>;
  /** Opens a channel that may end alone. */
  sideChannel(): Promise<SideChannel>;
  /** Runs work on a channel of its own, which an error may close; rejects with that error. */
  aside<T>(work: (channel: Channel) => Promise<T>): Promise<T>;
  /** True while the broker takes no messages because it has no memory or disk left. */
  blocked(): boolean;
  /** Ends the session as if it were lost. */
  lose(reason: string): void;
  /** Ends the session. Resolves when the broker has let go of all its holds, or does not answer. */
  close(): Promise<void>;
}

/** A channel with a signal of its end. */
export interface SideChannel {
  channel: ConfirmChannel;
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

export interface BusSessionOptions {
  url: string;
  /** The connection's purpose, as the broker shows it to its operator. */
  name: string;
  /** Seconds between two signs of life; after two silent ones the connection is lost. */
  heartbeat: number;
  /** Called with the reason when the session ends otherwise than by `close`. */
  lost(reason: unknown): void;
  misfits?: Misfits;
}

/** Milliseconds to open a connection, and to close one in peace. */
const OPENING = 5_000;
const CLOSING = 1_000;
const OLDEST = [3, 10];
const CLOSED = 'closed by us';

/** Opens a session. Errors: ServerRefused, and those of the socket. */
export async function openSession({ url, name, heartbeat, lost, misfits }: BusSessionOptions): Promise<BusSession> {
  const model = await connectTo(url, name, heartbeat).catch((error: unknown) => {
    throw refusal(error, url) ?? error;
  });
  const tooOld = serverProblem(model.connection.serverProperties);
  const session = sessionOn(model, lost, misfits);
  if (!tooOld) return session;
  await session.close();
  throw new ServerRefused(`${withoutSecrets(url)} ${tooOld}`);
}

function connectTo(url: string, name: string, heartbeat: number): Promise<ChannelModel> {
  const target = new URL(url);
  if (!target.searchParams.has('heartbeat')) target.searchParams.set('heartbeat', String(heartbeat));
  return connect(target.href, {
    timeout: OPENING,
    noDelay: true,
    keepAlive: true,
    clientProperties: { connection_name: `taskledger ${name}` },
  });
}

/** The session on a connection. amqplib emits its events with its own methods still on the stack: a listener must not throw. */
function sessionOn(model: ChannelModel, lost: (reason: unknown) => void, misfits: Misfits | undefined): BusSession {
  const ending = new AbortController();
  const vital: Channel[] = [];
  let blocked = false;
  let letGo: Promise<void> | undefined;

  function end(reason: unknown): void {
    if (ending.signal.aborted) return;
    ending.abort(reason instanceof Error ? reason : new BusUnavailable(String(reason)));
    letGo = leave(model, vital);
    if (reason !== CLOSED) lost(reason);
  }

  async function opened<C extends Channel>(opening: Promise<C>): Promise<C> {
    // Where the connection ends, its channels end just before it without its reason: so the connection is heard first.
    const channel = endingWith(await opening, (reason) => queueMicrotask(() => end(reason)));
    vital.push(channel);
    return channel;
  }

  async function sideChannel(): Promise<SideChannel> {
    const over = new AbortController();
    const channel = endingWith(await model.createConfirmChannel(), (reason) => over.abort(reason));
    return { channel, lost: over.signal, close: () => closed(channel) };
  }

  async function aside<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = endingWith(await model.createChannel(), () => {});
    try {
      return await work(channel);
    } finally {
      await closed(channel);
    }
  }

  model.on('error', end);
  model.on('close', (error) => end(error ?? 'the connection was closed'));
  model.on('blocked', () => {
    blocked = true;
  });
  model.on('unblocked', () => {
    blocked = false;
  });
  return {
    lost: ending.signal,
    misfits,
    channel: () => opened(model.createChannel()),
    confirmChannel: () => opened(model.createConfirmChannel()),
    sideChannel,
    aside,
    blocked: () => blocked,
    lose: end,
    close: async () => {
      end(CLOSED);
      await letGo;
    },
  };
}

function endingWith<C extends Channel>(channel: C, ended: (reason: unknown) => void): C {
  channel.on('error', ended);
  channel.on('close', () => ended('the channel was closed'));
  return channel;
}

/** Resolves when the channel is closed, whoever closed it. (amqplib's own `close` never resolves where the connection ends meanwhile.) */
function closed(channel: Channel): Promise<void> {
  return new Promise((resolve) => {
    channel.once('close', resolve);
    channel.close().then(resolve, () => resolve());
  });
}

/** Closes the channels, then the connection, or else drops the socket. Channels first: else their last acknowledgements would come too late. */
async function leave(model: ChannelModel, channels: readonly Channel[]): Promise<void> {
  const { stream } = model.connection as unknown as { stream?: { destroy(error: Error): void } };
  const peace = (async () => {
    await Promise.all(channels.map(closed));
    await model.close();
  })().catch(() => {});
  await Promise.race([peace, delay(CLOSING, undefined, { ref: false })]);
  // With an error: without one amqplib does not notice, and its heartbeats go on.
  stream?.destroy(new Error('left'));
}

/** The refusal in an error of connecting, which amqplib names by texts only; undefined for any other error. */
function refusal(error: unknown, url: string): ServerRefused | undefined {
  const { message, code } = error as { message: string; code?: string };
  const where = withoutSecrets(url);
  const of = (text: string) => new ServerRefused(`${where} ${text}`, { cause: error });
  if (/ACCESS.REFUSED/.test(message)) return of('refuses the user and password of BUS_URL');
  if (/ConnectionOpenOk; got <ConnectionClose/.test(message))
    return of(`refuses the virtual host ${virtualHostOf(url)}: it does not exist, or this user has no permissions there`);
  if (/Frame size|Invalid frame|SASL|Expected Connection/i.test(message)) return of('does not speak AMQP 0-9-1 as RabbitMQ does');
  if (/SSL|TLS|CERT|UNABLE_TO_VERIFY/.test(code ?? '')) return of(`is not reached over TLS (${code})`);
  return undefined;
}

function virtualHostOf(url: string): string {
  const path = decodeURIComponent(new URL(url).pathname.slice(1));
  return JSON.stringify(path || '/');
}

function serverProblem({ product, version }: { product: string; version: string }): string | undefined {
  if (product !== 'RabbitMQ') return `is ${product}, and not RabbitMQ`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  const isOldEnough = major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
  return isOldEnough ? `is RabbitMQ ${version}; it must be ${OLDEST.join('.')} or newer` : undefined;
}
