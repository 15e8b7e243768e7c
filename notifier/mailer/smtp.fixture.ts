/** For tests: a mail server that does what it is told. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** What it does: takes mails, answers with a code to RCPT or after the content, never greets, or has the content and says nothing or drops the connection. */
export type Behaviour = 'accept' | { rcpt: number } | { data: number } | 'hang' | 'hang after DATA' | 'take and drop';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Mails whose content it got, as sent. */
  readonly received: string[];
  /** Connections that were opened so far. */
  connections(): number;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

/** Starts one on a free port of this machine, or on a given one. */
export async function startTestServer(port = 0): Promise<TestServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = 'accept';
  let connections = 0;
  const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  function answer(content: string, callback: (error?: Error | null) => void): void {
    if (typeof behaviour === 'object' && 'data' in behaviour) callback(refusal(behaviour.data, 'not now'));
    else received.push(content);
    if (behaviour === 'accept') callback();
    if (behaviour === 'take and drop') dropAll();
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect: (_session, callback) => {
      connections++;
      if (behaviour !== 'hang') callback();
    },
    onRcptTo: ({ address }, _session, callback) =>
      callback(typeof behaviour === 'object' && 'rcpt' in behaviour ? refusal(behaviour.rcpt, `no mailbox for <${address}> here`) : null),
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
