/** AsyncAPI 3.0 from the catalog: the document behind /asyncapi.json. It tells programs what docs/EVENTS.md tells people. */
import { z } from 'zod';
import type { AggregateContract, EventContract } from './aggregate.ts';
import { catalog, exampleEvent } from './catalog.ts';
import { type RecordedEvent, routingKey } from './message.ts';
import { SEALED } from './sealed.ts';
import { ALL_TOPICS } from './topics.ts';

type JsonObject = Record<string, unknown>;

const allEvents = catalog.flatMap(({ category, events }) =>
  Object.entries<EventContract>(events).map(([type, contract]) => ({ category, type, contract })),
);

/** A RabbitMQ, as services outside reach it: host with port, protocol, and its virtual host as a path (`/` and its name, percent-encoded). */
export interface OutsideBroker {
  host: string;
  protocol: 'amqp' | 'amqps';
  pathname: string;
}

/** The whole AsyncAPI document, for an API of this version. Without a broker, as on the embedded bus, it names no server. */
export function asyncApi(version: string, broker?: OutsideBroker | null): JsonObject {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'taskledger events',
      version,
      license: { name: 'Apache-2.0' },
      description:
        'Every event of the log on RabbitMQ, in log order: CloudEvents 1.0, AMQP binding, binary mode. Delivered at least once; a full queue loses its oldest. ' +
        'Shapes of events only grow: ignore fields and types you do not know. docs/EVENTS.md tells how to listen.',
    },
    ...(broker ? { servers: { rabbitmq: { ...broker, protocolVersion: '0.9.1', description: 'RabbitMQ 3.10 or newer.' } } } : {}),
    defaultContentType: 'application/json',
    channels: Object.fromEntries([['events', eventsChannel()], ...catalog.map((aggregate) => [fanoutOf(aggregate), fanoutChannel(aggregate)])]),
    operations: Object.fromEntries(
      ['events', ...catalog.map(fanoutOf)].map((channel) => [`send_${channel}`, { action: 'send', channel: { $ref: `#/channels/${channel}` } }]),
    ),
    components: {
      messages: Object.fromEntries(allEvents.map(({ type, contract }) => [type, message(type, contract)])),
      schemas: { Headers: headers },
    },
  };
}

const fanoutOf = ({ category }: AggregateContract) => `${category}_events`;

const references = (types: readonly string[]) => Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }]));

function eventsChannel(): JsonObject {
  return {
    address: '{routingKey}',
    title: 'All events',
    parameters: {
      routingKey: {
        description: '<category>.<type in snake case>, for notifications and the channel; each message names its own as x-routing-key.',
        examples: ['task.task_created', 'notification.notification_requested.email'],
      },
    },
    messages: references(allEvents.map(({ type }) => type)),
    bindings: exchange('events', 'topic'),
  };
}

function fanoutChannel(aggregate: AggregateContract): JsonObject {
  return {
    address: null,
    title: `All events of the category ${aggregate.category}`,
    messages: references(Object.keys(aggregate.events)),
    bindings: exchange(fanoutOf(aggregate), 'fanout'),
  };
}

function exchange(name: string, type: string): JsonObject {
  return { amqp: { is: 'routingKey', exchange: { name, type, durable: true, autoDelete: false }, bindingVersion: '0.3.0' } };
}

function message(type: string, { schema, summary }: EventContract): JsonObject {
  const example = exampleEvent(type);
  return {
    name: type,
    title: type,
    summary,
    contentType: 'application/json',
    'x-routing-key': routingKey(example),
    headers: { $ref: '#/components/schemas/Headers' },
    payload: payload(schema),
    examples: [{ headers: exampleHeaders(example), payload: example.data }],
  };
}

/** The JSON Schema (draft 7, which AsyncAPI takes as it is) of an event's data. Unknown fields are allowed: later versions may add some. */
function payload(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return asSealed(rest as SealableSchema);
}

interface SealableSchema extends JsonObject {
  personal?: boolean;
  properties?: Record<string, SealableSchema>;
  required?: string[];
}

const SEALED_BOXES = {
  type: 'array',
  description: 'The personal fields, sealed: a box for each person. Missing where the event has none, or an older release wrote it clear.',
  items: {
    type: 'object',
    required: ['of', 'generation', 'fields'],
    properties: {
      of: { type: 'string', description: 'Whose the fields are: user:<id>, address:<hash>, or actor:<name>.' },
      generation: { type: 'integer', minimum: 0, description: 'Which of their keys.' },
      fields: { type: 'array', items: { type: 'string' }, description: 'The names of the fields that are not in the body, as recipient.address.' },
      box: { type: 'string', description: 'Nonce, ciphertext and tag; missing where the person was erased before.' },
    },
  },
};

