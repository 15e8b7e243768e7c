import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { catalog, exampleEvent } from '../../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent, START } from '../../contracts/message.ts';
import { personalFieldsIn } from '../../contracts/personal.ts';
import { boxesIn, SEALED, type SealedBox } from '../../contracts/sealed.ts';
import { varied } from '../../system/varied-data.fixture.ts';
import { startDouble } from '../event-store/double/double.ts';
import { all, describeEventStore } from '../event-store/event-store.suite.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { openEventStore } from '../event-store/open.ts';
import { countAfter } from '../followers/count-after.ts';
import { stableId } from '../stable-id.ts';
import { valueAt } from './field-paths.ts';
import { openSealed, openWhenLookedAt } from './open-events.ts';
import { hmacForTests as hmac, type KeysInMemory, keysInMemory } from './person-keys.fixture.ts';
import type { PersonKeys } from './person-keys.ts';
import { addressReference, userReference } from './person-reference.ts';
import { sealedStore } from './sealed-store.ts';

const log = { error: () => {} };
const contracts = catalog.flatMap(({ events }) => Object.entries(events).map(([type, { schema }]) => ({ type, schema: schema as z.ZodType })));
const personal = contracts.filter(({ schema }) => personalFieldsIn(schema).length > 0);
const IDS = ['0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', '1c9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09'];

let keys: KeysInMemory;
let raw: EventStore;
let store: EventStore;
beforeEach(() => {
  keys = keysInMemory();
  raw = inMemoryStore();
  store = sealedStore(raw, { keys, hmac });
});

let counter = 0;
/** Appends to a new stream of the type's category; answers the event as it was given, and the stream's events as both sides have them. */
async function through(type: string, data: unknown, more: Partial<NewEvent['metadata']> = {}) {
  const example = exampleEvent(type);
  const stream = `${example.stream.slice(0, example.stream.indexOf('-'))}-${stableId('sealed', String(++counter))}`;
  const event: NewEvent = { id: stableId(stream), type, data, metadata: { ...example.metadata, ...more } };
  await store.append(stream, NO_STREAM, [event]);
  const [opened] = await all(store.readStream(stream));
  const [sealed] = await all(raw.readStream(stream));
  if (!opened || !sealed) throw new Error('nothing was appended');
  return { stream, event, opened, sealed };
}

const without = ({ id, type, data, metadata }: NewEvent) => ({ id, type, data, metadata });
const textsOf = (value: unknown): string[] => (typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(textsOf));

describe('an event that was sealed and opened', () => {
  it.each(contracts)('is the same: $type', async ({ type }) => {
    const { event, opened } = await through(type, exampleEvent(type).data);
    expect(without(opened)).toEqual(event);
  });

  it.each(contracts)('is the same, whatever its contract allows: $type', async ({ type, schema }) => {
    await fc.assert(
      fc.asyncProperty(varied(schema, exampleEvent(type).data, IDS), fc.constantFrom(...IDS, 'system', 'policy:notify'), async (data, actor) => {
        const { event, opened } = await through(type, data, { actor });
        expect(without(opened)).toEqual(event);
      }),
      { numRuns: 25 },
    );
  });

  it.each(personal)('is kept without its personal texts, in a shape that no older release takes for its own: $type', async ({ type, schema }) => {
    const { event, sealed } = await through(type, exampleEvent(type).data);
    const texts = personalFieldsIn(schema).flatMap(({ path }) => textsOf(valueAt(event.data, path)));
    expect(texts.filter((text) => JSON.stringify(sealed).includes(text))).toEqual([]);
    expect(sealed.metadata.schema).toBe(texts.length > 0 ? event.metadata.schema + 1_000 : event.metadata.schema);
  });

  it('is the same in each way of reading, and the others stay as they are', async () => {
    const { event, stream } = await through('TaskCreated', exampleEvent('TaskCreated').data);
    const confirmed = await through('UserConfirmed', {});
    expect(boxesIn(confirmed.sealed.data)).toBeUndefined();
    const types = new Set(['TaskCreated']);
    const aborting = new AbortController();
    const subscribed: RecordedEvent[] = [];
    for await (const page of store.subscribe({ signal: aborting.signal })) {
      subscribed.push(...page);
      if (subscribed.length >= 2) aborting.abort();
    }
    const ways = [
      await all(store.readAll()),
      await all(store.readAll({ direction: 'backwards' })),
      await all(store.readAll({ lean: true, types })),
      await all(store.readStream(stream)),
      subscribed,
    ];
    for (const found of ways) expect(found.filter(({ type }) => type === 'TaskCreated').map(without)).toEqual([event]);
    const [lean] = await all(store.readAll({ lean: true, types: new Set(['TaskDone']) }));
    expect(boxesIn(lean?.data)).toHaveLength(1);
  });

  it('of a lean read is opened when its data is looked at, once, and not before', async () => {
    const { event, sealed } = await through('TaskCommented', { text: 'Ann’s words' });
    let taken = 0;
    const counting: Pick<PersonKeys, 'toOpen'> = {
      toOpen: async (wanted) => {
        const found = new Map(await keys.toOpen(wanted));
        const get = found.get.bind(found);
        found.get = (name) => {
          taken++;
          return get(name);
        };
        return found;
      },
    };
    const [lean] = await openWhenLookedAt([sealed], { keys: counting, types: new Set(['TaskCommented']) });
    expect(lean?.metadata).toEqual(event.metadata);
    expect(taken).toBe(0);
    expect([lean?.data, lean?.data]).toEqual([event.data, event.data]);
    expect(taken).toBe(1);
  });

  it('counts for how far a follower is behind without being opened', async () => {
    const example = personal[0]?.type ?? '';
    for (let n = 0; n < 3; n++) await through(example, exampleEvent(example).data);
    const asked = vi.spyOn(keys, 'toOpen').mockClear();
    expect(await countAfter(sealedStore(raw, { keys, hmac }), START, 1_000)).toBe(3);
    expect(asked).not.toHaveBeenCalled();
  });

  it('is read where it is clear, as an older release wrote it', async () => {
    const { data, metadata } = exampleEvent('TaskCreated');
    const event = { id: stableId('clear'), type: 'TaskCreated', data, metadata };
    await raw.append(`task-${IDS[0]}`, NO_STREAM, [event]);
    expect((await all(store.readAll())).map(without)).toEqual([event]);
  });
});

