/**
 * The catalog: every aggregate with its events, commands, topics and examples.
 * Routes, validation, OpenAPI, AsyncAPI and live push follow from it.
 */
import type { AggregateContract, EventContract } from './aggregate.ts';
import { assetContract } from './asset.ts';
import { blocklistContract } from './blocklist.ts';
import { complaintContract } from './complaint.ts';
import { invitationContract } from './invitation.ts';
import { mediaContract } from './media.ts';
import { categoryOf, type Metadata, type NewEvent, type RecordedEvent } from './message.ts';
import { notificationContract } from './notification.ts';
import { orderContract } from './order.ts';
import { repairContract } from './repair.ts';
import { sessionContract } from './session.ts';
import { siteContract } from './site.ts';
import { taskContract } from './task.ts';
import { timerContract } from './timer.ts';
import { userContract } from './user.ts';
import { visitContract } from './visit.ts';

export const catalog = [
  userContract,
  sessionContract,
  taskContract,
  notificationContract,
  orderContract,
  timerContract,
  mediaContract,
  invitationContract,
  siteContract,
  assetContract,
  repairContract,
  visitContract,
  blocklistContract,
  complaintContract,
] as const;

/** A kind of aggregate, as `task`: a registry that is a `Record` over it does not compile where it forgets one. */
export type Category = (typeof catalog)[number]['category'];

/** A category that takes commands over HTTP: one whose contract has any. */
export type CommandedCategory = Commanded<(typeof catalog)[number]>;
type Commanded<C extends AggregateContract> = C extends unknown ? (keyof C['commands'] extends never ? never : C['category']) : never;

const events = new Map(catalog.flatMap((aggregate) => Object.entries<EventContract>(aggregate.events)));

/** The contract of an event type; undefined for a type that is not ours. */
export function eventContract(type: string): EventContract | undefined {
  return events.get(type);
}

const categories = new Map<string, string>(catalog.flatMap(({ category, events: ofIt }) => Object.keys(ofIt).map((type) => [type, category])));

/** True for an event that a stream begins with: the first one, also where the stream was deleted softly before, and begun again. */
export function begins({ stream, type }: Pick<RecordedEvent, 'stream' | 'type'>): boolean {
  return events.get(type)?.begins === true && categories.get(type) === categoryOf(stream);
}

/** The category whose contract has an event type; undefined for a type that is in none. */
export function categoryOfType(type: string): string | undefined {
  return categories.get(type);
}

/** The stream, type and version of shape of an event: enough to say whether a release knows it. */
export interface EventShape {
  stream: string;
  type: string;
  /** Null where the event does not carry our metadata: no release knows such an event. */
  schema: number | null;
}

/**
 * True for an event that this release knows. Unknown (invariant 17) is a type that is in no contract, a shape newer than the contract's, and a
 * type of another category than its stream's: a newer release wrote it, or nobody who keeps to the contracts, and its meaning is not guessed.
 */
export function isKnown({ stream, type, metadata }: Pick<RecordedEvent, 'stream' | 'type' | 'metadata'>): boolean {
  return isKnownShape({ stream, type, schema: shapeOf(metadata) });
}

/** The same of a shape that was noted earlier, perhaps by another release. */
export function isKnownShape({ stream, type, schema }: EventShape): boolean {
  const contract = events.get(type);
  return contract !== undefined && schema !== null && schema <= contract.version && categories.get(type) === categoryOf(stream);
}

function shapeOf(metadata: Partial<Metadata> | null | undefined): number | null {
  return metadata?.schema ?? null;
}

/** An event stands in the way that this release does not know: what comes of it waits for a release that does. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
  readonly shape: EventShape;

  constructor({ stream, revision, type, metadata }: Pick<RecordedEvent, 'stream' | 'revision' | 'type' | 'metadata'>) {
    const schema = shapeOf(metadata);
    super(`${type} (shape ${schema}) at ${stream}@${revision} was written by a newer release than this one; upgrade this one`);
    this.shape = { stream, type, schema };
  }
}

/** Lifts an event of any released shape to the newest. Error: UnknownEvent. */
export function known(event: RecordedEvent): RecordedEvent {
  if (!isKnown(event)) throw new UnknownEvent(event);
  return upcast(event);
}

/** Lifts an event of any released shape to the newest; an unknown event stays as it is. */
export function upcast<E extends { type: string; data: unknown; metadata: Metadata }>(event: E): E {
  const contract = events.get(event.type);
  if (!contract?.upcast || event.metadata.schema >= contract.version) return event;
  let data = event.data;
  for (let version = event.metadata.schema; version < contract.version; version++) data = contract.upcast(data, version);
  return { ...event, data, metadata: { ...event.metadata, schema: contract.version } };
}

/** The example of an event type as a whole recorded event, for tests and docs. */
export function exampleEvent(type: string, more: Partial<RecordedEvent> = {}): RecordedEvent {
  const contract = events.get(type);
  const aggregate = catalog.find((one) => type in one.events);
  if (!contract || !aggregate) throw new Error(`no such event type: ${type}`);
  const metadata: NewEvent['metadata'] = {
    $correlationId: '6c1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a01',
    $causationId: '6c1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a01',
    commandId: '6c1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a01',
    actor: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01',
    schema: contract.version,
    topics: [],
  };
  return {
    id: '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a02',
    type,
    stream: `${aggregate.category}-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07`,
    revision: 0,
    position: '0000000000000001',
    time: '2026-11-21T09:00:00.000Z',
    data: contract.example,
    metadata,
    ...more,
  };
}
