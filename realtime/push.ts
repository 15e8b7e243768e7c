/**
 * Live updates: follows the log and pushes each event to the sockets in its topics. docs/LIVE.md is the protocol.
 * Each realtime process follows for itself and emits to its own sockets only; the ring has the changes that a client missed.
 */
import type { Server as HttpServer } from 'node:http';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { Reached, Welcome } from '../contracts/live.ts';
import { type Position, type RecordedEvent, START } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Role } from '../contracts/role.ts';
import { AT_ONCE, type WhileStarting } from '../platform/absences/while-starting.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { followerQueue } from '../platform/event-bus/queues.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { BEGINNING, type Checkpoint } from '../platform/followers/checkpoint-type.ts';
import { type FollowContext, type Follower, type FollowerRow, follow } from '../platform/followers/follow.ts';
import type { Pace } from '../platform/followers/pace.ts';
import type { Audited } from '../platform/http/audited.ts';
import { openBeginning } from './beginning.ts';
import { openBoundSince } from './bound-since.ts';
import { changeOf } from './change.ts';
import { createConnection, createConnections, dismiss, renewSession, type SocketSession } from './connection.ts';
import { createConsequences } from './consequences.ts';
import type { DoorBounds } from './door-counts.ts';
import { ALONE, type FanOut } from './fan-out/fan-out.ts';
import { lastEvents } from './last-events.ts';
import { answerMessages, countPackets, type Handlers } from './messages.ts';
import { openSockets, sessionOf } from './open-sockets.ts';
import { cut, farewell, waiting } from './outflow.ts';
import { openRefusals } from './refusals.ts';
import { createRing } from './ring.ts';
import { watchSessions } from './session-watch.ts';
import { socketProblem } from './socket-problem.ts';
import { createSubscriptions } from './subscriptions.ts';
import { secondsLeft, watchToken } from './token-watch.ts';
import type { MayRead } from './topics.ts';

/** The row of the follower of each realtime process. */
export const REALTIME: FollowerRow = {
  name: 'realtime',
  // No name and no hold: each process follows for its own sockets.
  queue: { ...followerQueue('realtime', { pattern: '#', purpose: 'changes for browsers' }), name: null, activeHold: null },
};

export interface RealtimeOptions {
  server: HttpServer;
  store: EventStore;
  bus: EventBus;
  /** Resolves to the session of a token. Rejects with ProblemError `unauthorized`. */
  authenticate(token: string): Promise<SocketSession>;
  /** Resolves to those of these sessions that have ended; missing: only the log tells of ends. */
  endedAmong?(sessionIds: readonly string[]): Promise<string[]>;
  /** Rejects with ProblemError where the session has ended, or its account can do nothing (any more) but what comes first; asked after events that may bind it. */
  expectUnbound(session: SocketSession): Promise<void>;
  /** Decides who may follow a topic: made by `topicReader` in topics.ts. */
  mayRead: MayRead;
  /** True where a user with this role may read every task (TASK_VISIBILITY); asked when a role changes. */
  seesAll(role: Role): boolean;
  /** The Origins of ALLOWED_ORIGINS; the server's own is allowed besides. */
  origins: readonly string[];
  /** An origin of ours at which no socket is let in; undefined: there is none. */
  apart?: string | undefined;
  /** True where clients may also poll (SOCKET_POLLING); default: websockets alone. */
  polling?: boolean;
  /** True where a client's address is the last of X-Forwarded-For (TRUST_PROXY); default: that of its connection. */
  trustProxy?: boolean;
  log: FollowContext['log'];
  /** Hears of handshakes and topics that are refused, for the audit log; default: nobody does. */
  audit?: (seen: Audited) => void;
  /** The tie to other realtime processes, which its owner closes; default: the process is alone. */
  fanOut?: FanOut;
  /** The number of events kept for clients that come back; default 10,000. */
  ring?: number;
  limits?: Partial<RealtimeLimits>;
  /** The patience of the start; default: none. */
  whileStarting?: WhileStarting;
}

