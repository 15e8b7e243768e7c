/** A backlog of mails in the whole process on embedded stores, with little heap. */
import { expect, vi } from 'vitest';
import { openEventStore } from '../../platform/event-store/open.ts';
import { caller } from '../client.fixture.ts';
import { openInstallation } from '../system.fixture.ts';
import { UNLIMITED } from '../unlimited.fixture.ts';
import { type BacklogRig, figuresOf, lateMailServer, sendingAtOnce, watchOver } from './backlog.fixture.ts';
import { countingFinal } from './load.fixture.ts';

/** Starts the process with so many MiB of heap; on `mailPort` nobody listens yet. */
export async function openProcessBacklog(mailPort: number, heap: number): Promise<BacklogRig> {
  const system = await openInstallation({
    ...UNLIMITED,
    NODE_OPTIONS: `--max-old-space-size=${heap}`,
    MAIL_URL: `smtp://127.0.0.1:${mailPort}`,
    // What the killed process had in hand waits no longer than this.
    LEASE_SECONDS: '30',
  });
  const { body: made } = await system.admin.ok('POST /api/admin/api-keys', { name: 'another backend', requestsPerMinute: 100_000 });
  const call = caller(system.url, made.key);
  const watch = watchOver(system.url);
  const mail = lateMailServer(mailPort);

  async function waiting(): Promise<number> {
    const metrics = await (await fetch(`${system.url()}/metrics`)).text();
    return Number(/^taskledger_notifications_waiting\S* (\S+)/m.exec(metrics)?.[1]);
  }

  /** Asks for one mail, as often as it takes: repeated, it is the same command. Rejects with what the process said where it has ended. */
  const send = (n: number) => vi.waitFor(() => sendOne(n).catch(orEnded), { timeout: 120_000 });

  function orEnded(error: unknown): never {
    throw system.program().runs() ? error : new Error(`the process has ended: ${system.output()}`, { cause: error });
  }

  async function sendOne(n: number): Promise<void> {
    const message = { type: 'email', recipient: `person-${n}@example.org`, content: `Message ${n}.` };
    const { status, text } = await call('POST /api/v1/notifications/send', message, { 'idempotency-key': `backlog-${n}` });
    expect(status, text).toBe(202);
  }

  return {
    send: sendingAtOnce(send),
    kill: async () => {
      watch.pause();
      await system.kill();
      await system.start();
      watch.goOn();
    },
    startMailServer: mail.start,
    settled: async (count) => {
      await expect.poll(waiting, { timeout: 120_000, interval: 200 }).toBe(0);
      watch.stop();
      expect(await system.stop(), system.output()).toMatchObject({ code: 0 });
      const store = await openEventStore('sqlite:', { dataDir: system.dataDir, log: { error: () => {} } });
      expect(await countingFinal(store)()).toBe(count);
      await store.close();
    },
    seen: () => ({ silent: watch.silent(), figures: (count) => figuresOf(count, watch.looks, mail) }),
    close: async () => {
      watch.stop();
      await system.remove();
      await mail.stop();
    },
  };
}
