/** On servers, each part a process of its own: no text of a person is in RabbitMQ's messages or in the event store's files, and all read it all the same. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type RotatedStores, rotateMaster } from '../app/operator/rotate-master-key.ts';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { unavailableIn } from '../platform/absences/unavailable.ts';
import { outsider } from '../platform/event-bus/rabbitmq/rabbitmq.fixture.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { sealingNotes } from '../platform/sealing/sealing-log.ts';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { caller } from './client.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';

const OWN_QUEUE = 'of-another-service';
const TITLE = 'A wheelchair for Mrs Quillfeather';
const TEXT = 'She lives behind the green door.';
const log = { info: () => {}, warn: () => {}, error: () => {} };

/** Rotates the master key; where a server of a busy machine did not answer in time, as an operator does: again. */
async function rotated(stores: RotatedStores): Promise<{ master: string }> {
  return rotateMaster(stores).catch((error: unknown) => (unavailableIn(error) ? rotated(stores) : Promise.reject(error)));
}

describeWith(DISTRIBUTED, 'what is personal, on servers', () => {
  let system: Distributed;
  let texts: string[];
  let taskId: string;
  beforeAll(async () => {
    system = await openDistributed();
    await outsider(system.env.BUS_URL ?? '', async (channel) => {
      await channel.assertQueue(OWN_QUEUE, { durable: true });
      await channel.bindQueue(OWN_QUEUE, 'events', '#');
    });
    const alice = await system.register('Alice');
    const { body } = await alice.ok('POST /api/tasks', { title: TITLE, labels: ['quillfeather'] });
    taskId = String(body.id);
    await alice.ok(`POST /api/tasks/${taskId}/comments`, { text: TEXT });
    texts = [TITLE, TEXT, 'quillfeather', alice.email, 'Alice'];
  }, 240_000);
  afterAll(() => system?.remove());

  /** The bodies and headers of all messages that came, up to one of this type. */
  const messagesUpTo = (type: string) =>
    outsider(system.env.BUS_URL ?? '', (channel) => {
      const found: string[] = [];
      return vi.waitFor(
        async () => {
          for (let one = await channel.get(OWN_QUEUE, { noAck: true }); one; one = await channel.get(OWN_QUEUE, { noAck: true }))
            found.push(`${JSON.stringify(one.properties.headers)} ${one.content}`);
          expect(found.some((message) => message.includes(type))).toBe(true);
          return found;
        },
        { timeout: 30_000, interval: 100 },
      );
    });

  it('is read as it was written, and is in no message and no file of the event store', { timeout: 120_000 }, async () => {
    await vi.waitFor(
      async () => {
        expect((await system.admin.call(`GET /api/tasks/${taskId}`)).body).toMatchObject({ title: TITLE, labels: ['quillfeather'] });
        expect((await system.admin.call(`GET /api/tasks/${taskId}/history`)).text).toContain(TEXT);
      },
      { timeout: 30_000, interval: 100 },
    );
    const messages = await messagesUpTo('TaskCommented');
    const folder = join(system.env.DATA_DIR ?? '', 'events');
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    expect(files.some((file) => file.includes('TaskCommented'))).toBe(true);
    for (const text of texts) {
      expect(
        messages.filter((message) => message.includes(text)),
        text,
      ).toEqual([]);
      expect(files.filter((file) => file.includes(text)).length, text).toBe(0);
    }
    expect(messages.some((message) => message.includes('"$sealed"'))).toBe(true);
  });

  it('is given to another backend that asks with its API key, by the id in a message, and nothing else is', { timeout: 120_000 }, async () => {
    const { body } = await system.admin.ok('POST /api/admin/api-keys', { name: 'letters', requestsPerMinute: 1_000 });
    const backend = caller(system.url, body.key);
    const words = { content: 'To Mrs Quillfeather, behind the green door', recipient: 'quillfeather@example.org' };
    const sent = await backend('POST /api/notifications/send', { type: 'email', ...words });
    expect(sent.status).toBe(202);
    const told = (await messagesUpTo(sent.body.id)).filter((message) => message.includes(sent.body.id));
    expect(told[0]).toContain('"$sealed"');
    for (const text of Object.values(words)) expect(told.join()).not.toContain(text);
    await vi.waitFor(
      async () => {
        const asked = await backend(`GET /api/notifications/${sent.body.id}/status`);
        expect([asked.status, asked.body]).toEqual([200, expect.objectContaining({ recipient: words.recipient })]);
      },
      { timeout: 30_000, interval: 100 },
    );
    for (const row of [`GET /api/tasks/${taskId}`, 'GET /api/users', 'GET /api/orders']) expect((await backend(row)).status).toBe(403);
  });

  it('is read and written on while the master key is rotated beside the processes', { timeout: 120_000 }, async () => {
    const secrets = await openSecrets(system.env.SECRETS_URL, { dataDir: '/nowhere', log });
    const store = await openEventStore(system.env.EVENT_STORE_URL ?? '', { dataDir: '', log });
    try {
      const [before] = (await sealingNotes(store)).masters;
      const rotating = rotated({ store, secrets });
      const bob = await system.register('Bob');
      const { body } = await bob.ok('POST /api/tasks', { title: 'Made meanwhile' });
      const { master } = await rotating;
      expect(master).not.toBe(before);
      for await (const page of secrets.all('person-keys')) for (const { value } of page) expect(value).toMatchObject({ live: { master } });
      await bob.ok(`POST /api/tasks/${body.id}/comments`, { text: 'and afterwards' });
      await vi.waitFor(async () => expect((await bob.call(`GET /api/tasks/${body.id}/history`)).text).toContain('and afterwards'), {
        timeout: 30_000,
        interval: 100,
      });
      expect((await system.admin.call(`GET /api/tasks/${taskId}/history`)).text).toContain(TITLE);
      expect(await sealingNotes(store)).toEqual({ masters: [before, master], whole: true });
    } finally {
      await store.close();
      await secrets.close();
    }
  });
});
