/**
 * The live protocol: what browsers and the server say to each other over Socket.IO, an example of each. docs/LIVE.md tells the story.
 * These names are a wire format that clients in other languages are written against: add, never rename or remove.
 */
import { z } from 'zod';
import { LEFT_REASONS } from './aggregate.ts';
import { id, instant } from './fields.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';
import { role } from './role.ts';
import { ALL_TOPICS, isTopic } from './topics.ts';

export type { LeftReason } from './aggregate.ts';

/** Topics in one `subscribe` or `unsubscribe` at most. */
export const MAX_TOPICS = 100;

/** A place in the log: opaque text whose plain comparison is log order. The empty text is before everything. */
const position = z.string().max(64);

/** A topic as clients name it: one of a contract, as `tasks`, `task:<id>`, `notifications` (one's own), or `role:<role>`; ids in lower case. */
export const topic = z.string().refine(isTopic, `must be ${ALL_TOPICS}`);
export type Topic = z.infer<typeof topic>;

const problem = z.strictObject({
  type: z.string(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  instance: z.string().optional(),
});

const refused = z.strictObject({ problem });

/** One event in one topic. */
const change = z.strictObject({
  topic,
  position,
  /** Position of the change before this one in the topic; null where the server does not remember one. */
  previous: position.nullable(),
  /** Type of the event, as `TaskCreated`; `data` has the shape that contracts/ gives it. */
  type: z.string(),
  /** Id of the aggregate that it happened to. */
  id: z.string(),
  /** The aggregate's stream, as `task-<id>`. */
  stream: z.string(),
  /** The revision of the stream after this event. */
  revision: z.int().nonnegative(),
  time: instant,
  data: z.unknown(),
  /** The one who did it: a user's id, or `system`, `policy:<name>`, `worker:<name>`. */
  actor: z.string(),
});
export type Change = z.infer<typeof change>;

/** The answer for one topic: followed (everything up to `position` was sent), query first (`snapshotNeeded`), or refused (`problem`). */
const subscribed = z.union([
  z.strictObject({ topic, position }),
  z.strictObject({ topic, snapshotNeeded: z.literal(true), position }),
  z.strictObject({ topic: z.string(), problem }),
]);
export type Subscribed = z.infer<typeof subscribed>;

const subscribe = z.strictObject({
  topics: z.array(topic).min(1).max(MAX_TOPICS, `at most ${MAX_TOPICS} topics`),
  /** The position after which changes are wanted: one for all topics, or one by topic. A topic without one begins with the next change. */
  after: z.union([position, z.record(topic, position)]).optional(),
});
export type Subscribe = z.infer<typeof subscribe>;
const subscribeAck = z.union([z.strictObject({ topics: z.array(subscribed) }), refused]);
export type SubscribeAck = z.infer<typeof subscribeAck>;

const unsubscribe = z.strictObject({ topics: z.array(topic).min(1).max(MAX_TOPICS, `at most ${MAX_TOPICS} topics`) });
export type Unsubscribe = z.infer<typeof unsubscribe>;
const unsubscribeAck = z.union([z.strictObject({ topics: z.array(topic) }), refused]);
export type UnsubscribeAck = z.infer<typeof unsubscribeAck>;

const auth = z.strictObject({ token: z.string().min(1).max(8_192) });
export type LiveAuth = z.infer<typeof auth>;
/** `expiresIn`: seconds from now until the token expires. An instant would rely on equal clocks. */
const tokenAck = z.union([z.strictObject({ expiresIn: z.number() }), refused]);
export type TokenAck = z.infer<typeof tokenAck>;

const welcome = z.strictObject({ userId: id, role, expiresIn: z.number() });
export type Welcome = z.infer<typeof welcome>;

/** `within`: seconds until the server closes the socket if no fresh token comes. */
const tokenWanted = z.strictObject({ within: z.number() });
export type TokenWanted = z.infer<typeof tokenWanted>;

const left = z.strictObject({ topic, reason: z.enum(LEFT_REASONS) });
export type Left = z.infer<typeof left>;

const snapshotNeeded = z.strictObject({ topic, position });
export type SnapshotNeeded = z.infer<typeof snapshotNeeded>;

const reached = z.strictObject({ position });
export type Reached = z.infer<typeof reached>;

const goodbye = z.strictObject({ problem });
export type Goodbye = z.infer<typeof goodbye>;

/** A message of the protocol: its schema, that of its acknowledgement where it has one, and an example of both. */
export interface LiveMessage {
  schema: z.ZodType;
  summary: string;
  example: unknown;
  ack?: { schema: z.ZodType; examples: unknown[] };
}

const TASK = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';

function exampleProblem(code: ProblemCode, detail: string, errors?: { pointer: string; detail: string }[]) {
  return { type: `/problems/${code}`, code, ...PROBLEMS[code], detail, ...(errors ? { errors } : {}) };
}

/** The messages that clients send, by name. */
export const clientMessages = {
  subscribe: {
    schema: subscribe,
    summary: 'Follow topics, from a position on.',
    example: { topics: ['tasks', `task:${TASK}`], after: '0000000000000041' },
    ack: {
      schema: subscribeAck,
      examples: [
        {
          topics: [
            { topic: 'tasks', position: '0000000000000057' },
            { topic: `task:${TASK}`, problem: exampleProblem('forbidden', 'You may not follow this topic.') },
          ],
        },
        { topics: [{ topic: 'tasks', snapshotNeeded: true, position: '0000000000000057' }] },
        { problem: exampleProblem('invalid', 'The message is not valid.', [{ pointer: '/topics/0', detail: 'must be tasks, notifications, …' }]) },
      ],
    },
  },
  unsubscribe: {
    schema: unsubscribe,
    summary: 'Hear no more of topics.',
    example: { topics: ['tasks'] },
    ack: { schema: unsubscribeAck, examples: [{ topics: ['tasks'] }] },
  },
  token: {
    schema: auth,
    summary: 'A fresh access token of the same user; the connection and its topics stay.',
    example: { token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwYjlmMmIyZSJ9.c2lnbmF0dXJl' },
    ack: { schema: tokenAck, examples: [{ expiresIn: 900 }, { problem: exampleProblem('unauthorized', 'The token has expired.') }] },
  },
} satisfies Record<string, LiveMessage>;

/** The messages that the server sends, by name. */
export const serverMessages = {
  welcome: {
    schema: welcome,
    summary: 'The first message: who you are here, and for how many seconds the token is good.',
    example: { userId: ALICE, role: 'member', expiresIn: 871.5 },
  },
  change: {
    schema: change,
    summary: 'Something happened in a topic that you follow.',
    example: {
      topic: 'tasks',
      position: '0000000000000058',
      previous: '0000000000000055',
      type: 'TaskStatusChanged',
      id: TASK,
      stream: `task-${TASK}`,
      revision: 3,
      time: '2026-11-21T09:00:00.000Z',
      data: { from: 'open', to: 'in-progress' },
      actor: ALICE,
    },
  },
  reached: {
    schema: reached,
    summary: 'Of every topic that was acknowledged, all up to here was sent.',
    example: { position: '0000000000000093' },
  },
  left: {
    schema: left,
    summary: 'You follow this topic no more, because you may not.',
    example: { topic: `task:${TASK}`, reason: 'unassigned' },
  },
  snapshot_needed: {
    schema: snapshotNeeded,
    summary: 'You follow this topic no more, because the server cannot tell what you missed: query, then subscribe after the query’s Position.',
    example: { topic: 'tasks', position: '0000000000000093' },
  },
  token_wanted: {
    schema: tokenWanted,
    summary: 'The token expires soon: send a fresh one within so many seconds.',
    example: { within: 90 },
  },
  goodbye: {
    schema: goodbye,
    summary: 'The last message before the server closes the connection, and why.',
    example: { problem: exampleProblem('unauthorized', 'Your session has ended.') },
  },
} satisfies Record<string, LiveMessage>;

/** The content of `auth` in the Socket.IO handshake. */
export const handshake = { schema: auth, summary: 'The access token.', example: clientMessages.token.example } satisfies LiveMessage;

/** The `data` of the error that refuses a connection. */
export const connectError = {
  schema: problem,
  summary: 'Why the connection was refused.',
  example: exampleProblem('unauthorized', 'Log in first.'),
} satisfies LiveMessage;
