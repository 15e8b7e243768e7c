/** OPERATIONS (2,000 here; `npm run faults`: 100,000) by 8 clients, with kills between, on the embedded store and, a tenth of them, on EventStoreDB's double. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { type StoreServer, startStoreServer } from '../../../system/store-server.fixture.ts';
import type { EventStore } from '../event-store.ts';
import { openEventStore } from '../open.ts';
import { answerOf, idsOf, type Mortal, type Outcome, workOn } from './clients.fixture.ts';
import type { AskedOfStore } from './store-process.fixture.ts';

const OPERATIONS = Number(process.env.OPERATIONS ?? 2_000);
/** The part of them that is done through EventStoreDB's client. */
const ON_THE_DOUBLE = Math.ceil(OPERATIONS / 10);
const killsIn = (operations: number) => Math.max(3, Math.ceil(operations / 2_500));
const timeout = 120_000 + OPERATIONS * 30;

const PROCESS = fileURLToPath(new URL('./store-process.fixture.ts', import.meta.url));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'linearizable-'));
  closers.push(() => rmSync(made, { recursive: true, force: true, maxRetries: 3 }));
  return made;
}

/** The embedded store in a process of its own: whatever it was asked and has not answered when it is killed is unknown. */
async function embedded(): Promise<Mortal> {
  const dataDir = folder();
  const open = new Map<number, (answer: unknown) => void>();
  let asked = 0;
  let starting: Promise<ChildProcess>;
  let running: ChildProcess | undefined;

  async function started(): Promise<ChildProcess> {
    const child = fork(PROCESS, [dataDir], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    running = child;
    await once(child, 'message');
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      open.get(id)?.(answer);
      open.delete(id);
    });
    return child;
  }
  starting = started();
  await starting;
  closers.push(() => running?.kill('SIGKILL'));

  async function ask<T>(what: Omit<AskedOfStore, 'id'>): Promise<T | undefined> {
    const child = await starting;
    const id = asked++;
    const answer = Promise.withResolvers<unknown>();
    open.set(id, answer.resolve);
    child.send({ id, ...what } satisfies AskedOfStore);
    return (await answer.promise) as T | undefined;
  }
  return {
    append: async (stream, expected, events) => (await ask({ stream, append: { expected, events } })) ?? 'unknown',
    read: (stream) => ask({ stream }),
    killAndStart: async () => {
      const child = await starting;
      const next = Promise.withResolvers<ChildProcess>();
      starting = next.promise;
      const gone = once(child, 'close');
      child.kill('SIGKILL');
      await gone;
      for (const resolve of open.values()) resolve(undefined);
      open.clear();
      next.resolve(await started());
    },
  };
}

/** EventStoreDB's double in a process of its own, reached by the client that talks to the real one. */
async function onServer(): Promise<Mortal> {
  const dataDir = folder();
  const server: StoreServer = await startStoreServer(dataDir);
  closers.push(() => server.kill());
  const store: EventStore = await openEventStore(`esdb://127.0.0.1:${server.port}?tls=false`, { dataDir, log: { error: () => {} } });
  closers.push(() => store.close());
  let starting: Promise<void> = Promise.resolve();
  return {
    append: async (stream, expected, events) => {
      await starting;
      return answerOf(store, stream, expected, events);
    },
    read: async (stream) => {
      await starting;
      return idsOf(store, stream).catch(() => undefined);
    },
    killAndStart: async () => {
      const killing = server.kill();
      starting = killing.then(() => server.start());
      await starting;
    },
  };
}

it.each([
  ['the embedded store', embedded, OPERATIONS],
  ['EventStoreDB’s double', onServer, ON_THE_DOUBLE],
] as const)('what 8 clients saw of %s, which was killed between, is linearizable per stream', { timeout }, async (what, open, operations) => {
  const kills = killsIn(operations);
  const outcome: Outcome = await workOn(await open(), { operations, kills });
  process.stdout.write(`linearizable, ${what}: ${JSON.stringify({ ...outcome, violations: outcome.violations.length })}\n`);
  expect(outcome.violations).toEqual([]);
  expect(outcome.refused, 'refused: two wanted the same revision').toBeGreaterThan(0);
});
