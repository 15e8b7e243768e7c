/** Another backend that asks a system for messages, and the receiving sides: a mail server that can be made to hang, and an SMS provider. */
import { expect, vi } from 'vitest';
import { type Provider, startProvider } from '../notifier/texter/http/provider.fixture.ts';
import { startTcpProxy } from '../platform/event-store/double/tcp-proxy.ts';
import { type Call, caller, type Reply } from './client.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import type { System } from './system.fixture.ts';

/** The points at which a mail server stops to answer: at connections (new and present ones), or after a mail's content. */
export const SILENCES = ['takes connections and says nothing', 'takes the content of mails and says nothing'] as const;
export type Silence = (typeof SILENCES)[number];

export interface Receivers {
  /** The variables with which a system sends to them. */
  env: Record<string, string>;
  mail: MailServer;
  provider: Provider;
  /** Makes the mail server hang. */
  hang(where: Silence): void;
  /** Ends the hanging. Mails that it left without an answer get none. */
  goOn(): void;
  stop(): Promise<void>;
}

/** The settings of a mail server that is given up after seconds, not after the minutes that a real one may take. */
const IMPATIENT = 'connectionTimeout=10000&greetingTimeout=10000&socketTimeout=10000';

/** Starts both receiving sides on free ports of the loopback. */
export async function startReceivers(): Promise<Receivers> {
  let silent = false;
  const mail = await startMailServer(() => (silent ? 'hang' : 'take'));
  const way = await startTcpProxy(Number(new URL(mail.url).port));
  const provider = await startProvider();
  return {
    env: { MAIL_URL: `smtp://127.0.0.1:${way.port}?${IMPATIENT}`, SMS_URL: provider.url, SMS_FROM: '+4915700000001' },
    mail,
    provider,
    hang: (where) => {
      if (where === SILENCES[0]) way.swallow('both ways');
      else silent = true;
    },
    goOn: () => {
      silent = false;
      way.pass();
    },
    stop: async () => {
      await way.close();
      await Promise.all([mail.stop(), provider.stop()]);
    },
  };
}

export interface Backend {
  /** Asks for a notification; resolves to the answer, whatever it is. */
  ask(message: object, headers?: Record<string, string>): Promise<Reply>;
  /** Asks for a notification, which must be accepted; resolves to its id. */
  send(message: object): Promise<string>;
  /** Resolves to the status of a notification, as the API tells it. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer of a system under test
  statusOf(id: string): Promise<any>;
  /** Waits until a notification has this status; resolves to what `statusOf` tells then. */
  becomes(id: string, status: string): ReturnType<Backend['statusOf']>;
}

/** Makes another backend, with its own API key. */
export async function backendOf(system: System): Promise<Backend> {
  const { body: made } = await system.admin.ok('POST /api/admin/api-keys', { name: 'another backend', requestsPerMinute: 100_000 });
  const call: Call = caller(system.url, made.key);
  const ask: Backend['ask'] = (message, headers) => call('POST /api/v1/notifications/send', message, headers);
  const statusOf: Backend['statusOf'] = async (id) => {
    const { status, text, body } = await call(`GET /api/v1/notifications/${id}/status`);
    expect(status, text).toBe(200);
    return body;
  };
  return {
    ask,
    send: async (message) => {
      const reply = await ask(message);
      expect(reply, reply.text).toMatchObject({ status: 202, body: { status: 'sendAt' in message ? 'scheduled' : 'pending' } });
      return reply.body.id;
    },
    statusOf,
    becomes: (id, wanted) =>
      vi.waitFor(
        async () => {
          const told = await statusOf(id);
          expect(told.status, JSON.stringify(told)).toBe(wanted);
          return told;
        },
        { timeout: 60_000, interval: 50 },
      ),
  };
}

/** The mails that were taken for these addresses: the address and the notification's id of each, sorted by address. */
export function takenFor({ mail }: Receivers, recipients: readonly string[]): [to: string, id: string][] {
  const mails = mail.taken.filter(({ to }) => recipients.includes(to)).map(({ to, id }): [string, string] => [to, id.slice(0, id.indexOf('@'))]);
  return mails.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
