/** The answers to what is no request: its headers are too long, it never ends, or it is not HTTP. There is nobody behind it to ask, so they go onto the bare connection. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, maxHeaderSize, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ProblemError, toProblem } from '../../contracts/problem.ts';
import { ALL_METHODS } from './paths.ts';
import { headersOf } from './security-headers.ts';

const REFUSALS = {
  400: ['Bad Request', 'invalid', 'This is not HTTP as it is spoken here.'],
  405: ['Method Not Allowed', 'method_not_allowed', 'Nothing here takes this method.'],
  408: ['Request Timeout', 'timeout', 'The request did not arrive in time.'],
  413: ['Content Too Large', 'invalid', 'The extensions of the chunks of the body are too long.'],
  417: ['Expectation Failed', 'invalid', 'Of what Expect may ask for, 100-continue alone is met.'],
  431: ['Request Header Fields Too Large', 'invalid', `The address and the headers of a request may have ${maxHeaderSize} bytes together.`],
} as const;
type RefusedStatus = keyof typeof REFUSALS;

/**
 * The codes of Node's errors; any other is a 400. Whether it was the address or a header that got too long nobody can tell who did not see the bytes
 * before the last ones, and the answer is not to depend on how they were cut into packets: so it is one code for both.
 */
const STATUSES: Readonly<Record<string, RefusedStatus>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Milliseconds for which the rest is taken, so that a client that still sends gets the answer, and no reset in its place. */
const READ_ON = 1_000;

/** A connection as Node's HTTP keeps it: with its server, the request that was read last, and the answer that is under way. */
type HttpSocket = Socket & { server?: Server; parser?: { incoming: IncomingMessage | null } | null; _httpMessage?: ServerResponse | null };

/** Has a server answer what is no request with a problem. */
export function answerBroken(server: Server): void {
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => refuseConnection(socket as Socket, STATUSES[code] ?? 400));
  // Node's own refusals have no body, and none of our headers.
  server.on('checkExpectation', (request) => refuseConnection(request.socket, 417, request));
  server.on('connect', (request, socket) => refuseConnection(socket as Socket, 405, request));
}

/** The connections that are refused already: it is asked for again with each further piece of what is broken. */
const refused = new WeakSet<Socket>();

/**
 * Answers a connection with a problem and ends it, once the requests before the one that is refused are answered: the problem would be taken for the
 * answer to one of them. In the middle of the answer to that one it is only ended, since another answer would garble it. Without a request, what is
 * refused is the one that is not whole; or what came behind whole ones, and is none.
 */
export function refuseConnection(socket: Socket, status: RefusedStatus, request?: IncomingMessage): void {
  if (isRefused(socket)) return;
  refused.add(socket);
  const unfinished = unfinishedOf(socket);
  // What was answered before it was whole has its answer: a second one would be taken for the next one's.
  if (!request && unfinished && !(socket as HttpSocket)._httpMessage) endReading(socket, '');
  else refuseInTurn(socket, status, request ?? unfinished);
}

/** True for a connection that was refused: what still comes on it is no request any more, however much it looks like one. */
export function isRefused(socket: Socket): boolean {
  return refused.has(socket);
}

function refuseInTurn(socket: HttpSocket, status: RefusedStatus, request: IncomingMessage | null): void {
  const { server, _httpMessage: answer } = socket;
  if (socket.writableEnded) return;
  if (socket.writable && answer && answer.req !== request) return void answer.once('close', () => refuseInTurn(socket, status, request));
  if (!socket.writable || answer?.headersSent) return void socket.destroy();
  endReading(socket, answerOf(status, headersOf(server)));
}

/** Ends a connection with these words, and takes for a while what still comes. */
function endReading(socket: Socket, words: string): void {
  socket.end(words);
  setTimeout(() => socket.destroy(), READ_ON).unref();
  socket.once('end', () => socket.destroySoon());
}

/** The request of a connection whose body is still read. */
function unfinishedOf({ parser }: HttpSocket): IncomingMessage | null {
  const last = parser?.incoming;
  return last && !last.complete ? last : null;
}

function answerOf(status: RefusedStatus, headers: Readonly<Record<string, string>>): string {
  const [reason, code, detail] = REFUSALS[status];
  const id = randomUUID();
  const body = JSON.stringify(toProblem(new ProblemError(code, detail, { status }), id));
  const all = {
    ...headers,
    ...(status === 405 ? { Allow: ALL_METHODS.join(', ') } : {}),
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Request-Id': id,
    Connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`;
}
