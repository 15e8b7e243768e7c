/** What becomes of a notification while a server is away: RabbitMQ, the event store, the mail server. Each part is a process of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith, type RabbitMq, startRabbitMq } from '../servers/for-tests.fixture.ts';
import { problemOf } from './client.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { describeEveryChannel } from './every-channel.suite.ts';
import { orderLog } from './orders.fixture.ts';
import { type Backend, backendOf, type Receivers, startReceivers, takenFor } from './sending.fixture.ts';
import { describeHangingMail } from './sending.suite.ts';
import { type StoreServer, startStoreServer } from './store-server.fixture.ts';

const newAddress = () => `ann.${crypto.randomUUID()}@example.org`;
const mailTo = (recipient: string) => ({ type: 'email', recipient, content: 'It is here.' });

describeWith(DISTRIBUTED, 'notifications on real servers', () => {
  let folder: string;
  let broker: RabbitMq;
  let storeServer: StoreServer;
  let receivers: Receivers;
  let system: Distributed;
  let backend: Backend;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sending-'));
    [broker, storeServer, receivers] = await Promise.all([startRabbitMq(), startStoreServer(folder), startReceivers()]);
    const servers = { BUS_URL: broker.url, EVENT_STORE_URL: `esdb://127.0.0.1:${storeServer.port}?tls=false` };
    system = await openDistributed({ env: { ...receivers.env, ...servers } });
    backend = await backendOf(system);
  });
  afterAll(async () => {
    await system?.remove();
    await Promise.all([broker?.close(), storeServer?.kill(), receivers?.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  describeEveryChannel(() => ({ system, receivers }));

  describeHangingMail(() => ({ system, receivers, backend }));

  it('what is asked for while RabbitMQ is down is pending, and is sent once when it is back', async () => {
    const recipients = Array.from({ length: 5 }, newAddress).toSorted();
    await broker.kill();
    const ids = await Promise.all(recipients.map((recipient) => backend.send(mailTo(recipient))));
    for (const id of ids) expect(await backend.statusOf(id)).toMatchObject({ status: 'pending', attempts: 0, nextAttemptAt: null, errors: [] });
    expect(receivers.mail.given.filter(({ to }) => recipients.includes(to))).toEqual([]);
    await broker.restart();
    for (const id of ids) expect(await backend.becomes(id, 'sent')).toMatchObject({ attempts: 1, errors: [] });
    expect(takenFor(receivers, recipients)).toEqual(recipients.map((recipient, n) => [recipient, ids[n]]));
  });

  it('what is asked for while the event store is down is refused, and never recorded, queued or sent', async () => {
    const [first, second] = [newAddress(), newAddress()];
    const key = (name: string) => ({ 'idempotency-key': name });
    await storeServer.kill();
    const refused = await backend.ask(mailTo(first), key('first'));
    expect(problemOf(refused)).toMatchObject({ status: 503, code: 'unavailable' });
    expect(refused.body.detail).toContain('nothing was recorded');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

    await storeServer.start();
    const accepted = (address: string, name: string) =>
      vi.waitFor(
        async () => {
          const { status, text, body } = await backend.ask(mailTo(address), key(name));
          expect(status, text).toBe(202);
          return body.id as string;
        },
        { timeout: 60_000, interval: 100 },
      );
    await backend.becomes(await accepted(second, 'second'), 'sent');
    expect(takenFor(receivers, [first, second]).map(([to]) => to)).toEqual([second]);
    const before = await orderLog(system.env.EVENT_STORE_URL ?? '', folder, system.env.SECRETS_URL);

    // Now it is recorded, for the first time.
    const id = await accepted(first, 'first');
    expect(before.filter(({ stream }) => stream === `notification-${id}`)).toEqual([]);
    expect(JSON.stringify(before)).not.toContain(first);
    expect((await backend.becomes(id, 'sent')).history.map(({ status }: { status: string }) => status)).toEqual(['pending', 'processing', 'sent']);
    expect(takenFor(receivers, [first]).map(([, of]) => of)).toEqual([id]);
  });
});
