import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { exampleEvent, UnknownEvent } from '../../contracts/catalog.ts';
import { type MediaEvent, mediaContract } from '../../contracts/media.ts';
import { NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { type EventStore, StreamGone } from '../../platform/event-store/event-store.ts';
import { openFolderFiles } from '../../platform/files/file/file.ts';
import { type Files, FilesUnavailable } from '../../platform/files/files.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { type ReadModels, ReadModelsUnavailable } from '../../platform/read-models/read-models.ts';
import { mediaFiles } from '../../projections/projectors/media.ts';
import { taskList } from '../../projections/projectors/task-list.ts';
import { commandsOn } from '../../system/commands.fixture.ts';
import { log, openRig, type Projected, type Rig } from '../../system/projections.fixture.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { eraseFilesOf } from './erase-files.ts';
import { openFoundTwice } from './found-twice.ts';
import { claimFiles, FilesOfAnother, takeOverFiles } from './marks.ts';
import { startRemover } from './remover.ts';
import { type SweepContext, type Swept, sweepMedia as sweepOnce } from './sweep.ts';
import { openUploadMarks } from './upload-marks.ts';
import { type Difference, differencesIn, type VerifyContext } from './verify.ts';

const DAY = 24 * 3_600_000;
const OF = mediaContract.events.MediaReceived.example.of;

let rig: Rig;
let projected: Projected;
let folder: string;
let files: Files;
let context: SweepContext & VerifyContext;
/** The time that the sweep finds, in milliseconds since 1970. */
let now: number;
/** The time that the process has run, in milliseconds. */
let run = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keep-'));
  rig = await openRig();
  projected = await rig.project({ projectors: [mediaFiles, taskList] });
  files = openFolderFiles(join(folder, 'files'));
  now = Date.now();
  context = {
    store: rig.store,
    files,
    commands: commandsOn(rig.store),
    readModels: projected.readModels,
    settings: { orphanDays: 7, keepOriginal: false },
    keepOriginal: false,
    clock: () => now,
    signal: new AbortController().signal,
    twice: openFoundTwice(() => run),
  };
});
afterEach(async () => {
  await rig.close();
  await rm(folder, { recursive: true, force: true });
});

type Event = { [T in MediaEvent['type']]: { type: T; data?: Partial<Extract<MediaEvent, { type: T }>['data']> } }[MediaEvent['type']];

/** Records events of a new file after its upload; resolves to its id. */
const recorded = (...events: Event[]) => recordedAs({ type: 'MediaReceived', data: { bytes: 5 } }, ...events);

/** Records events of a new file, the first of which is its upload; resolves to its id. */
async function recordedAs(...events: Event[]): Promise<string> {
  const id = randomUUID();
  await record(id, NO_STREAM, ...events);
  return id;
}

async function record(id: string, after: number, ...events: Event[]): Promise<void> {
  const all = events.map(({ type, data }) => {
    const { metadata } = exampleEvent(type);
    return { id: randomUUID(), type, data: { ...mediaContract.events[type].example, ...data }, metadata };
  });
  await rig.store.append(`media-${id}`, after, all);
}

/** Records examples of these events at the end of a stream. */
async function happened(stream: string, ...types: string[]): Promise<void> {
  let end = NO_STREAM;
  for await (const page of rig.store.readStream(stream)) end = page.at(-1)?.revision ?? end;
  await rig.store.append(
    stream,
    end,
    types.map((type) => {
      const { data, metadata } = exampleEvent(type);
      return { id: randomUUID(), type, data, metadata };
    }),
  );
}

async function put(...keys: string[]): Promise<void> {
  for (const key of keys) {
    await writeFile(join(folder, 'upload'), 'bytes');
    await files.put(key, { path: join(folder, 'upload'), bytes: 5, type: 'text/plain' });
  }
}

/** Sweeps twice, an hour of the process between; resolves to what the second has removed. */
async function sweepMedia(of: SweepContext): Promise<Swept> {
  await sweepOnce(of);
  run += 3_600_000;
  return sweepOnce(of);
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of files.list('')) found.push(key);
  return found.filter((key) => !key.startsWith('marks/'));
}

