/** The sealed copy takes the log’s place, and is killed before each change that it makes to the disk. */
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, it, vi } from 'vitest';
import { witnessOf } from '../../platform/event-store/sqlite/witness.ts';
import { sealedCopy } from './sealed-copy.ts';

/** How many changes may be made until the process is dead; none is counted while it is infinite. */
const life = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const mortal = <A extends unknown[], R>(change: (...args: A) => R) => {
    return (...args: A): R => {
      if (life.left-- <= 0) throw new Error('killed');
      return change(...args);
    };
  };
  const { linkSync, renameSync, rmSync: remove, writeSync } = real;
  return { ...real, linkSync: mortal(linkSync), renameSync: mortal(renameSync), rmSync: mortal(remove), writeSync: mortal(writeSync) };
});

let dataDir: string;
afterEach(() => {
  life.left = Number.POSITIVE_INFINITY;
  rmSync(dataDir, { recursive: true });
});

function writeLog(path: string, text: string): void {
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE events (text TEXT)');
  db.prepare('INSERT INTO events VALUES (?)').run(text);
  db.close();
  writeFileSync(witnessOf(path), `witness of ${text}`);
}

function textIn(path: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return db.prepare('SELECT text FROM events').get()?.text;
  } finally {
    db.close();
  }
}

/** Replaces, and is killed before the change of this number; false where there was none of it. */
function killedAt(step: number): boolean {
  dataDir = mkdtempSync(join(tmpdir(), 'seal-kills-'));
  mkdirSync(join(dataDir, 'sealing'));
  writeLog(join(dataDir, 'events.db'), 'Water the plants');
  writeLog(join(dataDir, 'sealing', 'events.db'), 'sealed');
  life.left = step;
  try {
    sealedCopy(dataDir).replace();
    return false;
  } catch (error) {
    expect(String(error)).toContain('killed');
    return true;
  } finally {
    life.left = Number.POSITIVE_INFINITY;
  }
}

it('whoever starts then, or seals again, finds one log and whole, with its own witness or none, and no clear one beside a sealed one', () => {
  let killed = 0;
  for (; killedAt(killed); killed++) {
    sealedCopy(dataDir).finishReplacing();
    const text = textIn(join(dataDir, 'events.db'));
    const witness = existsSync(witnessOf(join(dataDir, 'events.db')))
      ? readFileSync(witnessOf(join(dataDir, 'events.db')), 'utf8')
      : `witness of ${text}`;
    const beside = readdirSync(dataDir).filter((name) => !name.startsWith('events.db') || name.endsWith('.clear'));
    expect([killed, text, witness, beside]).toEqual([killed, text, `witness of ${text}`, text === 'sealed' ? [] : ['sealing']]);
    // Where the old log is there yet, sealing begins anew with its copy, and ends.
    if (text !== 'sealed') sealedCopy(dataDir).replace();
    expect([textIn(join(dataDir, 'events.db')), readdirSync(dataDir).sort()]).toEqual(['sealed', ['events.db', 'events.db-witness']]);
    rmSync(dataDir, { recursive: true });
  }
  expect(killed).toBeGreaterThan(7);
});

it('a copy that is not whole is kept for the next run by a start, and dropped once the log is sealed', () => {
  dataDir = mkdtempSync(join(tmpdir(), 'seal-kills-'));
  mkdirSync(join(dataDir, 'sealing'));
  writeLog(join(dataDir, 'events.db'), 'Water the plants');
  writeLog(join(dataDir, 'sealing', 'events.db'), 'half');
  const copy = sealedCopy(dataDir);
  copy.finishReplacing();
  expect(textIn(join(dataDir, 'sealing', 'events.db'))).toBe('half');
  copy.drop();
  expect(existsSync(join(dataDir, 'sealing'))).toBe(false);
});

/** What a copy of the folder is that has two files where the folder has two names of one. */
function copiedWithoutLinks(): void {
  const clear = join(dataDir, 'events.db.clear');
  copyFileSync(join(dataDir, 'events.db'), `${clear}-copied`);
  rmSync(clear);
  renameSync(`${clear}-copied`, clear);
}

it('a folder that was copied after a kill, without hard links, has the clear log and the sealed copy yet', () => {
  let copied = 0;
  for (let step = 0; killedAt(step); step++) {
    const isBefore = existsSync(join(dataDir, 'events.db.clear')) && textIn(join(dataDir, 'events.db')) !== 'sealed';
    if (isBefore) {
      copied++;
      copiedWithoutLinks();
      sealedCopy(dataDir).finishReplacing();
      expect(textIn(join(dataDir, 'events.db'))).toBe('Water the plants');
      expect(textIn(join(dataDir, 'sealing', 'events.db'))).toBe('sealed');
      expect(readFileSync(witnessOf(join(dataDir, 'sealing', 'events.db')), 'utf8')).toBe('witness of sealed');
      expect(existsSync(join(dataDir, 'events.db.clear'))).toBe(false);
    }
    rmSync(dataDir, { recursive: true });
  }
  expect(copied).toBeGreaterThan(1);
});

it('the log is never overwritten under its second name, also where somebody has removed the copy', () => {
  dataDir = mkdtempSync(join(tmpdir(), 'seal-kills-'));
  writeLog(join(dataDir, 'events.db'), 'Water the plants');
  linkSync(join(dataDir, 'events.db'), join(dataDir, 'events.db.clear'));
  sealedCopy(dataDir).finishReplacing();
  expect(textIn(join(dataDir, 'events.db'))).toBe('Water the plants');
});

it('a folder without the log is refused with a line, and the clear log is kept', () => {
  dataDir = mkdtempSync(join(tmpdir(), 'seal-kills-'));
  writeLog(join(dataDir, 'events.db.clear'), 'Water the plants');
  expect(() => sealedCopy(dataDir).finishReplacing()).toThrow('and no events.db');
  expect(textIn(join(dataDir, 'events.db.clear'))).toBe('Water the plants');
});