export interface RealtimeLimits extends DoorBounds {
  /** About the most bytes of the ring. */
  ringBytes: number;
  /** The most connections. */
  sockets: number;
  /** The most packets a second from one connection. */
  packets: number;
  /** The most bytes that may wait to be sent on one connection. */
  waiting: number;
  /** Seconds before a token's end at which a fresh one is asked for. */
  ask: number;
  /** Seconds after a token's end at which the connection is closed. */
  grace: number;
}

const LIMITS: RealtimeLimits = {
  socketsOfNetwork: 2_000,
  waitingOfNetwork: 500,
  socketsOfUser: 1_000,
  ringBytes: 32 * 1024 * 1024,
  sockets: 10_000,
  packets: 50,
  waiting: 1024 * 1024,
  ask: 60,
  grace: 30,
};

export interface Realtime {
  /** Ends every connection (clients come back elsewhere); leaves the HTTP server to its owner. */
  stop(): Promise<void>;
  /** The number of connections. */
  sockets(): number;
  /** The position up to which every event was pushed. */
  position(): Position;
  /** False until it has the last events, hears of each new one, and has pushed those between; and while it takes them anew from another log. */
  ready(): boolean;
  /** Forgets the last events: somebody was erased whose texts they may have. Clients that come back read anew. */
  forget(): void;
  /** How its follower gets on. */
  readonly paces: readonly Pace[];
}

/** Seconds between two tellings of the position (`reached`), so that clients of quiet topics come back within the ring. */
const TELL_EVERY = 5;

/** Milliseconds for which the start waits until the follower has begun: at once in one process, later where a broker is away. */
const FIRST_PATIENCE = 300;