const stateOf = async (id: string) => (await context.commands.load<MediaState>(`media-${id}`)).state;

describe('the sweep', () => {
  it('removes bytes that no event names, once nobody can be about to record one', async () => {
    const id = await recorded();
    await put(`media/${id}/original`, `media/${randomUUID()}/original`);
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
    now += 2 * 3_600_000;
    expect(await sweepMedia(context)).toMatchObject({ bytes: 1 });
    expect(await keys()).toEqual([`media/${id}/original`]);
  });

  it('removes nothing that it did not find an hour ago, whatever the time of day says', async () => {
    const orphan = await recorded({ type: 'MediaReady' }, { type: 'MediaAttached' }, { type: 'MediaDetached' });
    const key = `media/${randomUUID()}/original`;
    await put(key, `media/${orphan}/original`, 'incoming/aaaa/upload');
    await projected.caughtUp();
    now += 10 * DAY;
    const nothing = { bytes: 0, orphans: 0 };
    expect(await sweepOnce(context)).toMatchObject(nothing);
    run += 58 * 60_000;
    expect(await sweepOnce(context)).toMatchObject(nothing);
    run += 2 * 60_000;
    await files.remove(key);
    await put(key);
    expect(await sweepOnce(context)).toMatchObject({ bytes: 1, orphans: 1 });
    expect(await keys()).toEqual([key]);
  });

  it('removes a picture as it came once its sizes are made, unless such are kept, and leaves files that are no pictures', async () => {
    const made = { type: 'MediaRendered', data: { size: 'full' } } as const;
    const [picture, document] = [await recorded(made, { type: 'MediaReady' }), await recorded({ type: 'MediaReady' })];
    // Its process was killed before it could say so, and its work is done anew.
    const unfinished = await recorded(made);
    const all = [picture, document, unfinished].map((id) => `media/${id}/original`);
    await put(...all, `media/${picture}/full`);
    await projected.caughtUp();
    now += 2 * 3_600_000;
    expect(await sweepMedia({ ...context, settings: { orphanDays: 7, keepOriginal: true } })).toMatchObject({ bytes: 0 });
    expect(await sweepMedia(context)).toMatchObject({ bytes: 1 });
    expect(await keys()).toEqual([...all.slice(1), `media/${picture}/full`].toSorted());
  });

  it('removes what was put after a file was deleted or refused', async () => {
    const [gone, refused] = [await recorded({ type: 'MediaDeleted' }), await recorded({ type: 'MediaRefused' })];
    await put(`media/${gone}/320`, `media/${refused}/original`);
    await projected.caughtUp();
    now += 2 * 3_600_000;
    expect(await sweepMedia(context)).toMatchObject({ bytes: 2 });
    expect(await keys()).toEqual([]);
  });

  it('leaves bytes of files that the read model has not heard of yet', async () => {
    const empty = await rig.readModels();
    const id = await recorded({ type: 'MediaReady' }, { type: 'MediaAttached' });
    await put(`media/${id}/original`);
    now += 2 * 3_600_000;
    expect(await sweepMedia({ ...context, readModels: empty })).toMatchObject({ bytes: 0 });
    expect(await keys()).toEqual([`media/${id}/original`]);
  });

  it('deletes files that belong to nothing for longer than they may, and no others', async () => {
    const detached = await recorded({ type: 'MediaReady' }, { type: 'MediaAttached' }, { type: 'MediaDetached' });
    const attached = await recorded({ type: 'MediaReady' }, { type: 'MediaAttached' });
    await happened(`task-${OF.id}`, 'TaskCreated');
    await put(`media/${detached}/original`, `media/${attached}/original`);
    await projected.caughtUp();
    now += 6 * DAY;
    expect(await sweepMedia(context)).toMatchObject({ orphans: 0 });
    now += 2 * DAY;
    expect(await sweepMedia(context)).toMatchObject({ orphans: 1 });
    expect([(await stateOf(detached)).status, (await stateOf(attached)).status]).toEqual(['deleted', 'attached']);
    expect(await keys()).toEqual([`media/${attached}/original`]);
  });

  it('deletes files whose thing was deleted for longer than that, or is gone, and leaves those of one that was put back', async () => {
    const things = [randomUUID(), randomUUID(), randomUUID()];
    const [deleted, restored, gone] = await Promise.all(
      things.map((id) => recorded({ type: 'MediaReady' }, { type: 'MediaAttached', data: { of: { kind: 'task', id } } })),
    );
    const [deletedTask, restoredTask] = things.map((id) => `task-${id}`);
    await happened(deletedTask ?? '', 'TaskCreated', 'TaskDeleted');
    await happened(restoredTask ?? '', 'TaskCreated', 'TaskDeleted');
    const statuses = async () => Promise.all([deleted, restored, gone].map(async (id) => (await stateOf(id ?? '')).status));
    await projected.caughtUp();
    now += 6 * DAY;
    expect(await sweepMedia(context)).toMatchObject({ orphans: 0 });
    now += 2 * DAY;
    // The first look finds all three; one is put back before the second.
    await sweepOnce(context);
    await happened(restoredTask ?? '', 'TaskRestored');
    run += 3_600_000;
    expect(await sweepOnce(context)).toMatchObject({ orphans: 2 });
    expect(await statuses()).toEqual(['deleted', 'attached', 'deleted']);
  });

  it('counts the time of a deletion, and not that of the file', async () => {
    const id = await recorded({ type: 'MediaReady' }, { type: 'MediaAttached' });
    await happened(`task-${OF.id}`, 'TaskCreated', 'TaskDeleted');
    await projected.caughtUp();
    const readStream = async function* (stream: string, options: object) {
      for await (const page of rig.store.readStream(stream, options))
        yield page.map((event) => ({ ...event, time: new Date(now - (stream.startsWith('task-') ? 6 : 30) * DAY).toISOString() }));
    } as EventStore['readStream'];
    now += 30 * DAY;
    expect(await sweepMedia({ ...context, store: { ...rig.store, readStream } })).toMatchObject({ orphans: 0 });
    expect((await stateOf(id)).status).toBe('attached');
  });

  it('removes what clients posted and nobody received, after a day', async () => {
    await put('incoming/aaaa/upload');
    now += DAY / 2;
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
    now += DAY;
    expect(await sweepMedia(context)).toMatchObject({ bytes: 1 });
    expect(await keys()).toEqual([]);
  });
});

