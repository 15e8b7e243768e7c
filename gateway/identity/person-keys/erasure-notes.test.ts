/** Keys, by what several erasures have noted on them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyName, type PersonKeys } from '../../../platform/sealing/person-keys.ts';
import { addressReference, SNAPSHOTS, userReference } from '../../../platform/sealing/person-reference.ts';
import { openSecrets } from '../secrets/open.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { openMasterKeys } from './master-keys.ts';
import { openPersonKeys } from './person-keys.ts';

const AT = '2026-11-30T10:00:00.000Z';
const LATER = '2026-11-30T11:00:00.000Z';
const ADDRESS = addressReference('ann@example.org', (text) => `h(${text.length})`);
const ann = userReference(randomUUID());

let dataDir: string;
let secrets: Secrets;
let keys: PersonKeys;
/** Those of another process. */
const other = () => openPersonKeys({ secrets, masters: openMasterKeys(secrets) });
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'erasure-notes-'));
  secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  await openMasterKeys(secrets).make(null);
  keys = other();
});
afterEach(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

const toSeal = async (of: string, by = keys) => (await by.toSeal([of])).get(of);
const toOpen = async (of: string, generation: number) => (await keys.toOpen([{ of, generation }])).get(keyName(of, generation));

it('of snapshots are closed and renewed by each of several erasures at the same time', async () => {
  await keys.rotateSnapshots({ person: 'ann', at: AT }, true);
  await keys.rotateSnapshots({ person: 'bob', at: AT }, true);
  const free = (person: string) => keys.free([{ person, keys: [], at: AT }]);
  await free('ann');
  expect(await toSeal(SNAPSHOTS, other())).toBeNull();
  await free('bob');
  expect((await toSeal(SNAPSHOTS))?.generation).toBe(Date.parse(AT) + 1);
  await keys.rotateSnapshots({ person: 'cal', at: AT });
  expect(await toOpen(SNAPSHOTS, Date.parse(AT) + 1)).toBe('destroyed');
});

it('are all destroyed by an erasure only where each of them, and that of snapshots, has its note', async () => {
  const erasure = { person: 'ann', keys: [ann, ADDRESS], at: AT };
  const isOver = async () => (await keys.notDestroyed([erasure])).length === 0;
  await keys.destroy([ann, ADDRESS], LATER);
  await keys.destroy([ann], AT);
  await keys.rotateSnapshots(erasure);
  expect(await isOver()).toBe(false);
  await keys.destroy([ADDRESS], AT);
  expect(await isOver()).toBe(true);
  expect(await keys.notDestroyed([{ ...erasure, keys: [], at: LATER }, erasure])).toEqual([{ ...erasure, keys: [], at: LATER }]);
});

it('of what was closed are there again where no erasure is open that has closed it', async () => {
  for (const [person, at] of [
    ['ann', AT],
    ['bob', LATER],
  ] as const) {
    await keys.destroy([ADDRESS], at, true);
    await keys.rotateSnapshots({ person, at }, true);
  }
  const sealing = async () => [await toSeal(ADDRESS, other()), await toSeal(SNAPSHOTS, other())].map((one) => one !== null);
  await keys.freeAllBut(async () => [
    { person: 'ann', at: AT },
    { person: 'bob', at: LATER },
  ]);
  await keys.free([{ person: 'ann', keys: [ADDRESS], at: AT }]);
  await keys.freeAllBut(async () => [{ person: 'bob', at: LATER }]);
  expect(await sealing()).toEqual([false, false]);
  await keys.freeAllBut(async () => [{ person: 'cal', at: AT }]);
  expect(await sealing()).toEqual([true, true]);
});

it('of snapshots that the release before closed, by the time alone, are freed', async () => {
  await keys.destroy([SNAPSHOTS], AT, true);
  await keys.free([{ person: 'ann', keys: [], at: AT }]);
  expect(await toSeal(SNAPSHOTS)).not.toBeNull();
});
