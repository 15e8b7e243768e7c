/** Everything between a command and a mail server, in its own folder, with a mail server that answers as the test says. */

import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { vi } from 'vitest';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent } from '../../contracts/notification.ts';
import type { Channel } from '../../contracts/notifications/kind.ts';
import { openMailer } from '../../notifier/mailer/open.ts';
import { type Notifier, type NotifierContext, startNotifier } from '../../notifier/notifier.ts';
import { memoryCache } from '../../platform/cache/memory/memory.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import { stableId } from '../../platform/stable-id.ts';
import { type Projections, startProjections } from '../../projections/project.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { openLog } from '../open-log.fixture.ts';

/** A mail as the server got it, with its whole content. */
export interface Got {
  id: string;
  to: string;
  raw: string;
}

/** The server's answer to a mail's content: it takes the mail, answers with an error code, says nothing, or hangs up. */
export type Answer = 'take' | number | 'hang' | 'drop';

export interface MailServer {
  url: string;
  /** Every mail that the server was given; `taken` has those that it took. */
  given: Got[];
  taken: Got[];
  stop(): Promise<void>;
}

/** Starts a mail server. `answer` gets the mail and the number of mails before it; `onPort` 0: any. */
export async function startMailServer(
  answer: (mail: Got, before: number) => Answer | Promise<Answer> = () => 'take',
  onPort = 0,
): Promise<MailServer> {
  const given: Got[] = [];
  const taken: Got[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks).toString();
        const mail = { id: /^Message-ID: <(.*)>$/im.exec(raw)?.[1] ?? '', to: session.envelope.rcptTo[0]?.address ?? '', raw };
        const answered = answer(mail, given.length);
        given.push(mail);
        const what = await answered;
        if (what === 'take') taken.push(mail);
        if (what === 'take') done();
        else if (what === 'drop') hangUp(session.id);
        else if (what !== 'hang') done(Object.assign(new Error(`no mail for ${mail.to} now`), { responseCode: what }));
      });
    },
  });
  const hangUp = (id: string) => {
    for (const connection of server.connections as unknown as Iterable<{ id: string; close(): void }>) if (connection.id === id) connection.close();
  };
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(onPort, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, given, taken, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

export interface Rig {
  store: EventStore;
  projections: Projections;
  /** Every logged line, as text. */
  logged: string[];
  /** Every confirmation code that was made. */
  codes: string[];
  /** Registers the n-th user, `person-<n>@example.org`; resolves to the id. */
  register(n: number): Promise<string>;
  /** Makes the n-th task, for a user; resolves to its stream. */
  makeTask(n: number, userId: string): Promise<string>;
  /** Asks for a message, as another backend does; resolves to the notification's stream. */
  send(type: 'email' | 'sms', recipient: string, content: string): Promise<string>;
  startNotifier(more?: Partial<NotifierContext>): Promise<Notifier>;
  /** Stops the projections, deletes the read models and has them made anew. */
  loseReadModels(): Promise<void>;
  /** Opens read models that nobody fills. */
  emptyReadModels(): Promise<ReadModels>;
  /** Resolves when there are so many notifications by mail and each is sent or failed. */
  decided(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens everything but the notifier. `distort` returns the bus that the notifier gets. */
export async function openRig(mailUrl: string, distort: (bus: EventBus) => EventBus = (bus) => bus): Promise<Rig> {
  const logged: string[] = [];
  const codes: string[] = [];
  const line = (data: object, message: string) => void logged.push(`${message} ${JSON.stringify(data, withErrors)}`);
  const log = { info: line, warn: line, error: line };
  const opened = await openLog({ log });
  const { dataDir, store, bus } = opened;
  const commands = commandHandler({ store, hmac: (text) => stableId('hmac', text), log });
  const { mailer } = openMailer(mailUrl, { dataDir, from: 'taskledger <no-reply@example.org>', log });
  const notifiers: Notifier[] = [];
  let { readModels, projections } = await project();

  async function project(): Promise<{ readModels: ReadModels; projections: Projections }> {
    const it = await opened.readModels();
    return { readModels: it, projections: await startProjections({ store, bus, log, readModels: it, cache: memoryCache(), silence: 50 }) };
  }

  async function handle(type: string, stream: string, data: unknown): Promise<string> {
    const id = stream.slice(stream.indexOf('-') + 1);
    const actor = { id, role: 'member', seesAll: true } as const;
    const commandId = stableId(type, stream);
    await commands.handle({ type, stream, id, data, commandId, actor, now: new Date().toISOString() }, { correlationId: commandId });
    return id;
  }

  return {
    store,
    get projections() {
      return projections;
    },
    logged,
    codes,
    register: (n) => handle('RegisterUser', `user-${stableId('user', String(n))}`, { name: `Person ${n}`, email: `person-${n}@example.org` }),
    makeTask: async (n, userId) => {
      const stream = `task-${stableId('task', String(n))}`;
      await handle('CreateTask', stream, { title: `Mend lift ${n}`, description: `It squeaks on floor ${n}`, userId });
      return stream;
    },
    send: async (type, recipient, content) => {
      const stream = `notification-${stableId(type, recipient, content)}`;
      await handle('SendNotification', stream, { type, recipient, content });
      return stream;
    },
    startNotifier: async (more = {}) => {
      const notifier = await startNotifier({
        store,
        bus: distort(bus),
        log,
        commands,
        mailer,
        readModels,
        attempts: 5,
        publicUrl: () => 'https://tasks.example.org',
        site: 'The House',
        seesAll: () => true,
        issueCode: async (userId) => {
          codes.push(`secret-${codes.length}-${userId.slice(0, 8)}`);
          return codes.at(-1) as string;
        },
        random: () => 0,
        silence: 50,
        backoff: 2,
        ...more,
      });
      notifiers.push(notifier);
      return notifier;
    },
    emptyReadModels: opened.readModels,
    loseReadModels: async () => {
      await projections.stop();
      ({ readModels, projections } = await project());
    },
    decided: async (count) => {
      await vi.waitFor(
        async () => {
          const all = [...(await notificationHistories(store)).values()];
          const open = all.filter((events) => !['NotificationSent', 'NotificationFailed'].includes(events.at(-1)?.type ?? ''));
          if (all.length !== count || open.length > 0) throw new Error(`${all.length} of ${count} notifications, ${open.length} undecided`);
        },
        { timeout: 30_000, interval: 20 },
      );
    },
    close: async () => {
      for (const one of notifiers) await one.stop();
      await mailer.close();
      await projections.stop();
      await opened.close();
    },
  };
}

/** The events of a channel's notifications, by stream. */
export async function notificationHistories(
  store: EventStore,
  channel: Channel = 'email',
): Promise<Map<string, (RecordedEvent & NotificationEvent)[]>> {
  const found: (RecordedEvent & NotificationEvent)[] = [];
  for await (const page of store.readAll())
    for (const event of page) if (event.stream.startsWith('notification-')) found.push(event as RecordedEvent & NotificationEvent);
  const all = Map.groupBy(found, ({ stream }) => stream);
  return new Map([...all].filter(([, [first]]) => first?.type === 'NotificationRequested' && first.data.channel === channel));
}

/** Errors with what they say and where, as a log has them. */
function withErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value;
}