/** Fills the ring from the store, opens /socket.io on the HTTP server, and follows. Rejects when the store cannot be read within the patience of the start. */
export async function startRealtime(options: RealtimeOptions): Promise<Realtime> {
  const { store, log, whileStarting = AT_ONCE } = options;
  const limits = { ...LIMITS, ...options.limits };
  const ringSize = options.ring ?? 10_000;
  const ring = createRing(ringSize, limits.ringBytes);
  const connections = createConnections();
  const refusals = openRefusals({ audit: options.audit, trustProxy: options.trustProxy ?? false });
  const subscriptions = createSubscriptions({ ring, mayRead: options.mayRead, refused: refusals.ofTopic, head: () => store.head() });
  const { expectUnbound, seesAll } = options;
  const boundSince = openBoundSince({ connections, expectUnbound, problemOf: (error) => socketProblem(error, log, {}) });
  const consequences = createConsequences({ connections, subscriptions, boundSince, seesAll, tell: (ended) => tie.tell(ended) });
  let checkpoint: Checkpoint = BEGINNING;
  let stopping = false;
  let filling = false;
  const beginning = openBeginning();
  let told: Position = START;
  let sinceTold = 0;
  let sinceSweep = 0;

  async function refill(): Promise<void> {
    const { events, floor } = await lastEvents(store, ringSize, limits.ringBytes);
    ring.reset(floor);
    for (const event of events) ring.push(event);
    const last = events.at(-1);
    checkpoint = last ? { position: last.position, eventId: last.id } : BEGINNING;
  }

  await whileStarting(refill);
  const io = openSockets({
    server: options.server,
    origins: options.origins,
    apart: options.apart,
    polling: options.polling ?? false,
    authenticate: options.authenticate,
    log,
    sockets: limits.sockets,
    bounds: limits,
    refusals,
    closed: () => stopping,
  });
  // The fan-out is attached before the rooms are read, because it brings its own adapter.
  const tie = (options.fanOut ?? ALONE).attach(io, consequences.end);
  const rooms = io.sockets.adapter.rooms;

  /** Sends an event to its topics' rooms: one serialisation a room. */
  function send(event: RecordedEvent): void {
    const topics = [...new Set(event.metadata.topics)];
    const previous = topics.map((topic) => ring.last(topic));
    const bytes = ring.push(event);
    for (const [index, topic] of topics.entries()) {
      if (!rooms.has(topic)) continue;
      io.local.to(topic).emit('change', changeOf(event, topic, previous[index] ?? null));
      sinceSweep += bytes;
    }
  }

  async function push(event: RecordedEvent): Promise<void> {
    if (event.position <= checkpoint.position) return;
    const meaning = consequences.of(event);
    const act = meaning && (await meaning);
    send(event);
    act?.();
    checkpoint = { position: event.position, eventId: event.id };
    if (++sinceTold > ringSize / 10) tell();
    if (sinceSweep > limits.waiting / 8) await relieve();
  }

  /** Lets the sent changes go out, then cuts off the clients that do not read. */
  async function relieve(): Promise<void> {
    await turn();
    sinceSweep = 0;
    for (const { socket } of connections.all()) {
      if (waiting(socket.conn, limits.waiting) <= limits.waiting) continue;
      log.warn({ socket: socket.id }, 'realtime: a client reads too slowly and was cut off; it can resume');
      cut(socket.conn);
    }
  }

  /** Tells all clients the position up to which they have got every change. */
  function tell(): void {
    sinceTold = 0;
    if (told === ring.head()) return;
    told = ring.head();
    io.local.emit('reached', { position: told } satisfies Reached);
  }

  const handlers: Handlers = {
    subscribe: (connection, message) => subscriptions.subscribe(connection, message),
    unsubscribe: (connection, message) => subscriptions.unsubscribe(connection, message),
    async token(connection, { token }) {
      const session = consequences.asOfNow(await options.authenticate(token));
      if (session.id !== connection.session.id) throw new ProblemError('forbidden', 'This token is another user’s.');
      if (consequences.gone(session)) throw new ProblemError('unauthorized', 'Your session has ended.');
      renewSession(connection, session);
      await consequences.recheck(connection, 'role_changed');
      return { expiresIn: secondsLeft(connection) };
    },
  };

  io.engine.on('connection', (conn) => {
    countPackets(conn, limits.packets, () => {
      for (const one of connections.all()) if (one.socket.conn === conn) dismiss(one, 'limited', `At most ${limits.packets} messages a second.`);
      conn.close(true);
    });
  });

  io.on('connection', (socket) => {
    const session = consequences.asOfNow(sessionOf(socket));
    const connection = createConnection(socket, session);
    if (stopping || consequences.gone(session)) return dismiss(connection, 'unauthorized', 'Your session has ended.');
    connections.add(connection);
    // What is asked meanwhile waits for it.
    void connection.inTurn(() => boundSince.entered(connection));
    socket.on('disconnect', () => {
      connection.topics.clear();
      connections.remove(connection);
    });
    answerMessages(connection, handlers, log);
    socket.emit('welcome', { userId: session.id, role: roleOf(session), expiresIn: secondsLeft(connection) } satisfies Welcome);
  });

  const lookForEnds = watchSessions({ connections, endedAmong: options.endedAmong, end: consequences.end });
  let seconds = 0;
  const clock = setInterval(() => {
    lookForEnds();
    boundSince.look();
    for (const connection of connections.all()) watchToken(connection, limits);
    if (++seconds % TELL_EVERY === 0) tell();
  }, 1_000).unref();

  const follower: Follower = follow(
    {
      ...REALTIME,
      batch: 100,
      wants: () => true,
      load: async () => {
        await beginning.begins(store.head);
        return checkpoint;
      },
      async apply(events, reached) {
        for (const event of events) await push(event);
        ring.advance(reached.position);
        checkpoint = reached;
      },
      async foreignLog() {
        filling = true;
        await refill();
        filling = false;
        for (const connection of connections.all()) subscriptions.restart(connection);
      },
    },
    { store, bus: options.bus, log },
  );

  await Promise.race([beginning.begun, delay(FIRST_PATIENCE, undefined, { ref: false })]);
  return {
    ready: () => !filling && beginning.isOver(follower),
    async stop() {
      stopping = true;
      clearInterval(clock);
      await follower.stop();
      const open = [...connections.all()].map(({ socket }) => socket.conn);
      io.engine.close();
      await farewell(open, 500);
    },
    sockets: () => connections.size(),
    paces: follower.paces,
    position: () => ring.head(),
    forget: () => ring.reset(ring.head()),
  };
}

function roleOf(session: SocketSession): Role {
  return session.role as Role;
}
