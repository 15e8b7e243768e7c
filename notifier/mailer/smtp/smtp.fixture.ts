/** A mail server for tests that behaves as it is told. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/**
 * The behaviour of the server: it takes mails, answers with a code at the greeting, to MAIL FROM, to RCPT or after the content, never greets,
 * or gets the content and then says nothing or drops the connection.
 */
export type Behaviour =
  | 'accept'
  | { greeting: number }
  | { from: number }
  | { rcpt: number }
  | { data: number }
  | 'hang'
  | 'hang after DATA'
  | 'take and drop';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** The mails whose content the server got, as sent. */
  readonly received: string[];
  /** The number of connections opened so far. */
  connections(): number;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Starts a mail server on a free port of this machine, or on a given one. */
export async function startTestServer(port = 0, options: SMTPServerOptions = {}): Promise<TestServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = 'accept';
  let connections = 0;
  /** The error to answer with at this step; null where the server goes on. */
  const refused = (step: string, text: string) => {
    const code = typeof behaviour === 'object' && (behaviour as Record<string, number>)[step];
    return code ? Object.assign(new Error(text), { responseCode: code }) : null;
  };
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  function answer(content: string, callback: (error?: Error | null) => void): void {
    const refusal = refused('data', 'not now');
    if (refusal) callback(refusal);
    else received.push(content);
    if (behaviour === 'accept') callback();
    if (behaviour === 'take and drop') dropAll();
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    ...options,
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect: (_session, callback) => {
      connections++;
      if (behaviour !== 'hang') callback(refused('greeting', 'no service here'));
    },
    onMailFrom: (_address, _session, callback) => callback(refused('from', 'not from you')),
    onRcptTo: ({ address }, _session, callback) => callback(refused('rcpt', `no mailbox for <${address}> here`)),
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => answer(Buffer.concat(chunks).toString(), callback));
    },
  });
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: listening } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${listening}`,
    port: listening,
    received,
    connections: () => connections,
    behave: (next) => {
      behaviour = next;
    },
    close: () => {
      dropAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
