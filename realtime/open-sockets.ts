/** The sockets that come in: Socket.IO with its limits, Origins and tokens. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { handshake } from '../contracts/live.ts';
import { type ProblemCode, ProblemError } from '../contracts/problem.ts';
import type { FollowContext } from '../platform/followers/follow.ts';
import { isAmong, isAt, originOf } from '../platform/http/origins.ts';
import { beginAnswer } from '../platform/http/security-headers.ts';
import type { SocketSession } from './connection.ts';
import { type DoorBounds, type DoorCounts, openDoorCounts } from './door-counts.ts';
import type { Refusals } from './refusals.ts';
import { socketProblem } from './socket-problem.ts';

export interface SocketOptions {
  server: HttpServer;
  /** Origins that may connect beside the server's own, as `https://board.example.org`. */
  origins: readonly string[];
  /** An origin of ours at which nobody may connect; undefined: there is none. */
  apart: string | undefined;
  /** True where clients may also poll; else websockets alone are taken. */
  polling: boolean;
  authenticate(token: string): Promise<SocketSession>;
  log: FollowContext['log'];
  /** The most connections. */
  sockets: number;
  /** The most of a network, of a user, and before login. */
  bounds: DoorBounds;
  refusals: Pick<Refusals, 'networkOf' | 'ofHandshake'>;
  /** True once no more connections may come in. */
  closed(): boolean;
}

/** The problems of who is refused; others are ours. */
const REFUSED: ReadonlySet<ProblemCode> = new Set(['unauthorized', 'forbidden', 'limited']);

/** Opens the Socket.IO server at /socket.io. `sessionOf` gives the session of every socket that it lets in. */
export function openSockets(options: SocketOptions): Server {
  const counts = openDoorCounts(options.bounds);
  const { refusals } = options;
  const io: Server = new Server(options.server, {
    path: '/socket.io',
    transports: options.polling ? ['polling', 'websocket'] : ['websocket'],
    serveClient: false,
    cors: { origin: (origin, answer) => answer(null, isAmong(options.origins, origin)), methods: ['GET', 'POST'] },
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: 64 * 1024,
    connectTimeout: 10_000,
    allowRequest(request, answer) {
      const refusal = refusalOf(request);
      answer(refusal, refusal === null);
    },
  });

  // The engine answers in its path before whoever listened until now.
  options.server.prependListener('request', (_, response) => beginAnswer(options.server, response));

  function refusalOf(request: IncomingMessage): string | null {
    if (options.apart !== undefined && isAt(options.apart, request.headers.host)) return 'There are no sockets at this address.';
    if (!originAllowed(request, options.origins)) {
      refusals.ofHandshake(request, 403);
      return 'This Origin may not connect.';
    }
    return isFull(request) ? 'No connection is free.' : null;
  }

  function isFull(request: IncomingMessage): boolean {
    return options.closed() || io.engine.clientsCount >= options.sockets || counts.isFull(refusals.networkOf(request));
  }

  io.engine.on('connection', (conn: Socket['conn']) => counts.enter(conn, refusals.networkOf(conn.request)));

  io.use((socket, next) => {
    admit(socket, options, counts).then(
      () => next(),
      (error: unknown) => {
        const problem = socketProblem(error, options.log, {});
        if (REFUSED.has(problem.code)) refusals.ofHandshake(socket.request, problem.status);
        next(Object.assign(new Error(problem.detail), { data: problem }));
      },
    );
  });
  return io;
}

export function sessionOf(socket: Socket): SocketSession {
  return socket.data.session;
}

async function admit(socket: Socket, options: SocketOptions, counts: DoorCounts): Promise<void> {
  const auth = handshake.schema.safeParse(socket.handshake.auth);
  if (!auth.success) throw new ProblemError('unauthorized', 'Connect with auth {token}.');
  const session = await options.authenticate(auth.data.token);
  if (!counts.admit(socket.conn, session.id)) throw new ProblemError('limited', 'You have as many connections as one may have. Close one.');
  socket.data.session = session;
}

/** True for a request without Origin (not a browser's), from the server's own Origin, or from one of the list. */
function originAllowed(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || isAmong(origins, origin)) return true;
  const named = originOf(origin);
  return named !== null && isAt(named, host);
}
