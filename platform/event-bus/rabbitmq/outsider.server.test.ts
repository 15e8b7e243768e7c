/** A consumer outside, made of nothing but docs/EVENTS.md and /asyncapi.json. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { asyncApi } from '../../../contracts/asyncapi.ts';
import { catalog, exampleEvent } from '../../../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../../../contracts/message.ts';
import { describeWith, rabbitMq } from '../../../servers/for-tests.fixture.ts';
import { forwarding } from '../../../system/forwarder.fixture.ts';
import { inMemoryStore, logOf } from '../../event-store/in-memory.fixture.ts';
import { outsider, until } from './rabbitmq.fixture.ts';
import { openRabbitMqBus } from './rabbitmq.ts';

const log = { info: () => {}, warn: () => {} };
const page = readFileSync(new URL('../../../docs/EVENTS.md', import.meta.url), 'utf8');

interface Told {
  headers: { cloudEvents_type: string; cloudEvents_id: string };
  data: unknown;
}

/** Runs the example of the page as a process of its own; answers its output. */
function exampleOf(url: string): { told: Told[]; errors: string[]; end(): void } {
  const [, code = ''] = /```js\n(.*?)```/s.exec(page) ?? [];
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { env: { ...process.env, BUS_URL: url } });
  const [told, errors]: [Told[], string[]] = [[], []];
  createInterface(child.stdout).on('line', (line) => told.push(JSON.parse(line)));
  createInterface(child.stderr).on('line', (line) => errors.push(line));
  return { told, errors, end: () => child.kill() };
}

/** Makes a user with the permissions that the page gives one, and no others; answers the URL to connect with. */
async function userOf(url: string): Promise<string> {
  const [, configure, write, read] = /set_permissions --vhost \/ analytics '(.*)' '(.*)' '(.*)'/.exec(page) ?? [];
  const as = new URL(url);
  as.username = as.password = `analytics-${randomUUID()}`;
  await rabbitMq.api('PUT', `users/${as.username}`, { password: as.password, tags: '' });
  await rabbitMq.api('PUT', `permissions${as.pathname}/${as.username}`, { configure, write, read });
  return as.href;
}

const newEvent = (type: string): NewEvent => {
  const { data, metadata } = exampleEvent(type);
  return { id: randomUUID(), type, data, metadata };
};

describeWith(rabbitMq, 'a service outside', () => {
  it('receives every task event, and each is as /asyncapi.json says', async () => {
    const url = await rabbitMq.vhost();
    const store = inMemoryStore();
    const bus = await openRabbitMqBus(url, { queues: [], log });
    const forwarder = forwarding(store, bus);
    await until(() => expect(forwarder.active()).toBe(true));
    const as = await userOf(url);
    const { told, errors, end } = exampleOf(as);
    try {
      await until(() => outsider(url, async (channel) => expect((await channel.checkQueue('analytics_tasks')).consumerCount).toBe(1)));
      for (const { category, events } of catalog) await store.append(`${category}-${randomUUID()}`, NO_STREAM, Object.keys(events).map(newEvent));
      await store.append(`task-${randomUUID()}`, NO_STREAM, [newEvent('TaskCreated')]);
      const tasks = (await logOf(store)).filter(({ stream }) => stream.startsWith('task-'));
      await until(() => expect(told).toHaveLength(tasks.length));
      expect(told.map(({ headers }) => headers.cloudEvents_id)).toEqual(tasks.map(({ id }) => id));
      expect(told.map(({ data }) => data)).toEqual(tasks.map(({ data }) => data));
      for (const one of told) expectDescribed(one);
      expect(errors).toEqual([]);
    } finally {
      end();
      await forwarder.stop();
      await bus.close();
      await rabbitMq.api('DELETE', `users/${new URL(as).username}`);
    }
  });

  it('is told of every header on the page', () => {
    const { components } = asyncApi('') as unknown as { components: { schemas: { Headers: { properties: object } } } };
    for (const header of Object.keys(components.schemas.Headers.properties)) expect(page).toContain(`\`${header}\``);
  });
});

function expectDescribed({ headers, data }: Told): void {
  const document = asyncApi('') as unknown as {
    components: { messages: Record<string, { payload: object }>; schemas: { Headers: { properties: object } } };
  };
  const ajv = new Ajv({ strict: false });
  addFormats.default(ajv);
  const { messages, schemas } = document.components;
  expect(ajv.validate(messages[headers.cloudEvents_type]?.payload ?? false, data), ajv.errorsText()).toBe(true);
  expect(ajv.validate(schemas.Headers, headers), ajv.errorsText()).toBe(true);
  expect(Object.keys(schemas.Headers.properties)).toEqual(expect.arrayContaining(Object.keys(headers)));
}
