import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import type { EventContract } from './aggregate.ts';
import { asyncApi } from './asyncapi.ts';
import { catalog } from './catalog.ts';

interface Message {
  name: string;
  'x-routing-key': string;
  payload: object;
  examples: { headers: object; payload: unknown }[];
}
interface Document {
  channels: Record<string, { messages: Record<string, { $ref: string }>; bindings: { amqp: { exchange: { name: string; type: string } } } }>;
  operations: Record<string, { channel: { $ref: string } }>;
  components: { messages: Record<string, Message>; schemas: { Headers: object } };
}

const document = asyncApi('1.2.3') as unknown as Document;
const messages = Object.values(document.components.messages);
const ajv = new Ajv({ strict: false });
addFormats.default(ajv);

function at(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce((node: unknown, name) => (node as Record<string, unknown>)[name], document);
}

describe('/asyncapi.json', () => {
  it('names the broker that it is given, and none where there is none', () => {
    expect(document).not.toHaveProperty('servers');
    const broker = { host: 'tasks.example.org:5672', protocol: 'amqp', pathname: '/tasks' } as const;
    expect(asyncApi('1.2.3', broker)).toMatchObject({ servers: { rabbitmq: broker } });
  });

  it('describes every event of the catalog, in the exchange of all and in that of its category', () => {
    for (const { category, events } of catalog) {
      const types = Object.keys(events);
      expect(Object.keys(document.channels.events?.messages ?? {})).toEqual(expect.arrayContaining(types));
      expect(Object.keys(document.channels[`${category}_events`]?.messages ?? {})).toEqual(types);
      expect(document.channels[`${category}_events`]?.bindings.amqp.exchange).toMatchObject({ name: `${category}_events`, type: 'fanout' });
    }
  });

  it('refers to nothing that is not there, and can be written as JSON', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference);
    expect(references.length).toBeGreaterThan(messages.length);
    for (const reference of references) expect(at(reference), reference).toBeDefined();
  });

  it.each(messages)('has a schema of $name that takes the example, later fields, and nothing else', ({ name, payload, examples: [example] }) => {
    const validate = ajv.compile(payload);
    expect(validate(example?.payload), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...(example?.payload as object), fieldOfTomorrow: 1 })).toBe(true);
    expect(validate('something else')).toBe(false);
    expect(ajv.validate(document.components.schemas.Headers, example?.headers), ajv.errorsText()).toBe(true);
    expect(example?.headers).toMatchObject({ cloudEvents_type: name });
  });

  it('names the routing keys, and what is personal', () => {
    expect(document.components.messages.TaskCreated?.['x-routing-key']).toBe('task.task_created');
    expect(document.components.messages.NotificationRequested?.['x-routing-key']).toBe('notification.notification_requested.email');
    expect(document.components.messages.UserCreated?.payload).toMatchObject({ properties: { email: { personal: true }, role: { type: 'string' } } });
  });

  it('has the summaries of the catalog', () => {
    const events = catalog.flatMap((one) => Object.entries<EventContract>(one.events));
    expect(messages).toEqual(expect.arrayContaining(events.map(([name, { summary }]) => expect.objectContaining({ name, summary }))));
  });
});
