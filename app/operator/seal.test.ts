import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { catalog, exampleEvent } from '../../contracts/catalog.ts';
import { idOf, type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { userReference } from '../../platform/sealing/person-reference.ts';
import { sealedStore } from '../../platform/sealing/sealed-store.ts';
import { sealingNotes } from '../../platform/sealing/sealing-log.ts';
import { openClosers } from '../closers.ts';
import type { Config } from '../config.ts';
import { openSealing } from '../sealing.ts';
import { moveLog } from './migrate/move.ts';
import { claim } from './migrate/target.ts';
import { sealLog } from './seal.ts';

const log = { warn: () => {}, error: () => {} };
const signal = new AbortController().signal;
const TYPES = catalog.flatMap(({ events }) => Object.keys(events));
/** Texts of persons in the log, one of a person who was erased. */
const TEXTS = ['Water the plants', 'words of whoever was erased'];
const ERASED_USER = randomUUID();

let dataDir: string;
let config: Config;
let written: RecordedEvent[];

const opened = async <T>(work: (stores: Awaited<ReturnType<typeof openBoth>>) => Promise<T>, folder = dataDir): Promise<T> => {
  const { closing, closeAll } = openClosers();
  try {
    return await work(await openBoth(closing, folder));
  } finally {
    await closeAll();
  }
};
async function openBoth(closing: ReturnType<typeof openClosers>['closing'], folder: string) {
  const secrets = closing(await openSecrets('sqlite:', { dataDir, log }));
  return { secrets, store: closing(await openEventStore('sqlite:', { dataDir: folder, log })) };
}
const eventsOf = async (pages: AsyncIterable<RecordedEvent[]>) => {
  const found: RecordedEvent[] = [];
  for await (const page of pages) found.push(...page);
  return found;
};
/** The files of the folder, but for those that are to hold clear text or none of events, that hold one of the texts. */
const holding = () =>
  readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => TEXTS.some((text) => readFileSync(path).includes(text)))
    .map((path) => path.slice(dataDir.length + 1));

/** A log of an older release: clear events of every type, a snapshot, and a checkpoint of a follower with effects. */
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'seal-'));
  config = { DATA_DIR: dataDir, EVENT_STORE_URL: 'sqlite:', SECRETS_URL: 'sqlite:' } as Config;
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  written = await opened(async ({ store, secrets }) => {
    const { metadata } = exampleEvent('TaskCreated');
    const append = (stream: string, events: NewEvent[]) => store.append(stream, NO_STREAM, events);
    for (const type of TYPES) {
      const event = exampleEvent(type);
      await append(`${event.stream.slice(0, event.stream.indexOf('-'))}-${randomUUID()}`, [{ ...event, id: randomUUID() }]);
    }
    const comment = (text: string, actor: string) => ({ id: randomUUID(), type: 'TaskCommented', data: { text }, metadata: { ...metadata, actor } });
    await append(`task-${randomUUID()}`, [comment(TEXTS[0] ?? '', randomUUID()), comment(TEXTS[1] ?? '', ERASED_USER)]);
    await append(`_snapshot-task-${randomUUID()}`, [{ id: randomUUID(), type: 'Snapshot', data: { state: TEXTS[0] }, metadata }]);
    // This release has run on it, too, and erased somebody.
    const { keys } = await openSealing({ store, secrets, signal });
    await keys.toSeal([userReference(ERASED_USER)]);
    await keys.destroy([userReference(ERASED_USER)], '2026-11-30T10:00:00.000Z');
    const all = await eventsOf(store.readAll());
    const { position, id: eventId } = all.at(-2) as RecordedEvent;
    await append('_checkpoint-some', [{ id: randomUUID(), type: 'CheckpointMoved', data: { position, eventId }, metadata }]);
    return all;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dataDir, { recursive: true });
});

/** What a process reads that starts on the folder. */
const afterwards = () =>
  opened(async ({ store, secrets }) => {
    const { keys, hmac, whole } = await openSealing({ store, secrets, signal });
    const checkpoint = await eventsOf(store.readStream('_checkpoint-some'));
    return { whole, noted: (await sealingNotes(store)).whole, events: await eventsOf(sealedStore(store, { keys, hmac }).readAll()), checkpoint };
  });

