/** What an aggregate's contract is made of: its types of event and of command, with a schema, a sentence and an example of each, and its live topics. */
import type { z } from 'zod';
import type { Role } from './role.ts';

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

/** What docs/LIVE.md says of a topic. */
interface TopicWords {
  /** What is in it, as `every event of every task`. */
  tells: string;
  /** Who may follow it, as `who may read all tasks`; what the functions beside it decide. */
  followers: string;
}

/** A topic that there is once: `tasks`. */
export interface TopicOfAll extends TopicWords {
  of: 'all';
  /** Decides of everybody but admins, who may follow all topics. */
  mayFollow(caller: Actor): boolean;
}

/** A topic for each aggregate of the category: `task:<id>`. */
export interface TopicOfOne extends TopicWords {
  of: 'one';
  /** Decides of everybody but admins, who may follow all topics. `id`: what follows the colon. */
  mayFollow(caller: Actor, id: string): boolean;
  /** Lets in whom `mayFollow` does not, by the state of the aggregate: an interface of its contract, which its decider's state extends. */
  mayFollowIf?(caller: Actor, state: unknown): boolean;
  /** By type: events after which somebody may follow it no more because of the state. */
  lostBy?: Readonly<Record<string, TopicLoss>>;
  /** What follows the colon, where that is no aggregate's id. */
  name?: { placeholder: string; schema: z.ZodType<string> };
}

/** A topic that each caller has their own of, under one name: `notifications`. Everybody may follow their own. */
export interface TopicOfCaller extends TopicWords {
  of: 'caller';
}

export type TopicContract = TopicOfAll | TopicOfOne | TopicOfCaller;

/** Why somebody follows a topic no more; `forbidden`: may not hear of it any more. Reasons are a wire format. */
export const LEFT_REASONS = ['unassigned', 'role_changed', 'forbidden'] as const;
export type LeftReason = (typeof LEFT_REASONS)[number];

/** What a type of event takes from whom. */
export interface TopicLoss {
  /** Ids of the users who may have lost the topic by an event with this data. */
  users(data: unknown): readonly string[];
  reason: LeftReason;
}

type Events = Record<string, EventContract>;
type Commands = Record<string, CommandContract>;

/** The contract of one kind of aggregate. */
export interface AggregateContract<Name extends string = string, E extends Events = Events, C extends Commands = Commands> {
  /** What its streams' names begin with: `task` of `task-<uuid>`. No dash is in it. */
  category: Name;
  /** By type, as `TaskCreated`. */
  events: E;
  /** By type, as `CreateTask`. */
  commands: C;
  /** By name on the wire, without what follows its colon; `{}` where nobody follows it live. Which events are in which topics the decider says. */
  topics: Readonly<Record<string, TopicContract>>;
}

/**
 * Checks a contract's type and gives it back with its category as a literal, so that registries can demand a line for each.
 *
 *     export const visitorContract = aggregate({ category: 'visitor', events: { … }, commands: { … }, topics: { … } });
 */
export function aggregate<const Name extends string, E extends Events, C extends Commands>(
  contract: AggregateContract<Name, E, C>,
): AggregateContract<Name, E, C> {
  return contract;
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
