/** The answers to what is no request: its headers are too long, it never ends, or it is not HTTP. There is nobody behind it to ask, so they go onto the bare connection. */
import { randomUUID } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ProblemError, toProblem } from '../../contracts/problem.ts';
import { headersOf } from './security-headers.ts';

const REFUSALS = {
  400: ['Bad Request', 'This is not HTTP as it is spoken here.'],
  408: ['Request Timeout', 'The request did not arrive in time.'],
  413: ['Content Too Large', 'The extensions of the chunks of the body are too long.'],
  417: ['Expectation Failed', 'Of what Expect may ask for, 100-continue alone is met.'],
  431: ['Request Header Fields Too Large', 'The headers are too long.'],
} as const;

/** The codes of Node's errors; any other is a 400. */
const STATUSES: Readonly<Record<string, keyof typeof REFUSALS>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Milliseconds for which the rest is taken, so that a client that still sends gets the answer, and no reset in its place. */
const READ_ON = 1_000;

/** A connection as Node's HTTP keeps it: with its server, and the answer that is under way. */
type HttpSocket = Socket & { server?: Server; _httpMessage?: ServerResponse | null };

/** Has a server answer what is no request with a problem. */
export function answerBroken(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseConnection(socket as Socket, STATUSES[error.code ?? ''] ?? 400));
  // Node's own refusal has no body, and none of our headers.
  server.on('checkExpectation', ({ socket }) => refuseConnection(socket, 417));
}

/** Answers a connection with a problem and ends it. In the middle of an answer it is only ended, since another answer would garble that one. */
export function refuseConnection(socket: Socket, status: keyof typeof REFUSALS): void {
  const { server, _httpMessage: answer } = socket as HttpSocket;
  // Asked for again with each further piece of what is broken already.
  if (socket.writableEnded) return;
  if (!socket.writable || answer?.headersSent) return void socket.destroy();
  socket.end(answerOf(status, headersOf(server)));
  setTimeout(() => socket.destroy(), READ_ON).unref();
  socket.once('end', () => socket.destroySoon());
}

function answerOf(status: keyof typeof REFUSALS, headers: Readonly<Record<string, string>>): string {
  const [reason, detail] = REFUSALS[status];
  const id = randomUUID();
  const body = JSON.stringify(toProblem(new ProblemError('invalid', detail, { status }), id));
  const all = {
    ...headers,
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Request-Id': id,
    Connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`;
}
