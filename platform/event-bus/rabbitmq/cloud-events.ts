/**
 * An event as a message: CloudEvents 1.0, AMQP binding, binary mode. A field of the envelope that CloudEvents has no attribute for is an extension.
 * These names are a wire format that services outside are written against (docs/EVENTS.md): add, never rename or remove.
 */
import type { Message, Options } from 'amqplib';
import { type Metadata, type RecordedEvent, routingKey } from '../../../contracts/message.ts';
import type { BusMessage } from '../event-bus.ts';

/** A message as it is published: its content, its options and its routing key. */
export interface Encoded {
  routingKey: string;
  content: Buffer;
  options: Options.Publish;
}

/** A message that was understood, or the reason why it was not. */
export type Decoded = { message: BusMessage; invalid?: undefined } | { message?: undefined; invalid: string };

export const SOURCE = '/taskledger';
export const CONTENT_TYPE = 'application/json';

const ENVELOPE = {
  id: 'cloudEvents_id',
  type: 'cloudEvents_type',
  stream: 'cloudEvents_subject',
  time: 'cloudEvents_time',
  revision: 'cloudEvents_revision',
  position: 'cloudEvents_position',
} as const satisfies Record<keyof Omit<RecordedEvent, 'data' | 'metadata'>, string>;

/** The header of each field of the metadata: a new field does not compile without one. */
const METADATA = {
  $correlationId: 'cloudEvents_correlationid',
  $causationId: 'cloudEvents_causationid',
  commandId: 'cloudEvents_commandid',
  bodyHash: 'cloudEvents_bodyhash',
  actor: 'cloudEvents_actor',
  schema: 'cloudEvents_schema',
  traceparent: 'cloudEvents_traceparent',
  topics: 'cloudEvents_topics',
} as const satisfies Record<keyof Metadata, string>;

/** Integers are `long`, as the binding wants it; amqplib would choose the smallest type that fits. */
const long = (value: number) => ({ '!': 'long', value });

/** The message of an event. */
export function encodeCloudEvent({ event, previous, previousInCategory }: BusMessage): Encoded {
  const { metadata } = event;
  return {
    routingKey: routingKey(event),
    content: Buffer.from(JSON.stringify(event.data)),
    options: {
      persistent: true,
      contentType: CONTENT_TYPE,
      headers: {
        cloudEvents_specversion: '1.0',
        cloudEvents_source: SOURCE,
        [ENVELOPE.id]: event.id,
        [ENVELOPE.type]: event.type,
        [ENVELOPE.stream]: event.stream,
        [ENVELOPE.time]: event.time,
        [ENVELOPE.revision]: long(event.revision),
        [ENVELOPE.position]: event.position,
        cloudEvents_previous: previous,
        cloudEvents_previousincategory: previousInCategory,
        [METADATA.$correlationId]: metadata.$correlationId,
        [METADATA.$causationId]: metadata.$causationId,
        [METADATA.commandId]: metadata.commandId,
        [METADATA.bodyHash]: metadata.bodyHash,
        [METADATA.actor]: metadata.actor,
        [METADATA.schema]: long(metadata.schema),
        [METADATA.traceparent]: metadata.traceparent,
        // CloudEvents has no lists, so the list is a text.
        [METADATA.topics]: JSON.stringify(metadata.topics),
      },
    },
  };
}

class Invalid extends Error {
  override readonly name = 'Invalid';
}

/** Reads a message; of one that is not ours or not valid answers the reason. Never throws. */
export function decode({ content, properties }: Pick<Message, 'content' | 'properties'>): Decoded {
  try {
    return { message: read(underscored(properties.headers ?? {}), properties.contentType, content) };
  } catch (error) {
    return { invalid: (error as Error).message };
  }
}

type Headers = Record<string, unknown>;

/** Headers with the prefix `cloudEvents_`: the binding also allows `cloudEvents:`, which JMS clients could not read. */
function underscored(headers: Headers): Headers {
  if (!('cloudEvents:specversion' in headers)) return headers;
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace(/^cloudEvents:/, 'cloudEvents_'), value]));
}

function read(headers: Headers, contentType: unknown, content: Buffer): BusMessage {
  check(headers.cloudEvents_specversion === '1.0', 'it is no CloudEvent of version 1.0');
  check(headers.cloudEvents_source === SOURCE, `its source is not ${SOURCE}`);
  check(typeof contentType === 'string' && contentType.startsWith(CONTENT_TYPE), `its content type is not ${CONTENT_TYPE}`);
  const event: RecordedEvent = {
    id: filled(headers, ENVELOPE.id),
    type: filled(headers, ENVELOPE.type),
    stream: filled(headers, ENVELOPE.stream),
    time: filled(headers, ENVELOPE.time),
    revision: integer(headers, ENVELOPE.revision),
    position: filled(headers, ENVELOPE.position),
    data: json(content.toString(), 'its body'),
    metadata: metadataOf(headers),
  };
  return { event, previous: text(headers, 'cloudEvents_previous'), previousInCategory: text(headers, 'cloudEvents_previousincategory') };
}

function metadataOf(headers: Headers): Metadata {
  return {
    $correlationId: text(headers, METADATA.$correlationId),
    $causationId: text(headers, METADATA.$causationId),
    commandId: text(headers, METADATA.commandId),
    ...optional(headers, 'bodyHash'),
    actor: text(headers, METADATA.actor),
    schema: integer(headers, METADATA.schema),
    ...optional(headers, 'traceparent'),
    topics: topics(headers),
  };
}

function check(isRight: boolean, problem: string): asserts isRight {
  if (!isRight) throw new Invalid(problem);
}

function text(headers: Headers, name: string): string {
  const value = headers[name];
  check(typeof value === 'string', `its header ${name} is no text`);
  return value;
}

function filled(headers: Headers, name: string): string {
  const value = text(headers, name);
  check(value !== '', `its header ${name} is empty`);
  return value;
}

function optional<Name extends 'bodyHash' | 'traceparent'>(headers: Headers, name: Name): { [N in Name]?: string } {
  return headers[METADATA[name]] === undefined ? {} : ({ [name]: text(headers, METADATA[name]) } as { [N in Name]?: string });
}

/** An integer in a header, native or as canonical text: the binding asks for both to be read. */
function integer(headers: Headers, name: string): number {
  const value = headers[name];
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  check(typeof number === 'number' && Number.isSafeInteger(number) && number >= 0, `its header ${name} is no whole number`);
  return number;
}

function topics(headers: Headers): string[] {
  const list = json(text(headers, METADATA.topics), `its header ${METADATA.topics}`);
  check(Array.isArray(list) && list.every((one) => typeof one === 'string'), `its header ${METADATA.topics} is no list of texts`);
  return list;
}

function json(encoded: string, what: string): unknown {
  try {
    return JSON.parse(encoded);
  } catch {
    throw new Invalid(`${what} is no JSON`);
  }
}
