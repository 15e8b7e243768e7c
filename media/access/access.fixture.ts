/** The fixture of the tests of addresses: an app with the two rows, states that tests change, bytes in memory, a clock that tests set. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import type { Actor } from '../../contracts/aggregate.ts';
import { type MediaEvent, mediaContract } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { FileMissing, type Files } from '../../platform/files/files.ts';
import { createApp } from '../../platform/http/app.ts';
import { type Caller, routesWith } from '../../platform/http/route.ts';
import { evolve, initial, type MediaState } from '../../write-side/deciders/media.ts';
import { fetchRoute, type ServingContext } from './fetch-route.ts';
import { MAIL_SECONDS } from './may-fetch.ts';
import { openUrlKeys } from './url-keys.ts';
import { type UrlContext, urlRoute, urlsRoute } from './url-route.ts';

export const FILE = '11111111-0000-4000-8000-000000000001';
export const TASK = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
export const ALICE: Caller = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'member', seesAll: false, sessionId: 'session-of-alice' };
export const CAROL: Caller = { id: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e03', role: 'resident', seesAll: false, sessionId: 'session-of-carol' };
export const NOW = Date.parse('2026-11-21T09:01:00.000Z');

/** The state of a file after its upload and these events. */
export function fileAfter(received: object, ...events: MediaEvent[]): MediaState {
  const first = { type: 'MediaReceived', data: { ...mediaContract.events.MediaReceived.example, ...received } } as MediaEvent;
  return [first, ...events].reduce(evolve, initial);
}

export const rendered = (size: '320' | '1024' | '2048' | 'full', type = 'image/webp'): MediaEvent => ({
  type: 'MediaRendered',
  data: { attempt: 1, size, type, width: 1, height: 1, bytes: 1 },
});
export const ready: MediaEvent = { type: 'MediaReady', data: { attempt: 1, scanned: false } };
export const attached: MediaEvent = { type: 'MediaAttached', data: { of: { kind: 'task', id: TASK } } };

/** A picture of Alice's task in two sizes. */
export const PICTURE = fileAfter({}, rendered('320'), rendered('full'), ready, attached);

/** The bytes of a store in memory, by key. */
function memoryFiles(bytes: Map<string, Buffer>): Pick<Files, 'read' | 'stat'> {
  return {
    stat: async (key) => {
      const found = bytes.get(key);
      return found && { key, bytes: found.length, written: 0 };
    },
    read: async (key, range) => {
      const found = bytes.get(key);
      if (!found) throw new FileMissing(key);
      const part = range ? found.subarray(range.from, range.to + 1) : found;
      return { stream: Readable.from([part]), bytes: part.length };
    },
  };
}

/** Everything that a test may change between two requests. */
export interface AccessWorld {
  url: string;
  states: Map<string, unknown>;
  bytes: Map<string, Buffer>;
  /** Those whose session lives. */
  live: Set<Actor>;
  clock: { now: number };
  context: ServingContext & UrlContext;
  rotate(): Promise<string>;
  /** Asks for an address as somebody. */
  urlFor(as: Caller, query?: string): Promise<{ status: number; url: string; expiresAt: string | null }>;
  /** Asks for the addresses of several files as somebody. */
  urlsFor(as: Caller, query: string): Promise<{ status: number; items: { id: string; url: string; expiresAt: string | null }[] }>;
  get(url: string, headers?: Record<string, string>, method?: string): Promise<Response>;
  close(): void;
}

export async function startAccess(more: Partial<Pick<ServingContext, 'apart' | 'scanning'> & Pick<UrlContext, 'origin'>> = {}): Promise<AccessWorld> {
  const states = new Map<string, unknown>([
    [`media-${FILE}`, PICTURE],
    [`task-${TASK}`, { exists: true, deleted: false, maker: ALICE.id, assignee: null }],
  ]);
  const bytes = new Map([
    [`media/${FILE}/320`, Buffer.from('small')],
    [`media/${FILE}/full`, Buffer.from('0123456789')],
  ] as const);
  const live = new Set<Actor>([ALICE, CAROL]);
  const clock = { now: NOW };
  const now = () => new Date(clock.now);
  const urlKeys = openUrlKeys({ secrets: memorySecrets(), now, longest: MAIL_SECONDS * 1_000 });
  const context: AccessWorld['context'] = {
    commands: { load: async <S>(stream: string) => ({ state: (states.get(stream) ?? initial) as S, revision: 0, position: '1' }) },
    urlKeys,
    users: {
      ofSession: async (user, session) => [ALICE, CAROL].find((one) => live.has(one) && one.id === user && one.sessionId === session) ?? null,
      ofMail: async (user) => [ALICE, CAROL].find((one) => one.id === user) ?? null,
    },
    now,
    files: memoryFiles(bytes as Map<string, Buffer>),
    apart: false,
    scanning: false,
    origin: '',
    ...more,
  };
  const server = await serve(context);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url, states, live, clock, context, rotate: urlKeys.rotate, bytes: bytes as Map<string, Buffer> },
    urlFor: async (as, query = '') => {
      const response = await fetch(`${url}/api/media/${FILE}/url${query}`, { headers: { Authorization: `Bearer operator-${as.id}` } });
      return { status: response.status, ...((await response.json()) as { url: string; expiresAt: string | null }) };
    },
    urlsFor: async (as, query) => {
      const response = await fetch(`${url}/api/media/urls?${query}`, { headers: { Authorization: `Bearer operator-${as.id}` } });
      return { status: response.status, ...((await response.json()) as { items: { id: string; url: string; expiresAt: string | null }[] }) };
    },
    get: (path, headers = {}, method = 'GET') => fetch(new URL(path, url), { method, headers, redirect: 'manual' }),
    close: () => void server.close(),
  };
}

async function serve(context: AccessWorld['context']): Promise<Server> {
  // Callers come in by a token of the test's own: what a token is worth is the gateway's business. The rows are for people, so they are opened for them here.
  const people = [urlsRoute, urlRoute].map((route) => ({ ...route, row: { ...route.row, who: ['member', 'resident'] as const } }));
  const app = createApp({
    routes: [...routesWith(context, people), ...routesWith(context, [fetchRoute])],
    accessTokens: { secret: 'none' },
    callerOf: () => Promise.reject(new ProblemError('unauthorized', 'no tokens here')),
    operator: (token) => [ALICE, CAROL].find(({ id }) => token === `operator-${id}`) ?? null,
    origins: [],
    trustProxy: false,
    log: pino({ level: 'silent' }),
  });
  const server = createServer(app.callback());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

/** Secrets in memory, which keep one record a key. */
export function memorySecrets() {
  const records = new Map<string, { value: unknown; version: number }>();
  return {
    get: async <T>(_kind: 'keys', key: string) => (records.get(key) as { value: T; version: number } | undefined) ?? null,
    put: async (_kind: 'keys', { key, value }: { key: string; value: unknown }, version: number) => {
      if ((records.get(key)?.version ?? 0) !== version) return false;
      records.set(key, { value, version: version + 1 });
      return true;
    },
  };
}