describe('a box', () => {
  const open = async (event: RecordedEvent) => (await openSealed([event], keys))[0]?.data;
  const withBox = (event: RecordedEvent, change: (box: SealedBox) => SealedBox): RecordedEvent => ({
    ...event,
    data: { ...(event.data as object), [SEALED]: boxesIn(event.data)?.map(change) },
  });

  it('is refused with any bit changed', async () => {
    const { sealed } = await through('TaskCommented', { text: 'Ann’s words' });
    const bytes = Buffer.from(boxesIn(sealed.data)?.[0]?.box ?? '', 'base64url');
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        await expect(open(withBox(sealed, (box) => ({ ...box, box: changed.toString('base64url') })))).rejects.toThrow('does not open');
      }),
    );
  });

  it('is refused in another event, under another name of a field, and as another person’s', async () => {
    const { sealed } = await through('TaskCommented', { text: 'Ann’s words' });
    const { sealed: other } = await through('TaskCommented', { text: 'More of Ann’s words' });
    await expect(open({ ...sealed, id: other.id })).rejects.toThrow('does not open');
    await expect(open({ ...sealed, data: other.data })).rejects.toThrow('does not open');
    await expect(open(withBox(sealed, (box) => ({ ...box, fields: ['title'] })))).rejects.toThrow('does not open');
    const { sealed: bobs } = await through('TaskCommented', { text: 'Bob’s words' }, { actor: IDS[1] ?? '' });
    const [of] = boxesIn(bobs.data) ?? [];
    await expect(open(withBox(sealed, (box) => ({ ...box, of: of?.of ?? '' })))).rejects.toThrow('does not open');
  });
});

describe('an event of a person whose key is not there', () => {
  const ann = userReference(IDS[0] ?? '');

  it.each(personal)('reads as erased where the key was destroyed, and is still what its contract says: $type', async ({ type, schema }) => {
    const { event, stream, sealed } = await through(type, exampleEvent(type).data);
    await keys.destroy(boxesIn(sealed.data)?.map(({ of }) => of) ?? [], '');
    const [opened] = await all(store.readStream(stream));
    expect(schema.safeParse(opened?.data).error).toBeUndefined();
    for (const { path, erased } of personalFieldsIn(schema))
      expect(valueAt(opened?.data, path)).toEqual(valueAt(event.data, path) === undefined ? undefined : erased);
  });

  it('is written as erased at once where they were erased before', async () => {
    await keys.destroy([ann], '');
    const { sealed, opened } = await through('TaskCommented', { text: 'too late' }, { actor: IDS[0] ?? '' });
    expect(sealed.data).toEqual({ [SEALED]: [{ of: ann, generation: 0, fields: ['text'] }] });
    expect(opened.data).toEqual({ text: '[erased]' });
  });

  it('cannot be looked at where the key is missing, and the events of others are read all the same', async () => {
    await through('TaskCommented', { text: 'Ann’s' }, { actor: IDS[0] ?? '' });
    await through('TaskCommented', { text: 'Bob’s' }, { actor: IDS[1] ?? '' });
    keys.lose(ann);
    const [hers, his] = await all(store.readAll());
    expect(() => hers?.data).toThrow(`of ${ann} is not in the secrets`);
    expect(his?.data).toEqual({ text: 'Bob’s' });
    expect(hers?.type).toBe('TaskCommented');
  });

  it('keeps the fields of another person in the same event', async () => {
    const changed = await through('EmailChanged', { email: 'new@example.org', previous: 'old@example.org', by: 'mailbox' });
    expect(boxesIn(changed.sealed.data)).toHaveLength(1);
    const placed = await through('OrderPlaced', { ...(exampleEvent('OrderPlaced').data as object), note: 'ring twice', email: 'ann@example.org' });
    const boxes = boxesIn(placed.sealed.data) ?? [];
    expect(boxes.map(({ of }) => of)).toContain(addressReference('ann@example.org', hmac));
    await keys.destroy([addressReference('ann@example.org', hmac)], '');
    const [opened] = await all(store.readStream(placed.stream));
    expect(opened?.data).toMatchObject({ note: 'ring twice', email: 'erased@erased.invalid' });
  });
});

