import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { openRequests, type RequestState, type Serving } from './requests.ts';

const log = { warn: () => {} };
const patience = () => AbortSignal.timeout(20_000);
const open = (store = inMemoryStore(), every = 5) => openRequests({ store, log, every });

function recording(more: Partial<Serving> = {}) {
  const asked: string[] = [];
  const serving: Serving = {
    active: () => true,
    carryOut: async (action, subject) => {
      asked.push(`${action} ${subject}`);
      return { events: 7 };
    },
    ...more,
  };
  return { asked, serving };
}

it('a request asked in one process is carried out in another, once, and its outcome is seen where it was asked', async () => {
  const store = inMemoryStore();
  const [gateway, projections] = [open(store), open(store)];
  const { asked, serving } = recording();
  const stop = projections.serve('projections', serving);
  const request = await gateway.ask('projections', 'rebuild', 'task_list');
  expect(await gateway.settled('projections', request, patience())).toMatchObject({ state: 'done', report: { events: 7 } });
  expect(await gateway.last('projections', 'rebuild', 'task_list')).toMatchObject({ id: request.id, state: 'done' });
  expect(asked).toEqual(['rebuild task_list']);
  await stop();
});

it('only the process that is active carries out, and who takes over does what is not done', async () => {
  const store = inMemoryStore();
  const standby = recording({ active: () => false });
  const dead = recording({ carryOut: () => new Promise(() => {}) });
  const [gateway, first, second] = [open(store), open(store), open(store)];
  void second.serve('projections', standby.serving);
  void first.serve('projections', dead.serving);
  const request = await gateway.ask('projections', 'rebuild', 'task_list');
  await vi.waitFor(async () => expect(await gateway.last('projections', 'rebuild', 'task_list')).toMatchObject({ state: 'running' }));
  expect(standby.asked).toEqual([]);
  const heir = recording();
  const stop = open(store).serve('projections', heir.serving);
  expect(await gateway.settled('projections', request, patience())).toMatchObject({ state: 'done' });
  expect(heir.asked).toEqual(['rebuild task_list']);
  await stop();
});

it('the same asked again while it runs is the same request, and afterwards a new one', async () => {
  const requests = open();
  const one = await requests.ask('task_mail', 'release', 'task-1');
  expect(await requests.ask('task_mail', 'release', 'task-1')).toEqual(one);
  expect((await requests.ask('task_mail', 'discard', 'task-1')).id).not.toBe(one.id);
  const stop = requests.serve('task_mail', recording().serving);
  await requests.settled('task_mail', one, patience());
  expect((await requests.ask('task_mail', 'release', 'task-1')).id).not.toBe(one.id);
  await stop();
});

it('of many who ask at once all are answered with one request', async () => {
  const store = inMemoryStore();
  const all = await Promise.all(Array.from({ length: 8 }, () => open(store).ask('task_mail', 'release', 'task-1')));
  expect(new Set(all.map(({ id }: RequestState) => id)).size).toBe(1);
});

it('tells how far it is, and why it failed', async () => {
  const requests = open();
  const { promise, reject } = Promise.withResolvers<Record<string, unknown>>();
  const stop = requests.serve('projections', {
    active: () => true,
    carryOut: (_action, _subject, report) => {
      report({ events: 3 });
      report({ events: 4 });
      return promise;
    },
  });
  const request = await requests.ask('projections', 'rebuild', 'task_list');
  await vi.waitFor(async () => expect(await requests.last('projections', 'rebuild', 'task_list')).toMatchObject({ report: { events: 4 } }));
  reject(new Error('the store is damaged'));
  expect(await requests.settled('projections', request, patience())).toMatchObject({ state: 'failed', error: 'the store is damaged' });
  await stop();
});

it('however much is reported of a request that takes hours, and however many are asked for, none that waits is forgotten', async () => {
  const store = inMemoryStore();
  const [gateway, projections] = [open(store), openRequests({ store, log, every: 5, beat: 1 })];
  const waiting = await gateway.ask('projections', 'rebuild', 'first');
  for (let n = 0; n < 220; n++) await gateway.ask('projections', 'rebuild', `model ${n}`);
  let finish = () => {};
  const stop = projections.serve('projections', {
    active: () => true,
    carryOut: async (_action, subject, report) => {
      if (subject !== 'first') return {};
      for (let events = 0; events < 400; events++) {
        report({ events });
        await delay(1);
      }
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return {};
    },
  });
  await vi.waitFor(async () => expect(await gateway.last('projections', 'rebuild', 'first')).toMatchObject({ report: { events: 399 } }), 20_000);
  await vi.waitFor(async () => expect(await gateway.last('projections', 'rebuild', 'model 219')).toMatchObject({ state: 'done' }), 20_000);
  expect(await gateway.last('projections', 'rebuild', 'first')).toMatchObject({ id: waiting.id, state: 'running' });
  finish();
  expect(await gateway.settled('projections', waiting, patience())).toMatchObject({ state: 'done' });
  await stop();
});

it('a request that is carried out gives a sign of life, also where there is nothing to report', async () => {
  const store = inMemoryStore();
  const [gateway, policy] = [open(store), openRequests({ store, log, every: 5, beat: 5 })];
  let finish = () => {};
  const carryOut = () =>
    new Promise<Record<string, unknown>>((resolve) => {
      finish = () => resolve({});
    });
  const stop = policy.serve('task_mail', { active: () => true, carryOut });
  const request = await gateway.ask('task_mail', 'release', 'task-1');
  await vi.waitFor(async () => expect((await gateway.last('task_mail', 'release', 'task-1'))?.beat).toBeGreaterThan(2), 20_000);
  finish();
  expect(await gateway.settled('task_mail', request, patience())).toMatchObject({ state: 'done' });
  await stop();
});