async function expectSealed() {
  const { whole, noted, events, checkpoint } = await afterwards();
  expect([whole, noted]).toEqual([true, true]);
  const expected = written.map((event) => (event.metadata.actor === ERASED_USER ? { ...event, data: { text: '[erased]' } } : event));
  expect(events).toEqual(expected);
  const { eventId } = (checkpoint[0]?.data ?? {}) as { eventId?: string };
  const at = events.find(({ id }) => id === eventId);
  expect(checkpoint[0]?.data).toMatchObject({ position: at?.position });
  expect(holding()).toEqual([]);
  expect(readdirSync(dataDir).filter((name) => !/^(events|secrets)\.db(-witness|-wal|-shm)?$|^(lock|pid)$/.test(name))).toEqual([]);
}

describe('sealing a log that an older release wrote', () => {
  it('leaves no clear text in any file; all events read as before, those of the erased as erased', async () => {
    expect(holding()).not.toEqual([]);
    await sealLog(config, []);
    await expectSealed();
    const before = readFileSync(join(dataDir, 'events.db'));
    await sealLog(config, []);
    expect(readFileSync(join(dataDir, 'events.db')).equals(before)).toBe(true);
  });

  it.each([1, 5, TYPES.length, TYPES.length * 2 + 3])('goes on where it was killed after %s steps', async (steps) => {
    const folder = join(dataDir, 'sealing');
    mkdirSync(folder);
    let left = steps;
    await opened(async ({ store: source, secrets }) => {
      const target = await openEventStore('sqlite:', { dataDir: folder, log });
      await claim(target);
      const killed = () => {
        if (left-- <= 0) throw new Error('killed');
      };
      await moveLog({ source, target }, secrets, killed).catch(() => {});
      await target.close();
    });
    await sealLog(config, []);
    await expectSealed();
  });

  it('finishes what was killed before the copy took the log’s name, also where the log went on meanwhile', async () => {
    linkSync(join(dataDir, 'events.db'), join(dataDir, 'events.db.clear'));
    rmSync(join(dataDir, 'events.db-witness'));
    await opened(async ({ store }) => {
      await store.append(`user-${randomUUID()}`, NO_STREAM, [{ ...exampleEvent('UserConfirmed'), id: randomUUID() }]);
      written = await eventsOf(store.readAll());
    });
    await sealLog(config, []);
    await expectSealed();
  });

  it('finishes what was killed once the copy had the log’s name', async () => {
    const copy = mkdtempSync(join(tmpdir(), 'clear-'));
    linkSync(join(dataDir, 'events.db'), join(copy, 'events.db'));
    await sealLog(config, []);
    renameSync(join(copy, 'events.db'), join(dataDir, 'events.db.clear'));
    mkdirSync(join(dataDir, 'sealing'));
    await sealLog(config, []);
    await expectSealed();
    rmSync(copy, { recursive: true });
  });

  it('is refused while a process runs on the folder, on servers, and without a log; nothing is changed', async () => {
    const lock = lockFolder(dataDir);
    await expect(sealLog(config, [])).rejects.toThrow();
    lock.release();
    await expect(sealLog({ ...config, EVENT_STORE_URL: 'esdb://127.0.0.1:1' }, [])).rejects.toThrow('migrate');
    await expect(sealLog({ ...config, DATA_DIR: join(dataDir, 'nothing') }, [])).rejects.toThrow('no events.db');
    await expect(sealLog(config, ['now'])).rejects.toThrow('seal: it takes no now');
    expect(existsSync(join(dataDir, 'sealing'))).toBe(false);
  });

  it('is refused where the secrets lack the master key that the log names; nothing is changed', async () => {
    await opened(async ({ store, secrets }) => {
      const [id] = (await sealingNotes(store)).masters;
      await secrets.delete('keys', `master:${id}`);
    });
    await expect(sealLog(config, [])).rejects.toThrow('master key');
    expect(existsSync(join(dataDir, 'sealing'))).toBe(false);
    expect(idOf(written[0]?.stream ?? '')).not.toBe('');
  });
});
