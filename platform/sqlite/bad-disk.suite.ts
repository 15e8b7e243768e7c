/** What holds of each embedded file that is written through written-file.ts, on a disk that refuses. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ALL_FAULTS,
  cannotPreload,
  endedWell,
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
} from './bad-disk.fixture.ts';

export interface WritingProgram {
  /** Path of a program that opens the store in the folder of its first argument, writes, prints each write that was acknowledged, and closes. */
  program: string;
  /** The name of the file in the folder. */
  file: string;
  /** The lines of a run in which nothing fails. */
  acknowledged: number;
  /** The call by which a write is forced to the disk, and which of those on the write-ahead log fails, counted from the last. */
  forces: ['fsync' | 'fdatasync', number];
  /** Opens the store on a good disk, and resolves to the lines that are not true of it. */
  lost(folder: string, lines: readonly string[]): Promise<string[]>;
}

const SECONDS = 4;
const TIMEOUT = ALL_FAULTS ? 7_200_000 : 60_000;

/** Describes a store's file on a bad disk. */
export function describeOnBadDisk(what: string, { program, file, acknowledged, forces: [call, fromLast], lost }: WritingProgram): void {
  describe.skipIf(isUntraceable)(`${what} on a disk that refuses${isUntraceable ? ' (skipped: strace is missing, or may not trace)' : ''}`, () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'bad-disk-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const writing = () => {
      const dataDir = mkdtempSync(join(folder, 'run-'));
      return { dataDir, program, args: [dataDir], file: join(dataDir, file) };
    };
    const runClean = () => {
      const ran = runTraced(writing(), null);
      expect(ran).toMatchObject({ code: 0, errors: '' });
      expect(ran.lines).toHaveLength(acknowledged);
      return ran;
    };

    async function check(name: string, dataDir: string, ran: Ran): Promise<void> {
      endedWell(name, ran);
      expect({ name, lost: await lost(dataDir, ran.lines) }).toEqual({ name, lost: [] });
    }

    it('writes and acknowledges nothing more after a failed fsync, and ends with code 1 and one line of level 50', { timeout: TIMEOUT }, async () => {
      const when = numberOf(call, runClean(), `${file}-wal`, (onLog) => onLog.at(-fromLast));
      const run = writing();
      const ran = runTraced(run, { call, error: 'EIO', when });
      expect(ran).toMatchObject({ met: true, code: 1 });
      expect(ran.lines.length).toBeLessThan(acknowledged);
      expect(ran.errors.match(/"level":50/g)).toHaveLength(1);
      const after = ran.trace.slice(ran.trace.findIndex((line) => line.includes('(INJECTED)')) + 1);
      expect(after.filter((line) => !line.includes(' openat('))).toEqual([]);
      await check('after', run.dataDir, ran);
    });

    it('acknowledges nothing that is lost, and starts again, whatever call fails, once or from then on', { timeout: TIMEOUT }, async () => {
      let met = 0;
      await tryEach(faultsOf(runClean()), SECONDS, async (fault) => {
        const run = writing();
        const ran = runTraced(run, fault);
        await check(nameOf(fault), run.dataDir, ran);
        if (ran.met) met++;
      });
      expect(met).toBeGreaterThan(0);
    });

    it.skipIf(cannotPreload)(
      'acknowledges nothing that is lost where a write writes a part, before a full disk or not',
      { timeout: TIMEOUT },
      async () => {
        const library = makeShortWrites(folder);
        let met = 0;
        await tryShortWrites(SECONDS / 2, async (one) => {
          const run = writing();
          const ran = runShort(run, library, one);
          if (ran.met) met++;
          await check(JSON.stringify(one), run.dataDir, ran);
          return ran.met;
        });
        expect(met).toBeGreaterThan(0);
      },
    );
  });
}