describe('a snapshot', () => {
  const { metadata } = exampleEvent('TaskCreated');
  const stream = `_snapshot-task-${IDS[0]}`;
  const snapshot = { id: stableId('snapshot'), type: 'Snapshot', data: { state: { title: 'Water the plants' } }, metadata };

  it('is sealed as a whole, and opens', async () => {
    await store.append(stream, NO_STREAM, [snapshot]);
    expect(JSON.stringify(await all(raw.readStream(stream)))).not.toContain('Water');
    expect((await all(store.readStream(stream))).map(without)).toEqual([snapshot]);
  });

  it('is not kept in the middle of an erasure, and is kept again after it', async () => {
    await keys.rotateSnapshots({ person: '', at: '' }, true);
    await store.append(stream, NO_STREAM, [snapshot]);
    expect(JSON.stringify(await all(raw.readStream(stream)))).not.toContain('Water');
    expect(await all(store.readStream(stream))).toEqual([]);
    await keys.free([]);
    await store.append(stream, 0, [{ ...snapshot, id: stableId('after') }]);
    expect(await all(store.readStream(stream))).toHaveLength(1);
  });

  it('counts as absent once their key was renewed, and where it is clear or changed', async () => {
    await store.append(stream, NO_STREAM, [snapshot]);
    await keys.rotateSnapshots({ person: '', at: '' });
    expect(await all(store.readStream(stream))).toEqual([]);
    await raw.append(stream, 0, [{ ...snapshot, id: stableId('clear') }]);
    expect(await all(store.readStream(stream))).toEqual([]);
    await store.append(stream, 1, [snapshot]);
    expect(await all(store.readStream(stream))).toHaveLength(1);
  });
});

/** A folder, with a search of the files in it. */
function aFolder() {
  const dataDir = mkdtempSync(join(tmpdir(), 'sealed-'));
  const holds = (text: string) => readdirSync(dataDir).filter((name) => readFileSync(join(dataDir, name)).includes(text));
  return { dataDir, holds, remove: () => rmSync(dataDir, { recursive: true }) };
}

describeEventStore('esdb: on the double, behind its edge', async () => {
  const { dataDir, remove } = aFolder();
  const double = await startDouble({ folder: dataDir });
  const open = async () => sealedStore(await openEventStore(double.url, { dataDir: '', log }), { keys, hmac });
  let opened = await open();
  return {
    store: opened,
    reopen: async () => {
      await opened.close();
      opened = await open();
      return opened;
    },
    cleanup: async () => {
      await opened.close();
      await double.stop();
      remove();
    },
  };
});

describeEventStore('sqlite: behind its edge', async () => {
  const { dataDir, remove } = aFolder();
  const open = async () => sealedStore(await openEventStore('sqlite:', { dataDir, log }), { keys, hmac });
  let opened = await open();
  return {
    store: opened,
    reopen: async () => {
      await opened.close();
      opened = await open();
      return opened;
    },
    cleanup: async () => {
      await opened.close();
      remove();
    },
  };
});

it('an embedded log holds no personal text in any of its files', async () => {
  const { dataDir, holds, remove } = aFolder();
  raw = await openEventStore('sqlite:', { dataDir, log });
  store = sealedStore(raw, { keys, hmac });
  await through('TaskCommented', { text: 'the words of Ann' });
  await through('UserConfirmed', {});
  await store.close();
  expect(holds('UserConfirmed')).toEqual(['events.db']);
  expect(holds('the words of Ann')).toEqual([]);
  remove();
});

it('the double of EventStoreDB holds no personal text in any of its files', async () => {
  const { dataDir, holds, remove } = aFolder();
  const double = await startDouble({ folder: dataDir });
  raw = await openEventStore(double.url, { dataDir: '', log });
  store = sealedStore(raw, { keys, hmac });
  const { opened } = await through('TaskCommented', { text: 'the words of Ann' });
  expect(opened.data).toEqual({ text: 'the words of Ann' });
  await store.close();
  await double.stop();
  expect(holds('TaskCommented').length).toBeGreaterThan(0);
  expect(holds('the words of Ann')).toEqual([]);
  remove();
});
