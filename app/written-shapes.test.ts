import { beforeEach, expect, it } from 'vitest';
import { NO_STREAM } from '../contracts/message.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { inMemoryStore, newEvent } from '../platform/event-store/in-memory.fixture.ts';
import { notingShapes } from '../platform/event-store/shapes.ts';
import { UserError } from '../platform/user-error.ts';
import { askForShapes } from './written-shapes.ts';

let store: EventStore;
beforeEach(() => {
  store = notingShapes(inMemoryStore());
});

const append = (n: number, type: string) =>
  store.append(`task-00000000-0000-4000-8000-00000000000${n}`, NO_STREAM, [{ ...newEvent('TaskEdited'), type }]);

/** Asks as a start on this store does; answers what it said and how its metric is read. */
async function asked(url: string, allowed = false) {
  const said: object[] = [];
  let read: () => Promise<Record<string, number>> | Record<string, number> = () => ({});
  const log = { info: () => {}, error: (...line: [object, string?]) => void said.push(line[0]) };
  const gauge = (_: string, __: string, it: typeof read) => {
    read = it;
  };
  await askForShapes(store, { config: { EVENT_STORE_URL: url, DATA_DIR: '/data', ALLOW_OLDER: allowed }, log: log as never, metrics: { gauge } });
  return { said, metric: async () => (await read()).all };
}

it('an embedded store that a newer release wrote into is refused by name, unless that is allowed', async () => {
  await append(1, 'TaskEdited');
  expect(await (await asked('sqlite:')).metric()).toBe(0);
  await append(2, 'TaskPinned');
  const refusal = await asked('sqlite:').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(UserError);
  expect((refusal as Error).message).toMatch(/\/data .*TaskPinned \(shape 1\).*ALLOW_OLDER=1/);
  expect(await (await asked('sqlite:', true)).metric()).toBe(1);
});

it('on servers it is a metric and one line, also where it is written later', async () => {
  const { said, metric } = await asked('esdb://localhost:2113');
  expect([await metric(), said]).toEqual([0, []]);
  await append(1, 'TaskPinned');
  for (let times = 0; times < 2; times++) expect(await metric()).toBe(1);
  expect(said).toEqual([{ unknown: [{ type: 'TaskPinned', schema: 1 }] }]);
  expect((await asked('esdb://localhost:2113')).said).toHaveLength(1);
});
