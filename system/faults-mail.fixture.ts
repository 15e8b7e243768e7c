/** A mail server that counts mails by Message-ID, and can make senders wait. */
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface MailReceiver {
  url: string;
  /** The number of times that each mail was taken, by the notification's id: the part of its Message-ID before the @. */
  taken: Map<string, number>;
  /** Lets mails from now on wait for their answer. */
  hold(): void;
  /** The number of mails that wait for their answer. */
  held(): number;
  /** Takes all mails that wait, and again every mail at once. */
  release(): void;
  stop(): Promise<void>;
}

/** Starts a receiver on a free port of the loopback. */
export async function startMailReceiver(): Promise<MailReceiver> {
  const taken = new Map<string, number>();
  const waiting: (() => void)[] = [];
  let holding = false;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    closeTimeout: 1_000,
    onData: (stream, _session, done) => {
      let raw = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        raw += chunk;
      });
      stream.on('end', () => {
        const id = /^Message-ID: <([^@>]*)@/im.exec(raw)?.[1] ?? '';
        const take = () => {
          taken.set(id, (taken.get(id) ?? 0) + 1);
          done();
        };
        if (holding) waiting.push(take);
        else take();
      });
    },
  });
  // Of a sender that was killed.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const release = () => {
    holding = false;
    for (const take of waiting.splice(0)) take();
  };
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    taken,
    hold: () => {
      holding = true;
    },
    held: () => waiting.length,
    release,
    stop: () => {
      release();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
