/**
 * Writes that the disk refuses, by strace's fault injection: the system call is not made and answers an error. A process appends on such a disk, and
 * the store is opened again on a good one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
import {
  ALL_FAULTS,
  cannotPreload,
  DISK_ERRORS,
  endedWell,
  type Fault,
  faultsOf,
  isUntraceable,
  makeShortWrites,
  nameOf,
  numberOf,
  type Ran,
  runShort,
  runTraced,
  tryEach,
  tryShortWrites,
} from '../../sqlite/bad-disk.fixture.ts';
import { all } from '../event-store.suite.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openSqliteEventStore } from './sqlite.ts';

const SAMPLE_SECONDS = 8;
const SHORT_SECONDS = 3;
const PROGRAM = fileURLToPath(new URL('./appends-on-a-bad-disk.fixture.ts', import.meta.url));
const TIMEOUT = ALL_FAULTS ? 7_200_000 : 120_000;

describe.skipIf(isUntraceable)(`on a disk that refuses${isUntraceable ? ' (skipped: strace is missing, or may not trace)' : ''}`, () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'bad-disk-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  const appending = (folder: string, characters = 10) => ({ program: PROGRAM, args: [folder, String(characters)], file: join(folder, 'events.db') });
  const newFolder = () => mkdtempSync(join(dataDir, 'run-'));
  const runClean = (characters?: number) => runTraced(appending(newFolder(), characters), null);

  /** Opens the store on a good disk: what was acknowledged is there, each stream without a gap, and it can be appended to. */
  async function checkAfter(folder: string, { lines }: Ran, name: string): Promise<void> {
    const found: string[] = [];
    const log = { error: (_: object, message: string) => void found.push(message) };
    const store = await openSqliteEventStore({ file: join(folder, 'events.db'), log });
    const events = [...(await all(store.readAll())), ...(await all(store.readAll({ log: 'bookkeeping' })))];
    const there = new Set(events.map(({ stream, id }) => `${stream} ${id}`));
    // Of bookkeeping the last two are kept.
    const last = new Map(lines.map((line, index) => [line.split(' ')[0], index]));
    const lost = lines.filter((line, index) => !there.has(line) && !(line.startsWith('_') && index < (last.get(line.split(' ')[0]) ?? 0)));
    expect({ name, lost, found }).toEqual({ name, lost: [], found: [] });
    await store.append(`task-after.${name}`, NO_STREAM, [anEvent()]);
    await store.close();
  }

  async function tryFault(fault: Fault, characters?: number): Promise<Ran> {
    const folder = newFolder();
    const ran = runTraced(appending(folder, characters), fault);
    endedWell(nameOf(fault), ran);
    await checkAfter(folder, ran, nameOf(fault));
    rmSync(folder, { recursive: true });
    return ran;
  }

  /** Tries a fault until it meets the file that it is meant for: on a slow machine the witness is written at other times than in the clean run. */
  async function failOn(file: string, fault: Fault, characters?: number): Promise<Ran> {
    for (let attempt = 1; ; attempt++) {
      const ran = await tryFault(fault, characters);
      const met = ran.trace.some((line) => line.includes('(INJECTED)') && line.includes(`${file}>`));
      if (met || attempt === 5) return ran;
    }
  }

  it.each(DISK_ERRORS)('invariant 16: rolls a group back that got %s, goes on with the next one, and starts again', async (error) => {
    const clean = runClean();
    const when = numberOf('pwrite64', clean, 'events.db-wal', (onLog) => onLog.at(-12));
    const ran = await tryFault({ call: 'pwrite64', error, when });
    expect(ran).toMatchObject({ met: true, code: 0 });
    // One of four groups of three was not recorded.
    expect(ran.lines).toHaveLength(9);
    expect(ran.errors.match(/"level":50/g)).toHaveLength(1);
  });

  it.each(['EIO', 'ENOSPC'])('invariant 16: after a failed fsync (%s) writes and witnesses nothing more, and ends with code 1', async (error) => {
    const when = numberOf('fsync', runClean(), 'events.db-wal', (onLog) => onLog.at(-3));
    const ran = await failOn('events.db-wal', { call: 'fsync', error, when });
    expect(ran).toMatchObject({ met: true, code: 1 });
    expect(ran.lines).toHaveLength(6);
    expect(ran.errors.match(/"level":50/g)).toHaveLength(1);
    const after = ran.trace.slice(ran.trace.findIndex((line) => line.includes('(INJECTED)')) + 1);
    expect(after.filter((line) => !line.includes(' openat('))).toEqual([]);
  });

  it('ends also where the fsync failed that folds the write-ahead log into the file, after a group that was acknowledged', async () => {
    const large = 1_500_000;
    const clean = runClean(large);
    // The first one of the file itself after the store was opened.
    const open = clean.trace.findIndex((line) => line.includes('O_RDONLY') && line.includes('events.db"'));
    const folded = clean.trace.findIndex((line, index) => index > open && line.includes(' fsync(') && line.includes('events.db>'));
    const when = String(clean.trace.slice(0, folded + 1).filter((line) => line.includes(' fsync(')).length);
    const ran = await failOn('events.db', { call: 'fsync', error: 'EIO', when }, large);
    expect(ran).toMatchObject({ met: true, code: 1 });
    expect(ran.lines.length).toBeGreaterThan(0);
    expect(ran.lines.length).toBeLessThan(12);
  });

  it('invariant 16: a call that fails, once or from then on, leaves a store that starts and holds what was acknowledged', {
    timeout: TIMEOUT,
  }, async () => {
    const clean = runClean();
    expect(clean).toMatchObject({ code: 0, errors: '' });
    expect(clean.lines).toHaveLength(12);
    let met = 0;
    await tryEach(faultsOf(clean), SAMPLE_SECONDS, async (fault) => {
      if ((await tryFault(fault)).met) met++;
    });
    expect(met).toBeGreaterThan(3);
  });

  it.skipIf(cannotPreload)('invariant 16: a write that writes a part harms nothing, before a full disk or not', { timeout: TIMEOUT }, async () => {
    const library = makeShortWrites(dataDir);
    let met = 0;
    await tryShortWrites(SHORT_SECONDS, async (one) => {
      const folder = newFolder();
      const ran = runShort(appending(folder), library, one);
      if (ran.met) met++;
      endedWell(JSON.stringify(one), ran);
      if (one.full === 0) expect(ran).toMatchObject({ code: 0, lines: { length: 12 } });
      await checkAfter(folder, ran, JSON.stringify(one));
      return ran.met;
    });
    expect(met).toBeGreaterThan(0);
  });
});
