/** The one HTTP server of a process: it listens from the start on, and is given its listener of requests later. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UserError } from '../user-error.ts';
import { boundBody } from './body-time.ts';
import { answerBroken, isRefused, refuseConnection } from './broken-request.ts';
import { type Doors, openDoors, openFilesLimit } from './doors.ts';
import { boundHeads, headBoundsOf } from './heads.ts';
import { askByPath, isSound } from './request-head.ts';
import { beginAnswer, keepHeaders } from './security-headers.ts';

export interface Listening {
  server: Server;
  /** The address of the server: `http://HOST:PORT`. */
  url: string;
  /** Has this listener answer all requests from now on. */
  answer(listener: RequestListener): void;
  /** The number of open connections, also of those that were upgraded. */
  open(): number;
  /** Takes no more connections; resolves once the present ones were answered, or after 3 s, when what is left is destroyed. May be called again. */
  close(): Promise<void>;
}

/** The milliseconds that connections are given. */
export interface Patience {
  /** The longest silence both ways, while an answer is made or waits for a client that does not read it; also of a half-closed connection. */
  silence: number;
  /** The time of the present connections when the server closes. */
  farewell: number;
  /** The time in which headers have to arrive, and then the body, unless its row takes it as a stream. */
  body: number;
  /** The bytes a second that a body may not fall below, from its tenth second on. */
  rate: number;
}

export interface ListenOptions {
  /** 0: any free port. */
  PORT: number;
  HOST: string;
  /** Headers of every answer that does not set its own; default: none. */
  headers?: Readonly<Record<string, string>>;
}

const PATIENCE: Patience = { silence: 120_000, farewell: 3_000, body: 30_000, rate: 100 };

/**
 * Starts the server; `first` answers until `answer` is called. A request that asks for another protocol than Socket.IO's websocket is answered as
 * if it had not asked. Error: one clear line for a port or host that cannot be had.
 *
 *     const listening = await listen(app.callback(), { PORT: 0, HOST: '127.0.0.1' });
 */
export async function listen(
  first: RequestListener,
  { PORT, HOST, headers = {} }: ListenOptions,
  patience: Partial<Patience> = {},
): Promise<Listening> {
  const { silence, farewell, body, rate } = { ...PATIENCE, ...patience };
  let listener = first;
  // Node's own rule hands every request with `Upgrade` (also h2c, of curl and Java) to whoever listens for upgrades, and forgets its connection.
  const shouldUpgradeCallback = (request: IncomingMessage): boolean => {
    const isUpgraded = server.listenerCount('upgrade') > 0 && asksForSocket(request) && isSound(request) && !isRefused(request.socket);
    if (isUpgraded) heads.upgraded(request.socket);
    return isUpgraded;
  };
  // Node's own time for a body is one for all of them; a row may give its own more (body-time.ts).
  const server: Server = createServer(
    { requestTimeout: 0, headersTimeout: body, requireHostHeader: false, shouldUpgradeCallback },
    (request, response) => {
      if (isRefused(request.socket)) return;
      askByPath(request);
      // Node's own refusal of a request without a host has no body.
      if (!isSound(request)) return refuseConnection(request.socket, 400, request);
      boundBody(request, { within: body, rate });
      beginAnswer(server, response);
      listener(request, response);
    },
  );
  server.timeout = silence;
  keepHeaders(server, headers);
  answerBroken(server);
  const connections = keepConnections(server, silence);
  const heads = boundHeads(server, headBoundsOf(openFilesLimit()));
  const doors = await openDoors(server, { port: PORT, host: HOST }).catch((error) => Promise.reject(unlistenable(error, HOST, PORT)));
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    server,
    url: `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`,
    answer: (next) => {
      listener = next;
    },
    open: () => connections.size,
    close: () => {
      closing ??= close({ server, doors }, connections, farewell);
      return closing;
    },
  };
}

function unlistenable(error: NodeJS.ErrnoException, host: string, port: number): UserError {
  const why =
    error.code === 'EADDRINUSE'
      ? `Port ${port} on ${host} is taken by another program. Stop that one, or set PORT to another (0: any free).`
      : `It cannot listen on ${host} port ${port} (${error.code ?? error.message}). Set HOST and PORT to what this machine has and you may use.`;
  return new UserError(why, { cause: error });
}

/** True for a request to become a websocket, on exactly the path that all clients of Socket.IO ask for, with its last slash. */
function asksForSocket({ url, headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && url?.split('?')[0] === '/socket.io/';
}

/** The open connections of a server: also those that were upgraded, which the server itself does not see. */
function keepConnections(server: Server, silence: number): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket.once('close', () => open.delete(socket)));
    // Node hands some connections over without a listener (CONNECT's), and a reset that nobody hears ends the process.
    socket.on('error', () => {});
    // An upgraded connection has no time-out: a peer that closed its side and reads nothing would keep it for good.
    socket.once('end', () => socket.setTimeout(silence, () => socket.destroy()));
  });
  return open;
}

async function close({ server, doors }: { server: Server; doors: Doors }, connections: ReadonlySet<Socket>, farewell: number): Promise<void> {
  // A connection with a request under way becomes idle only after the answer, and its client would keep it open.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  setTimeout(() => {
    for (const socket of connections) socket.destroy();
  }, farewell).unref();
  await doors.close();
  clearInterval(idle);
  // Those that were destroyed just now.
  await Promise.all([...connections].map((socket) => once(socket, 'close')));
}
