import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import { openFolderFiles } from '../../platform/files/file/file.ts';
import type { Files } from '../../platform/files/files.ts';
import { mediaFiles } from '../../projections/projectors/media.ts';
import { commandsOn } from '../../system/commands.fixture.ts';
import { log, openRig, type Projected, type Rig } from '../../system/projections.fixture.ts';
import { startKeeping } from './keep.ts';
import { claimFiles, markOurs, tryToPut } from './marks.ts';
import { markUnmarked } from './unmarked.ts';

/** Longer than any test: a keeper with these sweeps never. */
const NEVER = { first: 1_000_000, between: 1_000_000 };
const OFTEN = { first: 1, between: 1 };

let rig: Rig;
let projected: Projected;
let folder: string;
let files: Files;
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepers-'));
  rig = await openRig();
  projected = await rig.project({ projectors: [mediaFiles] });
  files = openFolderFiles(join(folder, 'files'));
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await rig.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts what one process keeps; resolves to its end. `told`: the errors that it logs. */
async function keeper(times: typeof NEVER, { of = files, told = [] }: { of?: Files; told?: string[] } = {}): Promise<() => Promise<void>> {
  const closers: (() => unknown)[] = [];
  const context = {
    store: rig.store,
    bus: rig.bus,
    files: of,
    commands: commandsOn(rig.store),
    readModels: projected.readModels,
    settings: { orphanDays: 7, keepOriginal: false } as Parameters<typeof startKeeping>[0]['settings'],
    log: Object.assign(Object.create(log), { error: (_: object, text: string) => told.push(text) }),
    add: <T>(opened: T, close: (it: T) => unknown) => {
      closers.unshift(() => close(opened));
      return opened;
    },
  };
  await startKeeping(context, times);
  const end = async () => {
    for (const close of closers.splice(0)) await close();
  };
  ends.push(end);
  return end;
}

/** Records an upload and stores its bytes, as by a process that is killed before it has marked it; resolves to the id of its event. */
async function received(): Promise<string> {
  const [id, event] = [randomUUID(), randomUUID()];
  const { type, data, metadata } = exampleEvent('MediaReceived');
  await rig.store.append(`media-${id}`, NO_STREAM, [{ id: event, type, data, metadata }]);
  await writeFile(join(folder, 'upload'), 'bytes');
  await files.put(`media/${id}/original`, { path: join(folder, 'upload'), bytes: 5, type: 'text/plain' });
  return event;
}

async function marks(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of files.list('marks/log/')) found.push(key.slice('marks/log/'.length));
  return found;
}

/** The store of files as one keeper sees it, and how often that has swept it. */
function swept(): { of: Files; times(): number } {
  let times = 0;
  const list: Files['list'] = (prefix) => {
    if (prefix === 'incoming/') times++;
    return files.list(prefix);
  };
  return { of: { ...files, list }, times: () => times };
}

it('an upload whose process was killed before it was marked is marked by the next start, before any sweep or upload', async () => {
  const before = await received();
  await keeper(NEVER);
  await vi.waitFor(async () => expect(await marks()).toEqual([before]));
  await ends.pop()?.();
  const killed = await received();
  await keeper(NEVER);
  await vi.waitFor(async () => expect(await marks()).toEqual([killed]));
});

it('a start behind whose marks no upload stands leaves them: a copy that is only tried says nothing', async () => {
  const marked = await received();
  await markUnmarked({ store: rig.store, files });
  const { type, data, metadata } = exampleEvent('TaskCreated');
  await rig.store.append(`task-${randomUUID()}`, NO_STREAM, [{ id: randomUUID(), type, data, metadata }]);
  await markUnmarked({ store: rig.store, files });
  expect(await marks()).toEqual([marked]);
  const later = await received();
  await markUnmarked({ store: rig.store, files });
  expect(await marks()).toEqual([later]);
});

it('a start marks no store that has nothing, and none of another installation, which its sweep tells of', async () => {
  const told: string[] = [];
  await claimFiles(files, 'another');
  await received();
  await keeper(OFTEN, { told });
  await vi.waitFor(() => expect(told).toContain('what files have left is not swept'));
  expect(await marks()).toEqual([]);
});

it('a store that was only tried for readiness has nothing yet, and stays without a mark until there is something to keep', async () => {
  const { type, data, metadata } = exampleEvent('TaskCreated');
  await rig.store.append(`task-${randomUUID()}`, NO_STREAM, [{ id: randomUUID(), type, data, metadata }]);
  await tryToPut(files);
  await markOurs({ store: rig.store, files });
  expect(await marks()).toEqual([]);
  const first = await received();
  await markOurs({ store: rig.store, files });
  expect(await marks()).toEqual([first]);
});

it('of two processes one sweeps, again and again, and the other once that one has ended', async () => {
  await received();
  const [one, other] = [swept(), swept()];
  const end = await keeper(OFTEN, { of: one.of });
  await vi.waitFor(() => expect(one.times()).toBeGreaterThan(0));
  await keeper(OFTEN, { of: other.of });
  const before = one.times();
  await vi.waitFor(() => expect(one.times()).toBeGreaterThan(before + 3));
  expect(other.times()).toBe(0);
  await end();
  const at = one.times();
  await vi.waitFor(() => expect(other.times()).toBeGreaterThan(1), 20_000);
  // The sweep at hand may have listed once more before it heard of the end.
  expect(one.times()).toBeLessThanOrEqual(at + 1);
}, 60_000);
