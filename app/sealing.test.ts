/** What a start does about keys before it opens anything. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { openErasureList } from '../platform/erasing/erasure-list.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { keyName } from '../platform/sealing/person-keys.ts';
import { userReference } from '../platform/sealing/person-reference.ts';
import { openSealing } from './sealing.ts';

const AT = '2026-11-30T10:00:00.000Z';

it('opens nothing of whoever the log calls erased, though an older backup of the secrets has their keys, and goes on to open what is others’', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sealing-'));
  const secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  onTestFinished(async () => {
    await secrets.close();
    rmSync(dataDir, { recursive: true });
  });
  const [store, person] = [inMemoryStore(), randomUUID()];
  const opened = () => openSealing({ store, secrets, signal: new AbortController().signal });
  const [ann, address, ben] = [userReference(person), 'address:ann', userReference(randomUUID())];
  await (await opened()).keys.toSeal([ann, address, ben]);
  const list = openErasureList(store);
  await list.add({ state: 'begun', person, by: person, at: AT });
  await list.add({ state: 'forgotten', person, keys: [ann, address], at: AT });
  await list.add({ state: 'certified', person, at: AT });

  const { keys, destroyedAgain } = await opened();
  expect(destroyedAgain).toBe(1);
  const wanted = [ann, address, ben].map((of) => ({ of, generation: 1 }));
  const found = await keys.toOpen(wanted);
  expect([ann, address].map((of) => found.get(keyName(of, 1)))).toEqual(['destroyed', 'destroyed']);
  expect(found.get(keyName(ben, 1))).toMatchObject({ type: 'secret' });
  expect((await opened()).destroyedAgain).toBe(0);
});
