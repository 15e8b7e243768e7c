/** Waiting for rebuilds that others carry out: as long as somebody does. */
import { expect, it, onTestFinished } from 'vitest';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { openRequests, type RequestState } from '../../platform/followers/requests.ts';
import { projectionNames } from '../../projections/status.ts';
import { rebuildAll } from './rebuild-all.ts';

const log = { warn: () => {} };
const signal = new AbortController().signal;
const [FIRST = ''] = projectionNames;
const rig = () => {
  const store = inMemoryStore();
  const open = () => openRequests({ store, log, every: 1, beat: 2 });
  return { requests: open(), other: open() };
};

it('one that had begun before is waited for, each is made anew by one that begins then, and how far it is, is told', async () => {
  const { requests, other } = rig();
  const before = await other.ask('projections', 'rebuild', FIRST);
  const gate = Promise.withResolvers<void>();
  const made: string[] = [];
  const told: string[] = [];
  onTestFinished(
    other.serve('projections', {
      active: () => true,
      carryOut: async (_action, name, report) => {
        if (made.length === 0) await gate.promise;
        report({ events: 7 });
        made.push(name);
        return { events: 8 };
      },
    }),
  );
  const all = rebuildAll({ requests, signal, tell: (how) => told.push(how), tellEvery: 1, aliveWithin: 1e6 });
  await expect.poll(() => told).toContain(`a rebuild of ${FIRST} that had begun before is waited for (1 of ${projectionNames.length})`);
  gate.resolve();
  expect(await all).toBe(projectionNames.length);
  expect(made).toEqual([before.subject, ...projectionNames]);
});

it('one whose process was killed is waited for no longer than that could go unseen, and the next try goes on', async () => {
  const { requests, other } = rig();
  const stopServing = other.serve('projections', { active: () => true, carryOut: () => new Promise(() => {}) });
  const asked = await requests.ask('projections', 'rebuild', FIRST);
  const isRunning = ({ state }: RequestState) => state === 'running';
  await requests.settled('projections', asked, signal, isRunning);
  // Its last sign of life is in the log; a killed process gives none.
  const silent = { ...requests, settled: async (_follower: string, request: RequestState) => ({ ...request, state: 'running' as const }) };
  await expect(rebuildAll({ requests: silent, signal, aliveWithin: 20, tellEvery: 1 })).rejects.toThrow(
    `nobody goes on with the rebuild of ${FIRST}`,
  );
  // Never ended: it stands still as a killed one does.
  void stopServing;
});

it('one that nobody takes up is named', async () => {
  const { requests } = rig();
  await expect(rebuildAll({ requests, signal, takenWithin: 5 })).rejects.toThrow(
    `no process of the part projections takes up the rebuild of ${FIRST}`,
  );
});
