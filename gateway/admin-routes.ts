/** The routes of admins: projections, queues, parked streams. */
import { z } from 'zod';
import { ProblemError } from '../contracts/problem.ts';
import type { QueueState } from '../platform/event-bus/event-bus.ts';
import type { Parked } from '../platform/followers/parking.ts';
import type { Answer, RouteWith } from '../platform/http/route.ts';

/** The progress of a rebuild. */
export interface RebuildState {
  name: string;
  /** `waiting`: no process has taken it up yet. */
  state: 'waiting' | 'running' | 'done' | 'failed';
  events: number;
  position: string;
  /** Position of the log's end. */
  head: string;
  seconds: number;
  error?: string;
}

/** The things that the admins' rows need of the parts. */
export interface AdminParts {
  projections(): Promise<{ name: string }[]>;
  /** Starts a rebuild; resolves to its progress, or to that of the one that runs. */
  rebuild(name: string): Promise<RebuildState>;
  /** Resolves to the progress of the last rebuild; null where none was asked for. */
  rebuildStatus(name: string): Promise<RebuildState | null>;
  queues(): Promise<QueueState[]>;
  /** Resolves to the parked streams of all followers. */
  parked(): Promise<(Parked & { follower: string })[]>;
  /**
   * Tries a parked stream again (`discard`: without the event that parked it). `none`: it is not parked; `running`: it takes long, and goes on;
   * `nobody`: no process has taken it up, and the first one that can will. Rejects with the error of one that failed.
   */
  release(follower: string, stream: string, discard: boolean): Promise<'none' | 'done' | 'running' | 'nobody'>;
}

const rebuildView = z.strictObject({
  name: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  events: z.int(),
  position: z.string(),
  head: z.string(),
  seconds: z.number(),
  error: z.string().optional(),
});

const items = z.strictObject({ items: z.array(z.looseObject({})) });
const released = z.strictObject({ follower: z.string(), stream: z.string(), released: z.boolean() });

/** The page on which an admin sees whether a stream is still parked. */
const PARKED = '/api/admin/parked';

const FOR_ADMINS = { who: ['admin'], tag: 'admin' } as const;

/** The routes below /api/admin/, for admins only. */
export const adminRoutes: readonly RouteWith<AdminParts>[] = [
  {
    row: {
      ...FOR_ADMINS,
      method: 'GET',
      path: '/api/admin/projections',
      response: items,
      summary: 'Read models: position, lag, generation, parked streams.',
    },
    answer: async (parts) => ({ body: { items: await parts.projections() } }),
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'POST',
      audit: 'operation',
      path: '/api/admin/projections/:name/rebuild',
      summary: 'Make a read model anew from history, beside the old one, which answers meanwhile. Causes no mail.',
      status: 202,
      response: rebuildView,
    },
    answer: async (parts, { params }) => {
      const name = await known(parts, params.name ?? '');
      return { status: 202, body: await parts.rebuild(name), headers: { Location: `/api/admin/projections/${name}/rebuild` } };
    },
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'GET',
      path: '/api/admin/projections/:name/rebuild',
      summary: 'How far the last rebuild is.',
      response: rebuildView,
    },
    answer: async (parts, { params }) => {
      const state = await parts.rebuildStatus(await known(parts, params.name ?? ''));
      if (!state) throw new ProblemError('not_found', 'No rebuild was asked for lately.');
      return { body: state, headers: { 'Cache-Control': 'no-store' } };
    },
  },
  {
    row: { ...FOR_ADMINS, method: 'GET', path: '/api/admin/queues', response: items, summary: 'Queues: depth, consumers, drops.' },
    answer: async (parts) => ({ body: { items: await parts.queues() } }),
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'GET',
      path: PARKED,
      response: items,
      summary: 'Streams that wait behind an event that could not be digested, and notifications and orders that could not be read.',
    },
    answer: async (parts) => ({ body: { items: await parts.parked() } }),
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'POST',
      audit: 'operation',
      path: '/api/admin/parked/:follower/:stream/release',
      response: released,
      summary: 'Try a parked stream again: a policy works it off in order, a projection is rebuilt, a notification or an order is offered at once.',
    },
    answer: (parts, { params }) => release(parts, params, false),
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'POST',
      audit: 'operation',
      path: '/api/admin/parked/:follower/:stream/discard',
      response: released,
      summary: 'Skip the one event that a policy could not digest, and work the rest of the stream off; offer an item no more that cannot be read.',
    },
    answer: (parts, { params }) => release(parts, params, true),
  },
];

async function known(parts: AdminParts, name: string): Promise<string> {
  const names = (await parts.projections()).map((one) => one.name);
  if (names.includes(name)) return name;
  throw new ProblemError('not_found', `There is no projection ${name}; there are ${names.join(', ')}.`);
}

/**
 * The answer to a release. Errors: ProblemError `not_found`; `conflict` where the stream was tried, failed, and is parked again; `unavailable` where
 * nobody tried.
 */
async function release(parts: AdminParts, { follower = '', stream = '' }: Record<string, string>, discard: boolean): Promise<Answer> {
  const outcome = await parts.release(follower, stream, discard).catch((error: unknown) => ({ error }));
  if (outcome === 'none') throw new ProblemError('not_found', 'This follower has parked no such stream.');
  if (outcome === 'running') return { status: 202, body: { follower, stream, released: false }, headers: { Location: PARKED } };
  if (outcome === 'nobody') throw untried(follower);
  const again = (await parts.parked()).find((one) => one.follower === follower && one.stream === stream);
  if (again)
    throw new ProblemError('conflict', `It waits again, ${again.type ? `at ${again.type} of revision ${again.revision}: ` : ''}${again.error}`);
  if (outcome !== 'done') throw outcome.error;
  return { body: { follower, stream, released: true } };
}

function untried(follower: string): ProblemError {
  return new ProblemError('unavailable', `No process that runs ${follower} has taken it up. It was not tried; the first one that runs it will.`, {
    headers: { 'Retry-After': '30' },
  });
}
