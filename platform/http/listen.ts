/** The one HTTP server of a process: it listens from the start on, and is given its listener of requests later. */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UserError } from '../user-error.ts';

export interface Listening {
  server: Server;
  /** The address of the server: `http://HOST:PORT`. */
  url: string;
  /** Has this listener answer all requests from now on. */
  answer(listener: RequestListener): void;
  /** Takes no more connections; resolves once the present ones were answered, or after 3 s. May be called again. */
  close(): Promise<void>;
}

/** Starts the server; `first` answers until `answer` is called. Error: one clear line for a port or host that cannot be had. */
export async function listen(first: RequestListener, { PORT, HOST }: { PORT: number; HOST: string }): Promise<Listening> {
  let listener = first;
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => listener(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(unlistenable(error, HOST, PORT)));
    server.listen(PORT, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    server,
    url: `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`,
    answer: (next) => {
      listener = next;
    },
    close: () => {
      closing ??= close(server);
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

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A connection with a request under way becomes idle only after the answer, and its client would keep it open.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(idle);
      resolve();
    });
    setTimeout(() => server.closeAllConnections(), 3_000).unref();
  });
}
