/**
 * Notifications. How many a second, from the offer on the queue to its acknowledgement, 1, 2 and 4 workers send by SMTP, against as many bare amqplib
 * consumers that take the same offers, one at a time, and acknowledge them (needs an installed RabbitMQ). And how long it takes from the command that
 * asks for a mail until the mail server has it, in one process on embedded stores, against nodemailer alone. `node bench/notifications.ts` prints
 * the lines.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { QUEUES } from '../app/queues.ts';
import { mailChannel, QUEUE_OF } from '../notifier/channels.ts';
import { deliverer } from '../notifier/deliver.ts';
import { openSmtp } from '../notifier/mailer/smtp/smtp.ts';
import { startNotifier } from '../notifier/notifier.ts';
import { memoryCache } from '../platform/cache/memory/memory.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import { stableId } from '../platform/stable-id.ts';
import { startProjections } from '../projections/project.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { bestOf, line, type Row } from './measure.ts';
import { onRabbitMq } from './on-rabbitmq.ts';
import { benchCompeting } from './work-queue.ts';

const ROUNDS = 3;
/** Mails of a run, whose ways are timed one after the other. */
const TIMED = 200;
const FROM = 'taskledger <no-reply@example.org>';
const log = { info: () => {}, warn: () => {}, error: () => {} };
const compose = { publicUrl: () => 'https://tasks.example.org', site: 'The House', issueCode: async () => 'code', seesAll: () => true };

/** The rows of workers, where there is a RabbitMQ, and of the way of a mail. */
export async function benchNotifications(): Promise<Row[]> {
  return [...(await benchWorkers()), ...(await benchWay())];
}

/** Starts a mail server that takes everything; `onMail` is called when it has a mail. */
async function startTaker(): Promise<{ url: string; onMail: { call(): void }; stop(): Promise<void> }> {
  const onMail = { call: () => {} };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    onData: (stream, _session, done) => {
      stream.resume();
      stream.on('end', () => {
        onMail.call();
        done();
      });
    },
  });
  server.on('error', () => {});
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  // One connection for all mails: smtp-server greets each new connection 100 ms late.
  return { url: `smtp://127.0.0.1:${port}?maxMessages=1000000`, onMail, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

let asked = 0;

/** Asks for a mail; answers the notification's stream. */
async function ask(commands: CommandHandler): Promise<string> {
  const id = stableId('bench', String(asked++));
  const stream = `notification-${id}`;
  const actor = { id: 'service', role: 'service', seesAll: true } as const;
  const data = { type: 'email', recipient: 'ann@example.org', content: 'Your parcel is here.' };
  await commands.handle(
    { type: 'SendNotification', stream, id, data, commandId: stableId(stream), actor, now: new Date().toISOString() },
    { correlationId: id },
  );
  return stream;
}

function benchWorkers(): Promise<Row[]> {
  return onRabbitMq(async ({ store, ...broker }) => {
    const taker = await startTaker();
    const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
    const mailer = openSmtp({ url: taker.url, from: FROM });
    const channel = mailChannel(mailer, { ...compose, commands, store, now: () => new Date() });
    try {
      return await benchCompeting({
        ...{ what: 'mails sent', target: 0.1, ...broker, queue: QUEUE_OF.email },
        make: () => ask(commands),
        handler: (worker) => deliverer({ store, commands, log, channel, hold: false, attempts: 1, worker }),
        statusOf: async (stream) => (await commands.load<NotificationState>(stream)).state.status,
        done: 'sent',
      });
    } finally {
      await mailer.close();
      await taker.stop();
    }
  });
}

async function benchWay(): Promise<Row[]> {
  const taker = await startTaker();
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-notifications-'));
  const store = await openEventStore('sqlite:', { dataDir, log });
  const bus = await openEventBus('memory:', { queues: QUEUES, log });
  const readModels = await openReadModels('sqlite:', { dataDir, log });
  const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
  const mailer = openSmtp({ url: taker.url, from: FROM });
  const forwarder = startForwarder({ store, bus, log });
  const projections = await startProjections({ store, bus, log, readModels, cache: memoryCache() });
  const notifier = await startNotifier({ ...compose, store, bus, log, readModels, commands, mailer, attempts: 1 });
  const transport = createTransport({ url: taker.url, pool: true } as Parameters<typeof createTransport>[0]);
  const mail = {
    from: FROM,
    to: 'ann@example.org',
    subject: 'Your parcel is here.',
    text: 'Your parcel is here.',
    html: '<p>Your parcel is here.</p>',
  };

  /** The milliseconds from `begin` until the server has the mail, of each mail, in ascending order. */
  async function times(begin: () => Promise<unknown>): Promise<number[]> {
    const all: number[] = [];
    for (let n = 0; n < TIMED; n++) {
      const { promise: came, resolve } = Promise.withResolvers<void>();
      taker.onMail.call = resolve;
      const start = performance.now();
      const [, at] = await Promise.all([begin(), came.then(() => performance.now())]);
      all.push(at - start);
    }
    return all.sort((a, b) => a - b);
  }
  const at = (share: number) => (sorted: number[]) => sorted[Math.floor(sorted.length * share)] ?? 0;

  try {
    const rows: Row[] = [];
    for (const [name, of, target] of [
      ['p50', at(0.5), 5],
      ['p99', at(0.99), 5],
    ] as const) {
      rows.push(
        await bestOf({
          what: `send → SMTP server, ${name}`,
          unit: 'ms',
          target,
          rounds: ROUNDS,
          best: 'lowest',
          ours: async () => of(await times(() => ask(commands))),
          bare: async () => of(await times(() => transport.sendMail(mail))),
        }),
      );
    }
    return rows;
  } finally {
    transport.close();
    await notifier.stop();
    await mailer.close();
    await projections.stop();
    await forwarder.stop();
    for (const one of [readModels, bus, store]) await one.close();
    await taker.stop();
    await rm(dataDir, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchNotifications()) process.stdout.write(`${line(row)}\n`);
}