/** The schema as the bus has it: where a field is personal, it may be missing, and `$sealed` stands for it. */
function asSealed(schema: SealableSchema): JsonObject {
  const mayMiss = withoutPersonal(schema);
  return isAnyPersonal(schema) ? { ...mayMiss, properties: { ...mayMiss.properties, [SEALED]: SEALED_BOXES } } : mayMiss;
}

function withoutPersonal(schema: SealableSchema): SealableSchema {
  if (!schema.properties) return schema;
  const { properties, required } = schema;
  return {
    ...schema,
    properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, withoutPersonal(one)])),
    ...(required ? { required: required.filter((name) => !properties[name]?.personal) } : {}),
  };
}

function isAnyPersonal({ personal, properties }: SealableSchema): boolean {
  return personal === true || Object.values(properties ?? {}).some(isAnyPersonal);
}

const text = (description: string, more: JsonObject = {}) => ({ type: 'string', description, ...more });
const whole = (description: string) => ({ type: 'integer', minimum: 0, description });

/** The headers of a message, each with its schema and (`of`) its example, taken from the example event. A header without `of` is optional. */
const HEADERS: Record<string, { schema: JsonObject; of?: (event: RecordedEvent) => unknown }> = {
  cloudEvents_specversion: { schema: text('CloudEvents 1.0.', { const: '1.0' }), of: () => '1.0' },
  cloudEvents_source: { schema: text('Always this.', { const: '/taskledger' }), of: () => '/taskledger' },
  cloudEvents_id: { schema: text('A UUID: the same event has the same one, however often it comes.'), of: ({ id }) => id },
  cloudEvents_type: { schema: text('Type of the event, as TaskCreated.'), of: ({ type }) => type },
  cloudEvents_subject: { schema: text('The stream: <category>-<uuid>, as task-7d9f….'), of: ({ stream }) => stream },
  cloudEvents_time: { schema: text('When it was recorded: RFC 3339, UTC.', { format: 'date-time' }), of: ({ time }) => time },
  cloudEvents_revision: { schema: whole('0, 1, … in its stream.'), of: ({ revision }) => revision },
  cloudEvents_position: { schema: text('Place in the log: opaque; plain text comparison is log order.'), of: ({ position }) => position },
  cloudEvents_previous: { schema: text('Position of the message before it; empty when it is the first.'), of: () => '' },
  cloudEvents_previousincategory: { schema: text('Position of the message of its category before it; empty when it is the first.'), of: () => '' },
  cloudEvents_correlationid: { schema: text('The same for all that followed from one request.'), of: ({ metadata }) => metadata.$correlationId },
  cloudEvents_causationid: { schema: text('Id of the command, or of the event, that caused it.'), of: ({ metadata }) => metadata.$causationId },
  cloudEvents_commandid: { schema: text('Id of the command.'), of: ({ metadata }) => metadata.commandId },
  cloudEvents_bodyhash: { schema: text('A keyed hash of the command’s body; of no use outside.') },
  cloudEvents_actor: { schema: text('Who did it: a user’s id, or system, policy:<name>, worker:<name>.'), of: ({ metadata }) => metadata.actor },
  cloudEvents_schema: {
    schema: whole(
      'Version of the shape of the body, from 1; new events have the newest, which is the one described here. 1000 more where personal fields are sealed: $sealed stands for them then.',
    ),
    of: ({ metadata }) => metadata.schema,
  },
  cloudEvents_traceparent: { schema: text('W3C Trace Context.') },
  cloudEvents_topics: {
    schema: text(
      `Live topics that hear of it, as a JSON list of texts: ${ALL_TOPICS}. What each caller has their own of ends in a colon and the user’s id.`,
    ),
    of: ({ metadata }) => JSON.stringify(metadata.topics),
  },
};

const headers = {
  type: 'object',
  description: 'AMQP headers (application properties, for clients of AMQP 1.0).',
  required: Object.keys(HEADERS).filter((name) => HEADERS[name]?.of),
  properties: Object.fromEntries(Object.entries(HEADERS).map(([name, { schema }]) => [name, schema])),
};

function exampleHeaders(event: RecordedEvent): JsonObject {
  return Object.fromEntries(Object.entries(HEADERS).flatMap(([name, { of }]) => (of ? [[name, of(event)]] : [])));
}
