import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RecordedEvent } from '../../contracts/message.ts';
import { openMemoryBus } from '../event-bus/memory/memory.ts';
import { EXAMPLE_QUEUES, TASK_EVENTS } from '../event-bus/queues.fixture.ts';
import { AppendUnknown, type EventStore, StoreUnavailable } from '../event-store/event-store.ts';
import { fill, inMemoryStore, logOf } from '../event-store/in-memory.fixture.ts';
import type { Follower } from './follow.ts';
import { followWithEffects } from './follow-with-effects.ts';
import { openParking, type Parking } from './parking.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const nameOf = ({ stream, revision }: RecordedEvent) => `${stream}@${revision}`;
const followers: Follower[] = [];

afterEach(async () => {
  for (const one of followers.splice(0)) await one.stop();
});

/** A policy that lists its `effects`. Events named in `poison` make its pure function throw. */
async function policy(store: EventStore, poison: Set<string>) {
  const effects: string[] = [];
  // With an event in the log one can see when the follower has begun.
  if ((await store.head()) === '') await fill(store, ['user-1']);
  const parking = await openParking(store, 'mail');
  const decide = (event: RecordedEvent) => {
    if (poison.has(nameOf(event))) throw new Error(`${nameOf(event)} is poison`);
    return nameOf(event);
  };
  const handle = async (event: RecordedEvent) => void effects.push(decide(event));
  const follower = await followWithEffects(
    {
      name: 'mail',
      queue: TASK_EVENTS,
      batch: 5,
      wants: () => true,
      apply: async (events) => {
        for (const { result } of await parking.applyOrPark(events, decide)) effects.push(result);
      },
    },
    { store, bus: openMemoryBus({ queues: EXAMPLE_QUEUES, log }), log, silence: 5, backoff: 1 },
  );
  followers.push(follower);
  const caughtUp = () => vi.waitFor(async () => expect(follower.position()).toBe(await store.head()));
  await caughtUp();
  return { effects, parking, handle, follower, caughtUp };
}

const parkedStreams = (parking: Parking) => parking.list().map(({ stream, revision }) => `${stream}@${revision}`);

