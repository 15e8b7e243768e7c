/** The tests of generations, checkpoints and waiting, which every store of read models passes. */
import { describe, expect, test } from 'vitest';
import { at, document, MODEL, OTHER } from './model.fixture.ts';
import { NoSuchGeneration, type ReadModels, type Stored } from './read-models.ts';

const ALL = { where: [], sort: [], limit: 10 };
/** Milliseconds that a wait is given that ends at once: no test lasts as long. */
const LONG = 30_000;

export function describeGenerations(store: () => ReadModels): void {
  /** Makes a generation with one document, that queries read. */
  async function current(n: number): Promise<number> {
    const generation = await store().begin(MODEL);
    await store().write(MODEL, generation, [document('a', n)], { position: at(n), eventId: `e${n}` });
    await store().update(MODEL, { generation });
    return generation;
  }

  /** The documents of a generation; undefined when it is gone. */
  async function findOrGone(generation: number): Promise<Stored[] | undefined> {
    try {
      return await store().find(MODEL, generation, ALL);
    } catch (error) {
      if (error instanceof NoSuchGeneration) return undefined;
      throw error;
    }
  }

  describe('generations', () => {
    test('a model that was never made has no state', async () => {
      expect(await store().state(MODEL)).toBeNull();
      expect(await store().state(MODEL, 1)).toBeNull();
    });

    test('one under construction has a state of its own, and queries do not read it yet', async () => {
      const generation = await store().begin({ ...MODEL, version: 7 });
      expect(await store().state(MODEL)).toBeNull();
      expect(await store().state(MODEL, generation)).toMatchObject({ generation, version: 7, checkpoint: { position: '', eventId: '' }, parked: 0 });
    });

    test('moving the pointer shows the new documents and drops the old ones', async () => {
      const old = await current(1);
      const next = await store().begin({ ...MODEL, version: 2 });
      await store().write(MODEL, next, [document('a', 5)], { position: at(5), eventId: 'e5' });
      expect(await store().state(MODEL)).toMatchObject({ generation: old, version: 1, checkpoint: { position: at(1), eventId: 'e1' } });
      expect(await store().find(MODEL, old, ALL)).toEqual([document('a', 1)]);

      await store().update(MODEL, { generation: next });
      expect(await store().state(MODEL)).toMatchObject({ generation: next, version: 2, checkpoint: { position: at(5), eventId: 'e5' } });
      expect(await store().find(MODEL, next, ALL)).toEqual([document('a', 5)]);
      expect(await store().state(MODEL, old)).toBeNull();
    });

    test('whatever names a generation that is not there hears so', async () => {
      const old = await current(1);
      await current(2);
      const { position, eventId } = { position: at(3), eventId: 'e3' };
      await expect(store().get(MODEL, old, ['a'])).rejects.toThrow(NoSuchGeneration);
      await expect(store().find(MODEL, old, ALL)).rejects.toThrow(NoSuchGeneration);
      await expect(store().write(MODEL, old, [document('a', 3)], { position, eventId })).rejects.toThrow(NoSuchGeneration);
      await expect(store().update(MODEL, { generation: 99 })).rejects.toThrow(NoSuchGeneration);
    });

    test('beginning drops what was abandoned, keeps what queries read, and gives no number twice', async () => {
      const read = await current(1);
      const abandoned = await store().begin(MODEL);
      const next = await store().begin(MODEL);
      expect(new Set([read, abandoned, next]).size).toBe(3);
      expect(await store().state(MODEL, abandoned)).toBeNull();
      expect(await store().find(MODEL, read, ALL)).toEqual([document('a', 1)]);
      expect(await store().find(MODEL, next, ALL)).toEqual([]);
    });

    test('a model whose name looks like a generation of another is left alone by it', async () => {
      const other = await store().begin(OTHER);
      await store().write(OTHER, other, [document('a', 1)], { position: at(1), eventId: 'e1' });
      await store().update(OTHER, { generation: other });
      await current(1);
      await current(2);
      expect(await store().find(OTHER, other, ALL)).toEqual([document('a', 1)]);
    });

    test('names that are not identifiers are refused', async () => {
      const wrong = [
        { ...MODEL, name: 'a"b' },
        { ...MODEL, name: '' },
        { ...MODEL, fields: { 'a.b': 'text' as const }, indexes: [] },
        { ...MODEL, fields: { $where: 'text' as const }, indexes: [] },
        { ...MODEL, indexes: [['undeclared']] },
      ];
      for (const model of wrong) await expect(store().begin(model)).rejects.toThrow(TypeError);
    });

    test('who reads while pointers move gets one generation whole, or hears that it is gone', async () => {
      const ids = ['a', 'b', 'c'];
      const fill = async (n: number) => {
        const generation = await store().begin(MODEL);
        const documents = ids.map((id) => document(id, n));
        await store().write(MODEL, generation, documents, { position: at(n), eventId: `e${n}` });
        await store().update(MODEL, { generation });
      };
      await fill(1);
      let moving = true;
      const reader = (async () => {
        let reads = 0;
        while (moving || reads === 0) {
          const state = await store().state(MODEL);
          const found = await findOrGone(state?.generation ?? 0);
          if (!found) continue;
          expect(found.map(({ position }) => position)).toEqual(ids.map(() => state?.checkpoint.position));
          reads++;
        }
      })();
      for (let n = 2; n <= 10; n++) await fill(n);
      moving = false;
      await reader;
    });
  });

  describe('state', () => {
    test('is never ahead of the documents', async () => {
      const generation = await current(1);
      let writing = true;
      const reader = (async () => {
        while (writing) {
          const state = await store().state(MODEL);
          const found = await store().get(MODEL, generation, ['a', 'b']);
          for (const { position } of found) expect(position >= (state?.checkpoint.position ?? '')).toBe(true);
        }
      })();
      for (let n = 2; n <= 50; n++) {
        await store().write(MODEL, generation, [document('a', n), document('b', n)], { position: at(n), eventId: `e${n}` });
      }
      writing = false;
      await reader;
    });

    test('cache generation and parked streams are kept whatever the pointer does', async () => {
      await current(1);
      const before = (await store().state(MODEL))?.cacheGeneration ?? 0;
      await store().update(MODEL, { cacheGeneration: before + 1, parked: 3 });
      await current(2);
      expect(await store().state(MODEL)).toMatchObject({ cacheGeneration: before + 1, parked: 3, checkpoint: { position: at(2) } });
      await store().update(MODEL, { parked: 0 });
      expect(await store().state(MODEL)).toMatchObject({ cacheGeneration: before + 1, parked: 0 });
    });
  });

  describe('reached', () => {
    test('is true at once for a position that was passed', async () => {
      await current(5);
      expect(await store().reached(MODEL, at(5), LONG)).toBe(true);
      expect(await store().reached(MODEL, at(4), 0)).toBe(true);
    });

    test('is true as soon as a write comes to the position, and not before', async () => {
      const generation = await current(1);
      let told = false;
      const reached = store().reached(MODEL, at(3), LONG);
      void reached.then(() => {
        told = true;
      });
      await store().write(MODEL, generation, [], { position: at(2), eventId: 'e2' });
      await store().state(MODEL);
      expect(told).toBe(false);
      await store().write(MODEL, generation, [], { position: at(4), eventId: 'e4' });
      expect(await reached).toBe(true);
    });

    test('is false when it takes too long, or there is no such model', async () => {
      await current(1);
      expect(await store().reached(MODEL, at(2), 5)).toBe(false);
      expect(await store().reached(OTHER, at(1), 5)).toBe(false);
    });

    test('follows the pointer: what is under construction does not count until queries read it', async () => {
      await current(1);
      const next = await store().begin(MODEL);
      let told = false;
      const reached = store().reached(MODEL, at(9), LONG);
      void reached.then(() => {
        told = true;
      });
      await store().write(MODEL, next, [], { position: at(9), eventId: 'e9' });
      await store().state(MODEL);
      expect(told).toBe(false);
      await store().update(MODEL, { generation: next });
      expect(await reached).toBe(true);
    });

    test('lets go of who waits when the store closes', async () => {
      await current(1);
      const reached = store().reached(MODEL, at(9), LONG);
      // The wait has begun once a question asked after it is answered.
      await store().state(MODEL);
      await store().close();
      await expect(reached).resolves.toBe(false);
    });
  });
}