describe('a store of files that others use, too', () => {
  async function copyAll(pages: AsyncIterable<RecordedEvent[]>, store: EventStore): Promise<void> {
    for await (const page of pages) {
      for (const { id, stream, revision, type, data, metadata } of page) await store.append(stream, revision - 1, [{ id, type, data, metadata }]);
    }
  }

  /** The sweep of another log, with the first events of this one where it is a copy. */
  async function other(copied: number): Promise<SweepContext> {
    const second = await openRig();
    onTestFinished(() => second.close());
    if (copied > 0) {
      await copyAll(rig.store.readStream('_installation'), second.store);
      await copyAll(rig.store.readAll({ limit: copied }), second.store);
    }
    const { readModels } = await second.project({ projectors: [mediaFiles] });
    return { ...context, store: second.store, commands: commandsOn(second.store), readModels };
  }

  it.each([
    ['another installation', 0],
    ['a started copy of a backup', 1],
  ])('loses nothing by %s', async (_who, copied) => {
    const ids = [await recorded(), await recorded()];
    await put(...ids.map((id) => `media/${id}/original`));
    await sweepMedia(context);
    const second = await other(copied);
    now += 2 * 3_600_000;
    await expect(sweepMedia(second)).rejects.toThrow(FilesOfAnother);
    expect(await keys()).toEqual(ids.map((id) => `media/${id}/original`).toSorted());
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
  });

  /** Says that a file was received, and waits until that is marked. */
  async function marked({ store }: Pick<SweepContext, 'store'>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    openUploadMarks({ store, files, atHand: { run: async (work) => work(new AbortController().signal).finally(resolve) } })();
    await promise;
  }

  it('loses nothing by a copy of a backup that was made after the last sweep', async () => {
    const ids = [await recorded()];
    await put(`media/${ids[0]}/original`);
    await sweepMedia(context);
    const second = await other(1);
    ids.push(await recorded());
    await put(`media/${ids[1]}/original`);
    await marked(context);
    now += 2 * 3_600_000;
    await expect(sweepMedia(second)).rejects.toThrow(FilesOfAnother);
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
    expect(await keys()).toEqual(ids.map((id) => `media/${id}/original`).toSorted());
  });

  it('loses nothing by a copy that has marked it before the next upload', async () => {
    await put(`media/${await recorded()}/original`);
    await sweepMedia(context);
    const second = await other(1);
    const { metadata } = exampleEvent('MediaReceived');
    const own = { id: randomUUID(), type: 'MediaReceived', data: mediaContract.events.MediaReceived.example, metadata };
    await second.store.append(`media-${randomUUID()}`, NO_STREAM, [own]);
    await sweepMedia(second);
    await put(`media/${await recorded()}/original`);
    await marked(context);
    now += 2 * 3_600_000;
    await expect(sweepMedia(second)).rejects.toThrow(FilesOfAnother);
    await expect(sweepMedia(context)).rejects.toThrow(FilesOfAnother);
    expect(await keys()).toHaveLength(2);
  });

  it('with a mark that is cut or foreign loses nothing, and says what to do', async () => {
    const id = await recorded();
    await put(`media/${id}/original`, `marks/log/${randomUUID()}`);
    await expect(sweepMedia(context)).rejects.toThrow(/is no mark of ours.*media claim/);
    await takeOverFiles(context);
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
  });

  it.each([
    ['truncated', true, { events: [{ id: 'later', revision: 7 }] }],
    ['deleted for good', true, { gone: 'tombstone' }],
    ['hidden', true, { gone: 'hidden' }],
    ['not there, as in a copy', false, { gone: 'missing' }],
    ['shorter', false, {}],
  ] as const)(
    'where the stream of its mark is %s, is this log’s: %s',
    async (_what, isOurs, { events, gone }: { events?: readonly object[]; gone?: StreamGone['how'] }) => {
      await put(`media/${await recorded()}/original`);
      await sweepMedia(context);
      const readStream = async function* (stream: string, options: object) {
        if (!stream.startsWith('media-')) return yield* rig.store.readStream(stream, options);
        if (gone) throw new StreamGone(stream, gone);
        if (events) yield events as RecordedEvent[];
      } as EventStore['readStream'];
      const sweep = sweepMedia({ ...context, store: { ...rig.store, readStream } });
      await (isOurs ? expect(sweep).resolves.toMatchObject({ bytes: 0 }) : expect(sweep).rejects.toThrow(FilesOfAnother));
    },
  );

  it('is the one’s who takes it over, and no longer the other’s', async () => {
    const id = await recorded();
    await put(`media/${id}/original`);
    await sweepMedia(context);
    const second = await other(0);
    await takeOverFiles(second);
    await expect(sweepMedia(context)).rejects.toThrow(/is used by another installation .* media claim/);
    now += 2 * 3_600_000;
    expect(await sweepMedia(second)).toMatchObject({ bytes: 1 });
  });

  it('is claimed once, by one of two', async () => {
    const ends = await Promise.allSettled(['one', 'other'].map((installation) => claimFiles(files, installation)));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('keeps the bytes of a file that another log says is deleted', async () => {
    const id = await recorded({ type: 'MediaDeleted' });
    await put(`media/${id}/original`, `media/${randomUUID()}/original`);
    await claimFiles(files, 'another');
    const remover = await startRemover({ store: rig.store, bus: rig.bus, files, log });
    onTestFinished(() => remover.stop());
    const { metadata } = exampleEvent('MediaDeleted');
    const again = await rig.store.append(`media-${id}`, 1, [{ id: randomUUID(), type: 'MediaDeleted', data: { reason: 'asked' }, metadata }]);
    await vi.waitFor(() => expect(remover.position() >= again.position).toBe(true));
    expect(await keys()).toHaveLength(2);
  });

  it('leaves what lies beside its files as it is', async () => {
    await recorded();
    await put('backups/one/two');
    now += 48 * 3_600_000;
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
    expect(await keys()).toEqual(['backups/one/two']);
  });
});

it('the bytes of a file go with its end, in all sizes; an absence of the store of files stops nothing, and leaves them to the sweep', async () => {
  const away = { yet: true };
  const list: Files['list'] = (prefix) => {
    if (away.yet) throw new FilesUnavailable('it is away');
    return files.list(prefix);
  };
  const remover = await startRemover({ store: rig.store, bus: rig.bus, files: { ...files, list }, log });
  try {
    const left = await recorded({ type: 'MediaDeleted' });
    await put(`media/${left}/320`);
    const head = await rig.store.head();
    await vi.waitFor(() => expect(remover.position() >= head).toBe(true));
    away.yet = false;
    const id = await recorded();
    await put(`media/${id}/original`, `media/${id}/320`);
    const { metadata } = exampleEvent('MediaDeleted');
    await rig.store.append(`media-${id}`, 0, [{ id: randomUUID(), type: 'MediaDeleted', data: { reason: 'asked' }, metadata }]);
    await vi.waitFor(async () => expect(await keys()).toEqual([`media/${left}/320`]));
    now += 2 * 3_600_000;
    expect(await sweepMedia(context)).toMatchObject({ bytes: 1 });
  } finally {
    await remover.stop();
  }
});

describe('erasing a person', () => {
  const [ALICE, BOB] = [randomUUID(), randomUUID()];
  const erase = () => eraseFilesOf({ ...context, store: rig.store, now: () => new Date(now) }, ALICE);

  it('deletes what they uploaded and what is on their profile, in all sizes, and what they posted; nothing of others', async () => {
    const ready = [{ type: 'MediaReady' }, { type: 'MediaAttached' }] as const;
    const upload = (data: object) => ({ type: 'MediaReceived', data: { bytes: 5, ...data } }) as const;
    const own = await recordedAs(upload({ maker: ALICE }), ...ready);
    const picture = await recordedAs(upload({ maker: BOB, of: { kind: 'user', id: ALICE } }), { type: 'MediaReady' });
    const refused = await recordedAs(upload({ maker: ALICE }), { type: 'MediaRefused' });
    const others = await recordedAs(upload({ maker: BOB }), ...ready);
    const kept = [`incoming/${BOB}/${randomUUID()}`, `media/${others}/320`, `media/${randomUUID()}/original`];
    await put(...[own, picture].flatMap((id) => [`media/${id}/320`, `media/${id}/full`]), `media/${refused}/original`);
    await put(`incoming/${ALICE}/${randomUUID()}`, ...kept);
    expect(await erase()).toEqual({ files: 3, objects: 6 });
    expect(await keys()).toEqual(kept.toSorted());
    expect(await Promise.all([own, picture, refused, others].map(async (id) => (await stateOf(id)).status))).toEqual([
      ...Array(3).fill('deleted'),
      'attached',
    ]);
    await projected.caughtUp();
    expect(await erase()).toEqual({ files: 0, objects: 0 });
  });

  it('removes what was left of files that were deleted before', async () => {
    const gone = await recordedAs({ type: 'MediaReceived', data: { maker: ALICE } }, { type: 'MediaDeleted' });
    const others = await recordedAs({ type: 'MediaReceived', data: { maker: BOB } }, { type: 'MediaDeleted' });
    await put(`media/${gone}/original`, `media/${others}/original`);
    expect(await erase()).toEqual({ files: 0, objects: 1 });
    expect(await keys()).toEqual([`media/${others}/original`]);
  });

  it('is refused while the list of files is not there, and deletes nothing', async () => {
    const own = await recordedAs({ type: 'MediaReceived', data: { maker: ALICE } });
    const behind: ReadModels = { ...context.readModels, reached: async () => false };
    const erasing = eraseFilesOf({ ...context, readModels: behind, store: rig.store, now: () => new Date(now) }, ALICE);
    await expect(erasing).rejects.toThrow(ReadModelsUnavailable);
    expect((await stateOf(own)).status).toBe('pending');
  });
});

it('a stop waits for no store that does not answer; what was not removed then is at the next start', async () => {
  const asked = Promise.withResolvers<void>();
  const list: Files['list'] = () => {
    asked.resolve();
    return { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  };
  const context = { store: rig.store, bus: rig.bus, log };
  const slow = await startRemover({ ...context, files: { ...files, list } });
  const id = await recorded({ type: 'MediaDeleted' });
  await put(`media/${id}/320`);
  await asked.promise;
  await slow.stop();
  expect(await keys()).toEqual([`media/${id}/320`]);
  const next = await startRemover({ ...context, files });
  await expect.poll(keys).toEqual([]);
  await next.stop();
});

it('a sweep ends before its next object where the process does, and the next one has the rest', async () => {
  const stopping = new AbortController();
  for (let n = 0; n < 3; n++) await put(`media/${randomUUID()}/original`);
  now += 2 * 3_600_000;
  const remove: Files['remove'] = async (key) => {
    await files.remove(key);
    stopping.abort();
  };
  await expect(sweepMedia({ ...context, files: { ...files, remove }, signal: stopping.signal })).rejects.toThrow('aborted');
  expect(await keys()).toHaveLength(2);
  expect(await sweepOnce(context)).toMatchObject({ bytes: 2 });
});

it('the bytes of a file go whatever else lies beside them, and those of the next one', async () => {
  const foreign: string[] = [];
  const remover = await startRemover({
    store: rig.store,
    bus: rig.bus,
    files: openFolderFiles(join(folder, 'files'), (name) => foreign.push(name)),
    log,
  });
  try {
    const ids = [await recorded(), await recorded()];
    await put(...ids.map((id) => `media/${id}/original`));
    const [beside = ''] = ids.map((id) => join(folder, 'files', 'media', id.slice(0, 2), id, '.nfs00000001'));
    await writeFile(beside, 'held open');
    const { metadata } = exampleEvent('MediaDeleted');
    for (const id of ids) await rig.store.append(`media-${id}`, 0, [{ id: randomUUID(), type: 'MediaDeleted', data: { reason: 'asked' }, metadata }]);
    await vi.waitFor(async () => expect(await keys()).toEqual([]));
    expect(foreign).toContain(`media/${ids[0]}/.nfs00000001`);
    expect(existsSync(beside)).toBe(true);
    expect(await sweepMedia(context)).toMatchObject({ bytes: 0 });
  } finally {
    await remover.stop();
  }
});

it('invariant 17: no byte goes for an end of a file that this release does not know, until one does', async () => {
  const end = exampleEvent('MediaDeleted');
  const id = await recorded();
  await put(`media/${id}/original`);
  const start = () => startRemover({ store: rig.store, bus: rig.bus, files, log });
  const older = await start();
  const appended = await rig.store.append(`media-${id}`, 0, [
    { id: randomUUID(), type: end.type, data: end.data, metadata: { ...end.metadata, schema: 99 } },
  ]);
  await vi.waitFor(() => expect(older.position() >= appended.position).toBe(true));
  expect(older.parked()).toMatchObject([{ stream: `media-${id}`, unknown: { type: 'MediaDeleted', schema: 99 } }]);
  await older.stop();
  expect(await keys()).toHaveLength(1);
  const other = await recorded({ type: 'MediaDeleted' });
  await put(`media/${other}/original`);
  for await (const [, event] of rig.store.readStream(`media-${other}`))
    if (event) await (await openParking(rig.store, 'media_remover')).park(event, new UnknownEvent(event));
  const newer = await start();
  await vi.waitFor(async () => expect(await keys()).toEqual([`media/${id}/original`]));
  await newer.stop();
});

describe('verify', () => {
  async function differences(): Promise<Difference[]> {
    const found: Difference[] = [];
    for await (const one of differencesIn(context)) if (one) found.push(one);
    return found.toSorted((one, other) => (one.key < other.key ? -1 : 1));
  }

  it('finds nothing where both agree, also about files that are over', async () => {
    const id = await recorded();
    await recorded({ type: 'MediaDeleted' });
    await put(`media/${id}/original`);
    expect(await differences()).toEqual([]);
  });

  it('takes for no difference what is on its way: an upload that is recorded, and a file that is deleted, while both are compared', async () => {
    const [arriving, going] = [randomUUID(), await recorded()];
    await put(`media/${arriving}/original`, `media/${going}/original`);
    const { load } = context.commands;
    const looked = new Set<string>();
    const commands = {
      load: (async (stream: string) => {
        const found = await load(stream);
        // The first look at each finds it as it was before.
        if (looked.has(stream)) return found;
        looked.add(stream);
        if (stream === `media-${arriving}`) await record(arriving, NO_STREAM, { type: 'MediaReceived', data: { bytes: 5 } });
        if (stream !== `media-${going}`) return found;
        await record(going, 0, { type: 'MediaDeleted' });
        await files.remove(`media/${going}/original`);
        return found;
      }) as typeof load,
    };
    const found: unknown[] = [];
    for await (const one of differencesIn({ ...context, commands })) if (one) found.push(one);
    expect(looked).toEqual(new Set([`media-${arriving}`, `media-${going}`]));
    expect(found).toEqual([]);
  });

  it('names bytes without an event, events without bytes, and bytes of another length', async () => {
    const lost = await recorded();
    const short = await recorded({ type: 'MediaReady' });
    await writeFile(join(folder, 'upload'), 'by');
    await files.put(`media/${short}/original`, { path: join(folder, 'upload'), bytes: 2, type: 'text/plain' });
    const strange = `media/${randomUUID()}/320`;
    const made = await recorded({ type: 'MediaRendered', data: { size: 'full', bytes: 5 } }, { type: 'MediaReady' });
    await put(strange, `media/${made}/full`, `media/${made}/original`);
    const expected = [
      { what: 'an event without bytes', key: `media/${lost}/original` },
      { what: 'bytes of another length', key: `media/${short}/original` },
      { what: 'bytes without an event', key: strange },
      { what: 'bytes without an event', key: `media/${made}/original` },
    ];
    expect(await differences()).toEqual(expected.toSorted((one, other) => (one.key < other.key ? -1 : 1)));
  });

  it('names the sizes of a picture that have another length, and its upload where that was kept and is lost', async () => {
    const cut = await recorded({ type: 'MediaRendered', data: { size: 'full', bytes: 6 } }, { type: 'MediaReady', data: { kept: true } });
    await put(`media/${cut}/full`);
    const [full, original] = [
      { what: 'bytes of another length', key: `media/${cut}/full` },
      { what: 'an event without bytes', key: `media/${cut}/original` },
    ];
    expect(await differences()).toEqual([full]);
    context.keepOriginal = true;
    expect(await differences()).toEqual([full, original]);
    const before = await recorded({ type: 'MediaRendered', data: { size: 'full', bytes: 5 } }, { type: 'MediaReady' });
    await put(`media/${before}/full`);
    expect(await differences()).toEqual([full, original]);
  });

  it('names bytes that are others of the same length, where hashes are asked for', async () => {
    const sha256 = createHash('sha256').update('bytes').digest('hex');
    const [same, other] = [await recordedAs({ type: 'MediaReceived', data: { bytes: 5, sha256 } }), await recorded()];
    await put(`media/${same}/original`, `media/${other}/original`);
    expect(await differences()).toEqual([]);
    context.hashes = true;
    expect(await differences()).toEqual([{ what: 'other bytes of the same length', key: `media/${other}/original` }]);
  });
});
