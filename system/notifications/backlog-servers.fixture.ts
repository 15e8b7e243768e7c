/** A backlog of mails in the parts that a mail goes through, as processes on real servers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import type { Part } from '../../app/parts.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { stableId } from '../../platform/stable-id.ts';
import { interpolated, readComposeFile } from '../../servers/compose-file.ts';
import { ferretDb, rabbitMq, redis } from '../../servers/for-tests.fixture.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { runProgram, runScript } from '../program.fixture.ts';
import { ADMIN, JWT_SECRET } from '../system.fixture.ts';
import { type BacklogRig, figuresOf, lateMailServer, sendingAtOnce, watchOver } from './backlog.fixture.ts';
import { countingFinal } from './load.fixture.ts';

const DOUBLE = fileURLToPath(new URL('../../platform/event-store/double/main.ts', import.meta.url));

/** Starts forwarder, projections and notifier, which is given the memory of docker-compose.yml; on `mailPort` nobody listens yet. */
export async function openServersBacklog(mailPort: number): Promise<BacklogRig> {
  const folder = await mkdtemp(join(tmpdir(), 'backlog-'));
  const double = runScript(DOUBLE, ['--folder', join(folder, 'events')], {});
  const env = {
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    DATA_DIR: folder,
    JWT_SECRET,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    UNCONFIRMED: 'all',
    PUBLIC_URL: 'http://127.0.0.1:3000',
    EVENT_STORE_URL: await double.line(/^esdb:\S+/),
    BUS_URL: await rabbitMq.vhost(),
    READ_MODELS_URL: await ferretDb.database(),
    SECRETS_URL: await ferretDb.database(),
    CACHE_URL: await redis.database(),
    // What the killed notifier had in hand waits no longer than this.
    LEASE_SECONDS: '30',
    MAIL_URL: `smtp://127.0.0.1:${mailPort}`,
  };
  const memory = interpolated(String(readComposeFile().services.notifier?.environment?.NODE_OPTIONS));
  const run = (part: Part, more = {}) => runProgram([part], { ...env, ...more });
  const others = [run('forwarder'), run('projections')];
  const startNotifier = () => run('notifier', { NODE_OPTIONS: memory });
  let notifier = startNotifier();
  await Promise.all([...others, notifier].map((one) => one.url()));
  let address = await notifier.url();
  const watch = watchOver(() => address);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const store = await openEventStore(env.EVENT_STORE_URL, { dataDir: folder, log, signal: new AbortController().signal });
  const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
  const mail = lateMailServer(mailPort);

  /** Asks for one mail, as often as it takes: repeated, it is the same command. */
  const send = (n: number) => vi.waitFor(() => sendOne(n), { timeout: 120_000 });

  async function sendOne(n: number): Promise<void> {
    const id = stableId('backlog', String(n));
    await commands.handle(
      {
        type: 'SendNotification',
        stream: `notification-${id}`,
        id,
        data: { type: 'email', recipient: `person-${n}@example.org`, content: `Message ${n}.` },
        commandId: stableId('backlog', id),
        actor: { id: 'service', role: 'service', seesAll: true },
        now: new Date().toISOString(),
      },
      { correlationId: id },
    );
  }

  return {
    send: sendingAtOnce(send),
    kill: async () => {
      watch.pause();
      await notifier.end('SIGKILL');
      notifier = startNotifier();
      address = await notifier.url();
      watch.goOn();
    },
    startMailServer: mail.start,
    settled: async (count) => {
      const final = countingFinal(store);
      await expect.poll(final, { timeout: 60_000 + count * 10, interval: 500 }).toBe(count);
    },
    seen: () => ({ silent: watch.silent(), figures: (count) => figuresOf(count, watch.looks, mail) }),
    close: async () => {
      watch.stop();
      await store.close();
      await Promise.all([...others, notifier, double].map((one) => one.end('SIGKILL')));
      await mail.stop();
      await rm(folder, { recursive: true, maxRetries: 3 });
    },
  };
}
