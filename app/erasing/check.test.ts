/** What `verify-erasure` finds in the secrets, each by itself. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ERASURE_STEP_NAMES, type ErasureCertificate, NOT_LOOKED_FOR } from '../../contracts/erasure.ts';
import { openCertifier } from '../../gateway/erasing/certificate.ts';
import { openMasterKeys } from '../../gateway/identity/person-keys/master-keys.ts';
import { openPersonKeys } from '../../gateway/identity/person-keys/person-keys.ts';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import type { Secrets } from '../../gateway/identity/secrets/secrets.ts';
import { openErasureRecords } from '../../platform/erasing/erasure-record.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import type { PersonKeys } from '../../platform/sealing/person-keys.ts';
import { searchedTextsReference, userReference } from '../../platform/sealing/person-reference.ts';
import { erasureCheckOn } from './check.ts';

const AT = '2026-11-30T10:00:00.000Z';
const ANN = randomUUID();
const KEYS = [userReference(ANN), 'address:of ann', 'address:of ann, too'];
const ERASURE = { person: ANN, at: AT };

let dataDir: string;
let secrets: Secrets;
let keys: PersonKeys;
let certificate: ErasureCertificate;
/** What the check calls wrong in the secrets. */
let wrong: () => Promise<string[]>;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'check-'));
  secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  await openMasterKeys(secrets).make(null);
  keys = openPersonKeys({ secrets, masters: openMasterKeys(secrets) });
  const store = inMemoryStore();
  const steps = ERASURE_STEP_NAMES.map((step) => ({ step, what: '', where: '', count: 1, at: AT }));
  const done = Object.fromEntries(steps.map((one) => [one.step, one]));
  const state = { person: ANN, keys: KEYS, requestedBy: ANN, requestedAt: AT, forgottenAt: AT, waits: {}, done };
  certificate = await openCertifier(secrets, { installation: 'i', now: () => new Date(AT) }).certify({ ...state, certificate: null });
  await openErasureRecords(store).change(ANN, () => ({ ...state, certificate }));
  const readModels = { state: async () => null } as unknown as ReadModels;
  wrong = async () => {
    const { lines } = await erasureCheckOn({ store, secrets, readModels })(certificate);
    return lines.filter(({ ok, what }) => !ok && what.startsWith('the secrets')).map(({ what, found }) => `${what}: ${found}`);
  };
  await keys.destroy(KEYS, AT);
  await keys.rotateSnapshots(ERASURE);
});
afterEach(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

it('nothing, where each key of the erasure is destroyed, also where an address has another one since, of whoever has it now', async () => {
  expect(await wrong()).toEqual([]);
  await keys.toSeal(['address:of ann']);
  expect(await wrong()).toEqual([]);
});

it('keys of addresses that an older backup has brought back, that of the person, and that of kept states', async () => {
  for (const [of, found] of [
    ['address:of ann, too', 'the secrets: keys of addresses and numbers: 1 are not destroyed'],
    [userReference(ANN), 'the secrets: the key: 1 keys are there'],
    ['installation:snapshots', 'the secrets: the key of kept states: 1 was not renewed'],
  ] as const) {
    const record = await secrets.get('person-keys', of);
    await secrets.delete('person-keys', of);
    expect(await wrong()).toEqual([found]);
    await secrets.put('person-keys', { key: of, value: record?.value, owner: record?.owner ?? '' });
  }
});

it('the key of texts that are still to be looked for, and a session', async () => {
  await keys.toSeal([searchedTextsReference(ANN)]);
  await secrets.put('sessions', { key: 's', value: {}, owner: ANN });
  expect(await wrong()).toEqual(['the secrets: the key of texts to look for: 1 is there', 'the secrets: access: 1 records are there']);
});

it('and says what it cannot look for', async () => {
  const { notKnown } = await erasureCheckOn({ store: inMemoryStore(), secrets, readModels: { state: async () => null } as unknown as ReadModels })(
    certificate,
  );
  expect(notKnown).toEqual(expect.arrayContaining([...NOT_LOOKED_FOR]));
});
