import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog, exampleEvent } from '../../../contracts/catalog.ts';
import { START } from '../../../contracts/message.ts';
import type { BusMessage } from '../event-bus.ts';
import { decode, encodeCloudEvent } from './cloud-events.ts';

/** Texts that headers can carry: any well-formed Unicode. */
const text = fc.string({ unit: 'binary' });
const filled = fc.string({ unit: 'binary', minLength: 1 });
const whole = fc.maxSafeNat();

const messages: fc.Arbitrary<BusMessage> = fc.record({
  event: fc.record({
    id: filled,
    type: filled,
    stream: filled,
    revision: whole,
    position: filled,
    time: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((date) => date.toISOString()),
    // Data as a store reads it: whatever JSON can say.
    data: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))),
    metadata: fc.record(
      {
        $correlationId: text,
        $causationId: text,
        commandId: text,
        bodyHash: text,
        actor: text,
        schema: whole,
        traceparent: text,
        topics: fc.array(text),
      },
      { requiredKeys: ['$correlationId', '$causationId', 'commandId', 'actor', 'schema', 'topics'] },
    ),
  }),
  previous: text,
  previousInCategory: text,
});

type Headers = Record<string, unknown>;

/** A message as a consumer gets it: amqplib makes numbers of integers, and leaves out undefined headers. */
function received(message: BusMessage, change: (headers: Headers) => Headers = (headers) => headers) {
  const { content, options } = encodeCloudEvent(message);
  const plain = Object.entries(options.headers as Headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [[name, typeof value === 'object' ? (value as { value: unknown }).value : value]];
  });
  const properties = { contentType: options.contentType, headers: change(Object.fromEntries(plain)) };
  return { content, properties } as unknown as Parameters<typeof decode>[0];
}

const example: BusMessage = { event: exampleEvent('TaskCreated'), previous: START, previousInCategory: START };

describe('an event as a CloudEvent', () => {
  it('comes out of a message as it went in, whatever it holds', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decode(received(message))).toEqual({ message });
      }),
    );
  });

  it.each(catalog.flatMap(({ events }) => Object.keys(events)))('%s comes out as it went in', (type) => {
    const message = { ...example, event: exampleEvent(type) };
    expect(decode(received(message))).toEqual({ message });
  });

  it('has the headers of CloudEvents 1.0 in binary mode, and the data alone as its body', () => {
    const { content, options, routingKey } = encodeCloudEvent(example);
    expect(routingKey).toBe('task.task_created');
    expect(JSON.parse(content.toString())).toEqual(example.event.data);
    expect(options).toMatchObject({
      persistent: true,
      contentType: 'application/json',
      headers: {
        cloudEvents_specversion: '1.0',
        cloudEvents_id: example.event.id,
        cloudEvents_source: '/taskledger',
        cloudEvents_type: 'TaskCreated',
      },
    });
    // Names of attributes in CloudEvents: up to twenty lower-case letters and digits.
    for (const name of Object.keys(options.headers as Headers)) expect(name).toMatch(/^cloudEvents_[a-z0-9]{1,20}$/);
  });

  it('is understood with the other prefix that the binding allows, and with numbers as texts', () => {
    const colons = received(example, (headers) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace('_', ':'), String(value)])),
    );
    expect(decode(colons)).toEqual({ message: example });
  });
});

describe('a message that is not ours or not valid', () => {
  const names = Object.keys((received(example).properties as { headers: Headers }).headers);

  it.each(names)('is one without %s', (name) => {
    expect(decode(received(example, ({ [name]: _, ...rest }) => rest)).invalid).toMatch(/./);
  });

  it.each(names)('is one whose %s is of another kind', (name) => {
    for (const value of [true, -1, 1.5, null, {}, Buffer.from('x')])
      expect(decode(received(example, (headers) => ({ ...headers, [name]: value }))).invalid).toMatch(/./);
  });

  it('is told why', () => {
    const why = (change: (headers: Headers) => Headers) => decode(received(example, change)).invalid;
    expect(why((headers) => ({ ...headers, cloudEvents_source: '/elsewhere' }))).toBe('its source is not /taskledger');
    expect(why((headers) => ({ ...headers, cloudEvents_topics: '[1]' }))).toBe('its header cloudEvents_topics is no list of texts');
    expect(why((headers) => ({ ...headers, cloudEvents_revision: '1e3' }))).toBe('its header cloudEvents_revision is no whole number');
    expect(decode({ ...received(example), content: Buffer.from('{') }).invalid).toBe('its body is no JSON');
  });

  it('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names, 'x'), fc.anything()), fc.anything(), fc.uint8Array(), (headers, contentType, body) => {
        const { properties } = received(example);
        expect(decode({ content: Buffer.from(body), properties: { ...properties, contentType, headers } }).invalid).toMatch(/./);
      }),
    );
  });
});
