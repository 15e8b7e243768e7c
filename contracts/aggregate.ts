/** The parts of an aggregate's contract: its types of event and of command, with a schema, a sentence and an example of each, and its live topics. */

import type { z } from 'zod';
import type { AuditKind } from './audit.ts';
import type { Post } from './post.ts';
import type { Role } from './role.ts';

/** One type of event: a storage format. */
export interface EventContract {
  /** Schema of `data` in its newest shape. */
  schema: z.ZodType;
  /** Version of that shape, from 1. */
  version: number;
  /** Lifts data of version `from` to version `from + 1`. Needed as soon as `version` is above 1. */
  upcast?: (data: unknown, from: number) => unknown;
  /** True for a type that a stream begins with, and that stands nowhere else in one. */
  begins?: true;
  /** The meaning of the event, in one sentence. */
  summary: string;
  example: unknown;
}

/** The callers of a route: anyone, anyone logged in, or only these roles. */
export type Audience = 'anyone' | 'user' | readonly Role[];

/** One type of command: a row of the routing table. */
export interface CommandContract {
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Path with `:id` for the aggregate's id; without it the command makes a new aggregate. */
  path: string;
  /** The parameters of the path beside `:id`: ids of things inside the aggregate, which are given to the decider with the body's fields. */
  parameters?: readonly string[];
  /** The word for a thing inside the aggregate that the command makes: the answer has its id under this name. Its id is `stableId(commandId, makes)`. */
  makes?: string;
  /** Schema of the JSON body; null: no body. */
  body: z.ZodType | null;
  who: Audience;
  /** The kind of the entry that it makes in the audit log, done or refused; default: only refusals make one. */
  audit?: AuditKind;
  /** True where it does great harm in the hands of who has a stolen access token: its caller has proved lately who they are. */
  fresh?: true;
  /** True where nothing that is kept says who asked: the events' actor is `anonymous`, and the request's line in the log names neither user nor network; both have a request id of their own. */
  unnamed?: true;
  /** The limit that each caller's commands take from; default: none. `mails`: the command has mails sent; admins and API keys are exempt. */
  limit?: 'orders' | 'mails' | 'watching' | 'visitors';
  /** True for a body with which the command takes from its limit; default: with every body. */
  // biome-ignore lint/suspicious/noExplicitAny: each takes what its own `body` gives
  limitedWith?: (body: any) => boolean;
  /** The address that the command mails, as its body names it. Where it is not the caller's own, it takes from `mails`, too; admins and API keys are exempt. */
  // biome-ignore lint/suspicious/noExplicitAny: each takes what its own `body` gives
  mailsTo?: (body: any) => string;
  summary: string;
  example: unknown;
  /** Fields of the 202 of a command whose effect comes later, beside id, revision and position. A repeated command gets the same. */
  // biome-ignore lint/suspicious/noExplicitAny: each takes what its own `body` gives
  accepted?: (body: any) => Record<string, unknown>;
}

/** The words of docs/LIVE.md about a topic. */
interface TopicWords {
  /** The events in the topic, as `every event of every task`. */
  tells: string;
  /** The people who may follow the topic, as `who may read all tasks`: in words what `mayFollow` decides. */
  followers: string;
}

/** A topic that exists once: `tasks`. */
export interface TopicOfAll extends TopicWords {
  of: 'all';
  /** True where the caller may follow the topic. Never asked of admins, who may follow all topics. */
  mayFollow(caller: Actor): boolean;
}

/** A topic for each aggregate of the category: `task:<id>`. */
export interface TopicOfOne extends TopicWords {
  of: 'one';
  /** True where the caller may follow the topic of this `id`, the text after the colon. Never asked of admins, who may follow all topics. */
  mayFollow(caller: Actor, id: string): boolean;
  /** Asked of the callers whom `mayFollow` refuses. `state`: the aggregate's, as an interface of its contract that the decider's state extends. */
  mayFollowIf?(caller: Actor, state: unknown): boolean;
  /** By type of event: who may lose the topic by it, because `mayFollowIf` answers differently afterwards. */
  lostBy?: Readonly<Record<string, TopicLoss>>;
  /** The name after the colon, where it is no aggregate's id. */
  name?: { placeholder: string; schema: z.ZodType<string> };
}

/** A topic that each caller has their own of, under one name: `notifications`. Everybody may follow their own. */
export interface TopicOfCaller extends TopicWords {
  of: 'caller';
}

export type TopicContract = TopicOfAll | TopicOfOne | TopicOfCaller;

/** The reasons why a client was taken out of a topic; `forbidden`: the user may not hear of it any more. Reasons are a wire format. */
export const LEFT_REASONS = ['unassigned', 'role_changed', 'forbidden'] as const;
export type LeftReason = (typeof LEFT_REASONS)[number];

/** The users from whom a type of event takes a topic, and the reason that they are told. */
export interface TopicLoss {
  /** Ids of the users who may have lost the topic by an event with this data. */
  users(data: unknown): readonly string[];
  reason: LeftReason;
}

type Events = Record<string, EventContract>;
type Commands = Record<string, CommandContract>;

/** The contract of one kind of aggregate. */
export interface AggregateContract<Name extends string = string, E extends Events = Events, C extends Commands = Commands> {
  /** The beginning of its streams' names, without a dash: `task` of `task-<uuid>`. */
  category: Name;
  /** The events by type, as `TaskCreated`. */
  events: E;
  /** The commands by type, as `CreateTask`. */
  commands: C;
  /** The live topics by name, without the colon and what follows it; `{}` for none. The decider names the topics of each event. */
  topics: Readonly<Record<string, TopicContract>>;
}

/**
 * Checks a contract's type and gives it back with its category as a literal, so that registries can demand a line for each.
 *
 *     export const vehicleContract = aggregate({ category: 'vehicle', events: { … }, commands: { … }, topics: { … } });
 */
export function aggregate<const Name extends string, E extends Events, C extends Commands>(
  contract: AggregateContract<Name, E, C>,
): AggregateContract<Name, E, C> {
  return contract;
}

/** A command on its way to a decider. It carries `now` and all ids: a decider has neither clock nor randomness. */
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
  /** True where the events are not to say who acts: the actor is asked for rights alone. */
  unnamed?: true;
}

/** The one who acts: a user, or the system itself (`id: 'system'`). */
export interface Actor {
  id: string;
  role: Role | 'system' | 'anonymous';
  /** True where this actor may read every task, false where only those that concern it (TASK_VISIBILITY and role). */
  seesAll: boolean;
  /** The roles that this actor has at sites, as they were set: `rolesAt` of contracts/post.ts tells what follows. Missing: none were. */
  posts?: readonly Post[];
}

/** An event as a decider returns it: without the envelope, which write-side/handle-command.ts adds. */
export interface DecidedEvent<Type extends string = string, Data = unknown> {
  type: Type;
  data: Data;
}
