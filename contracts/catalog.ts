/**
 * The catalog: every aggregate with its events, commands, topics and examples.
 * Routes, validation, OpenAPI, AsyncAPI and live push follow from it.
 */
import type { z } from 'zod';
import type { Metadata, NewEvent, RecordedEvent } from './message.ts';
import { notificationContract } from './notification.ts';
import { orderContract } from './order.ts';
import { sessionContract } from './session.ts';
import { taskContract } from './task.ts';
import { timerContract } from './timer.ts';
import { type Role, userContract } from './user.ts';

/** One type of event: a storage format. */
export interface EventContract {
  /** Schema of `data` in its newest shape. */
  schema: z.ZodType;
  /** Version of that shape, from 1. */
  version: number;
  /** Lifts data of version `from` to version `from + 1`. Needed as soon as `version` is above 1. */
  upcast?: (data: unknown, from: number) => unknown;
  /** What it means, in one sentence. */
  summary: string;
  example: unknown;
}

/** Who may call: anyone, anyone logged in, or only these roles. */
export type Audience = 'anyone' | 'user' | readonly Role[];

/** One type of command: a row of the routing table. */
export interface CommandContract {
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path with `:id` for the aggregate's id; without it the command makes a new aggregate. */
  path: string;
  /** Schema of the JSON body; null: no body. */
  body: z.ZodType | null;
  who: Audience;
  /** The limit that each caller's commands take from; default: none. */
  limit?: 'orders';
  summary: string;
  example: unknown;
  /** Answers 202 with these fields beside id, revision and position: what was asked for comes later. A repeat has the same. */
  // biome-ignore lint/suspicious/noExplicitAny: each takes what its own `body` gives
  accepted?: (body: any) => Record<string, unknown>;
}

export interface AggregateContract {
  category: string;
  events: Record<string, EventContract>;
  commands: Record<string, CommandContract>;
}

/** A command on its way to a decider. `now` and ids come with it: a decider has no clock and no random. */
export interface Command<Type extends string = string, Data = unknown> {
  type: Type;
  /** The aggregate's stream, as `task-<uuid>`. */
  stream: string;
  /** The aggregate's id. */
  id: string;
  data: Data;
  /** UUIDv5(actor, method, path, Idempotency-Key). */
  commandId: string;
  actor: Actor;
  /** ISO 8601, UTC. */
  now: string;
}

/** Who acts: a user, or the system itself (`id: 'system'`). */
export interface Actor {
  id: string;
  role: Role | 'system' | 'anonymous';
  /** True where this actor may read every task, false where only those that concern it (TASK_VISIBILITY and role). */
  seesAll: boolean;
}

/** What a decider adds: an event without the envelope, which handle-command makes. */
export interface DecidedEvent<Type extends string = string, Data = unknown> {
  type: Type;
  data: Data;
}

export const catalog: readonly AggregateContract[] = [
  userContract,
  sessionContract,
  taskContract,
  notificationContract,
  orderContract,
  timerContract,
];

const events = new Map(catalog.flatMap((aggregate) => Object.entries(aggregate.events)));

/** The contract of an event type; undefined for a type that is not ours. */
export function eventContract(type: string): EventContract | undefined {
  return events.get(type);
}

/** Lifts an event of any released shape to the newest. */
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
