/** Texts that an outbox is to be searched for: sealed until it was, and gone with their key. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type KeysInMemory, keysInMemory } from '../../platform/sealing/person-keys.fixture.ts';
import { PersonKeyMissing } from '../../platform/sealing/person-keys.ts';
import { searchedTextsReference } from '../../platform/sealing/person-reference.ts';
import { openSecrets } from '../identity/secrets/open.ts';
import type { Secrets } from '../identity/secrets/secrets.ts';
import { openKeptTexts } from './kept-texts.ts';

const [ANN, BEN] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
const AT = '2026-01-01T00:00:00.000Z';
const FOUND = { addresses: ['ann@example.org'], texts: ['Lamp of Ann', 'x'.repeat(1_100_000), 'the last of Ann'] };

let dataDir: string;
let secrets: Secrets;
let keys: KeysInMemory;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'kept-texts-'));
  secrets = await openSecrets('sqlite:', { dataDir, log: pino({ level: 'silent' }) });
  keys = keysInMemory();
});
afterEach(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});
/** One of several processes. */
const process = () => openKeptTexts({ secrets, keys });

it('are read by every process, also after a kill in the middle, and stand in no file', async () => {
  await process().keep(ANN, { addresses: [], texts: Array(4).fill('of a run that was killed '.repeat(50_000)) });
  await process().keep(ANN, FOUND);
  await process().keep(BEN, { addresses: [], texts: ['of Ben'] });
  expect(await process().of(ANN)).toEqual(FOUND);
  expect(await process().people()).toEqual(new Set([ANN, BEN]));
  for (const name of ['secrets.db', 'secrets.db-wal'])
    for (const text of ['Lamp of Ann', 'the last of Ann', 'ann@example.org', 'of Ben'])
      expect(readFileSync(join(dataDir, name)).includes(text), `${text} in ${name}`).toBe(false);
});

it('are gone once they were looked for, with the key: an older backup of the secrets does not bring them back', async () => {
  await process().keep(ANN, FOUND);
  const backup = await secrets.list('erasures', ANN);
  expect(await process().remove(ANN, AT)).toBe(2);
  expect(await process().of(ANN)).toEqual({ addresses: [], texts: [] });
  for (const { key, value, owner } of backup) await secrets.put('erasures', { key, value, owner });
  expect(await process().of(ANN)).toEqual({ addresses: [], texts: [] });
  expect(await process().remove(ANN, AT)).toBe(2);
});

it('are waited for where their key is missing and nobody destroyed it, and those of a release that kept them clear are read', async () => {
  await process().keep(ANN, FOUND);
  keys.lose(searchedTextsReference(ANN));
  await expect(process().of(ANN)).rejects.toThrow(PersonKeyMissing);
  await secrets.put('erasures', { key: `${BEN} 0`, value: { addresses: ['ben@example.org'], texts: ['clear'] }, owner: BEN });
  expect(await process().of(BEN)).toEqual({ addresses: ['ben@example.org'], texts: ['clear'] });
});
