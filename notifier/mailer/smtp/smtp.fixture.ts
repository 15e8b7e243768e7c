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
  | 'take and drop'
  /** It takes mails, and waits so many milliseconds before it greets, and after the content. */
  | { slow: { greeting?: number; data?: number } };

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** The mails whose content the server got, as sent. */
  readonly received: string[];
  /** The number of connections opened so far. */
  connections(): number;
  /** The names by which clients greeted. */
  readonly greeted: string[];
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Starts a mail server on a free port of this machine, or on a given one. `options`: those of smtp-server, as a certificate. */
export async function startTestServer(port = 0, options: SMTPServerOptions = { disabledCommands: ['STARTTLS'] }): Promise<TestServer> {
  const received: string[] = [];
  const greeted: string[] = [];
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = 'accept';
  let connections = 0;
  /** The error to answer with at this step; null where the server goes on. */
  const refused = (step: string, text: string) => {
    const code = typeof behaviour === 'object' && (behaviour as Record<string, unknown>)[step];
    return code ? Object.assign(new Error(text), { responseCode: code }) : null;
  };
  /** Calls back after as long as a slow server takes for a step. */
  const inItsTime = (step: 'greeting' | 'data', callback: () => void) => {
    const milliseconds = typeof behaviour === 'object' && 'slow' in behaviour ? behaviour.slow[step] : 0;
    if (milliseconds) setTimeout(callback, milliseconds).unref();
    else callback();
  };
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  function answer(content: string, callback: (error?: Error | null) => void): void {
    const refusal = refused('data', 'not now');
    if (refusal) callback(refusal);
    else received.push(content);
    if (behaviour === 'accept' || (typeof behaviour === 'object' && 'slow' in behaviour)) inItsTime('data', callback);
    if (behaviour === 'take and drop') dropAll();
  }

  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 100,
    onAuth: ({ username }, _session, callback) => callback(null, { user: username ?? '' }),
    ...options,
    onConnect: (_session, callback) => {
      connections++;
      if (behaviour !== 'hang') inItsTime('greeting', () => callback(refused('greeting', 'no service here')));
    },
    onMailFrom: (_address, session, callback) => {
      greeted.push(session.hostNameAppearsAs ?? '');
      callback(refused('from', 'not from you'));
    },
    onRcptTo: ({ address }, _session, callback) => callback(refused('rcpt', `no mailbox for <${address}> here`)),
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => answer(Buffer.concat(chunks).toString(), callback));
    },
  });
  server.on('error', () => {});
  // Node crashes where the socket under one with TLS is destroyed.
  server.server.on(options.secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: listening } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${listening}`,
    port: listening,
    received,
    greeted,
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
