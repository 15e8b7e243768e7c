/**
 * The envelope of every message: what the event store keeps, the bus carries and sockets show.
 * These names are storage formats: add, never rename or remove.
 */
/**
 * A place in the log, as opaque text of fixed width: plain text comparison is log order.
 * `START` (the empty text) is before everything.
 */
export type Position = string;
export const START: Position = '';

/** The revision before a stream's first event: what an append expects of a stream that must not exist. */
export const NO_STREAM = -1;

/** The metadata that every event carries beside its data. Keys with `$` are EventStoreDB's own conventions. */
export interface Metadata {
  /** One id for everything that follows from one request. */
  $correlationId: string;
  /** The cause of this event: the id of a command, or of the event that a policy answered. */
  $causationId: string;
  /** UUIDv5(actor, method, path, Idempotency-Key): a repeated command has the same one. */
  commandId: string;
  /** HMAC-SHA256 of the command's body under a key of the installation: the same key with another body is refused. */
  bodyHash?: string;
  /** The one who did it: a user's id, or `system`, `policy:<name>`, `worker:<name>`. */
  actor: string;
  /** Version of the shape of `data`, from 1; older ones are lifted by the contract's upcasters. */
  schema: number;
  /** W3C Trace Context. */
  traceparent?: string;
  /** The live topics that hear of this event, from the pure function of its decider. */
  topics: string[];
}

/** An event on its way into a stream. */
export interface NewEvent {
  /** UUIDv5(commandId, stream, index): the same decision made again has the same ids. */
  id: string;
  type: string;
  data: unknown;
  metadata: Metadata;
}

/** An event as the store keeps it. */
export interface RecordedEvent extends NewEvent {
  /** `<category>-<uuid>`; a name that begins with `_` is our own bookkeeping and is never forwarded. */
  stream: string;
  /** The event's number in its stream: 0, 1, … */
  revision: number;
  position: Position;
  /** The time at which the store took the event: ISO 8601, UTC, milliseconds. */
  time: string;
}

/** The category of a stream: `task-0b…` → `task`. */
export function categoryOf(stream: string): string {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

/** The aggregate's id in a stream's name: `task-0b…` → `0b…`. */
export function idOf(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}

/** False for streams of bookkeeping (`_…`) and of the store itself (`$…`), which are never forwarded. */
export function isForwardable(stream: string): boolean {
  const first = stream.charCodeAt(0);
  return first !== 95 && first !== 36;
}

/** True for streams of our own bookkeeping (`_…`): checkpoints, reservations, snapshots. */
export function isBookkeeping(stream: string): boolean {
  return stream.startsWith('_');
}

/** A type of event as routing keys write it: `TaskCreated` → `task_created`. */
export function snakeCase(type: string): string {
  return type.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/** The routing key of an event on the bus: `task.task_created`, `notification.notification_requested.email`. */
export function routingKey(event: Pick<RecordedEvent, 'stream' | 'type' | 'data'>): string {
  const key = `${categoryOf(event.stream)}.${snakeCase(event.type)}`;
  const channel = (event.data as { channel?: unknown } | null)?.channel;
  return typeof channel === 'string' ? `${key}.${channel}` : key;
}