describe('parking', () => {
  it('invariant 10: a poison event parks its stream only; later events of it wait, all others go on', async () => {
    const store = inMemoryStore();
    const { effects, parking, caughtUp } = await policy(store, new Set(['task-1@1']));
    await fill(store, ['task-1', 'task-2', 'task-1', 'task-2', 'task-1', 'task-3']);
    await caughtUp();
    expect(effects).toEqual(['task-1@0', 'task-2@0', 'task-2@1', 'task-3@0']);
    expect(parking.isParked('task-1')).toBe(true);
    const poison = (await logOf(store)).find((event) => nameOf(event) === 'task-1@1');
    expect(parking.list()).toEqual([
      {
        stream: 'task-1',
        revision: 1,
        position: poison?.position,
        eventId: poison?.id,
        type: poison?.type,
        error: 'task-1@1 is poison',
        time: expect.any(String),
      },
    ]);
  });

  it('invariant 10: the record is written before the checkpoint', async () => {
    const store = inMemoryStore();
    const appended = vi.spyOn(store, 'append');
    const { caughtUp, follower } = await policy(store, new Set(['task-1@0']));
    appended.mockClear();
    await fill(store, ['task-1']);
    await caughtUp();
    await follower.stop();
    expect(appended.mock.calls.map(([stream]) => stream)).toEqual(['task-1', '_parked-mail', '_checkpoint-mail']);
  });

  it('invariant 10: releasing works the stream off in order, after a restart too', async () => {
    const store = inMemoryStore();
    const poison = new Set(['task-1@1']);
    const before = await policy(store, poison);
    await fill(store, ['task-1', 'task-1', 'task-1']);
    await before.caughtUp();
    await before.follower.stop();
    const { effects, parking, handle, caughtUp } = await policy(store, poison);
    expect(parkedStreams(parking)).toEqual(['task-1@1']);
    await fill(store, ['task-1', 'task-2']);
    await caughtUp();
    expect(effects).toEqual(['task-2@0']);
    await expect(parking.release('task-1', handle)).rejects.toThrow('task-1@1 is poison');
    expect(parking.isParked('task-1')).toBe(true);
    poison.clear();
    expect(await parking.release('task-1', handle)).toBe(true);
    expect(effects).toEqual(['task-2@0', 'task-1@1', 'task-1@2', 'task-1@3']);
    expect(await parking.release('task-1', handle)).toBe(false);
    await fill(store, ['task-1']);
    await caughtUp();
    expect(effects.at(-1)).toBe('task-1@4');
    expect((await openParking(store, 'mail')).list()).toEqual([]);
  });

  it('invariant 10: an event that comes while the stream is worked off is not lost, and not before the others', async () => {
    const store = inMemoryStore();
    const poison = new Set(['task-1@0']);
    const { effects, parking, handle, caughtUp } = await policy(store, poison);
    await fill(store, ['task-1', 'task-1']);
    await caughtUp();
    poison.clear();
    let late = 0;
    await parking.release('task-1', async (event) => {
      await handle(event);
      // The follower skips these while the release is under way.
      if (late++ > 2) return;
      await fill(store, ['task-1']);
      await caughtUp();
    });
    await fill(store, ['task-1']);
    await caughtUp();
    expect(effects).toEqual([0, 1, 2, 3, 4, 5].map((revision) => `task-1@${revision}`));
  });

  describe('of which the record of a release fails', () => {
    /** The store, which fails once to append a release: before or after it is recorded. */
    function failing(store: EventStore, how: 'before' | 'after'): EventStore {
      let failed = false;
      const append: EventStore['append'] = async (...args) => {
        const fails = !failed && args[2][0]?.type === 'StreamReleased';
        failed ||= fails;
        if (fails && how === 'before') throw new StoreUnavailable('it is away');
        const appended = await store.append(...args);
        if (fails) throw new AppendUnknown('it is away');
        return appended;
      };
      return { ...store, append };
    }

    async function released(how: 'before' | 'after') {
      const store = failing(inMemoryStore(), how);
      const poison = new Set(['task-1@0']);
      const mails = await policy(store, poison);
      await fill(store, ['task-1', 'task-1']);
      await mails.caughtUp();
      poison.clear();
      await expect(mails.parking.release('task-1', mails.handle)).rejects.toThrow('it is away');
      return { store, poison, ...mails };
    }

    it.each(['before', 'after'] as const)('goes on, and nothing of it is lost, whether it was recorded or not: %s', async (how) => {
      const { store, effects, parking, handle, caughtUp } = await released(how);
      await fill(store, ['task-1']);
      await caughtUp();
      expect(new Set(effects)).toEqual(new Set(['task-1@0', 'task-1@1', 'task-1@2']));
      // Whoever is told to release it again does so.
      expect(await parking.release('task-1', handle)).toBe(true);
      expect((await openParking(store, 'mail')).list()).toEqual([]);
    });

    it.each(['before', 'after'] as const)('is parked at what cannot be digested then: %s', async (how) => {
      const { store, poison, effects, parking, handle, caughtUp } = await released(how);
      poison.add('task-1@2');
      await fill(store, ['task-1', 'task-1']);
      await caughtUp();
      expect(effects).toEqual(['task-1@0', 'task-1@1']);
      expect(parkedStreams(await openParking(store, 'mail'))).toEqual(['task-1@2']);
      poison.clear();
      expect(await parking.release('task-1', handle)).toBe(true);
      expect(effects).toEqual(['task-1@0', 'task-1@1', 'task-1@2', 'task-1@3']);
    });
  });

  it('where the release fails again, the stream waits there', async () => {
    const store = inMemoryStore();
    const poison = new Set(['task-1@0', 'task-1@2']);
    const { effects, parking, handle, caughtUp } = await policy(store, poison);
    await fill(store, ['task-1', 'task-1', 'task-1', 'task-1']);
    await caughtUp();
    poison.delete('task-1@0');
    await expect(parking.release('task-1', handle)).rejects.toThrow('task-1@2 is poison');
    expect(parkedStreams(parking)).toEqual(['task-1@2']);
    expect(parkedStreams(await openParking(store, 'mail'))).toEqual(['task-1@2']);
    expect(await parking.release('task-1', handle, true)).toBe(true);
    expect(effects).toEqual(['task-1@0', 'task-1@1', 'task-1@3']);
  });

  it('an event before the parked one is not held back when it comes again', async () => {
    const store = inMemoryStore();
    const events = await fill(store, ['task-1', 'task-1', 'task-1']);
    const parking = await openParking(store, 'mail');
    await parking.park(events[1] as RecordedEvent, new Error('poison'));
    expect(events.map(parking.waits)).toEqual([false, true, true]);
  });

  it('two that park for one follower do not overwrite each other', async () => {
    const store = inMemoryStore();
    const events = await fill(store, ['task-1', 'task-2', 'task-3']);
    const [one, two] = await Promise.all([openParking(store, 'mail'), openParking(store, 'mail')]);
    await Promise.all(events.map((event, index) => (index % 2 ? one : two).park(event, 'poison')));
    expect(parkedStreams(await openParking(store, 'mail')).sort()).toEqual(['task-1@0', 'task-2@0', 'task-3@0']);
  });

  it('a rebuild clears what is parked, but for what it met again; nothing is left of what is over', async () => {
    const store = inMemoryStore();
    const events = await fill(store, ['task-1', 'task-2', 'task-3']);
    const parking = await openParking(store, 'list');
    for (const event of events) await parking.park(event, new Error('poison'));
    await parking.clear(['task-2']);
    expect(parkedStreams(parking)).toEqual(['task-2@0']);
    expect(parkedStreams(await openParking(store, 'list'))).toEqual(['task-2@0']);
    await parking.clear();
    let left = 0;
    for await (const page of store.readStream('_parked-list')) left += page.length;
    expect(left).toBe(1);
    expect((await openParking(store, 'list')).list()).toEqual([]);
  });
});
