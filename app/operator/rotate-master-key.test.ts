import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_STREAM } from '../../contracts/message.ts';
import { openMasterKeys } from '../../gateway/identity/person-keys/master-keys.ts';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import type { Secrets } from '../../gateway/identity/secrets/secrets.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { keyName, type PersonKeys } from '../../platform/sealing/person-keys.ts';
import { userReference } from '../../platform/sealing/person-reference.ts';
import { sealedStore } from '../../platform/sealing/sealed-store.ts';
import { sealingNotes } from '../../platform/sealing/sealing-log.ts';
import { openSealing } from '../sealing.ts';
import { rotateMaster } from './rotate-master-key.ts';

const signal = new AbortController().signal;
let dataDir: string;
let secrets: Secrets;
let store: EventStore;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'rotate-'));
  secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  store = inMemoryStore();
});
afterEach(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

const aProcess = () => openSealing({ store, secrets, signal });
const people = Array.from({ length: 12 }, () => userReference(randomUUID()));
const keysOf = async (keys: PersonKeys) => {
  const found = await keys.toOpen(people.map((of) => ({ of, generation: 1 })));
  return people
    .map((of) => found.get(keyName(of, 1)))
    .map((key) => (key && typeof key === 'object' && 'export' in key ? key.export().toString('hex') : key));
};
const keysIn = async () => {
  const found: unknown[] = [];
  for await (const page of secrets.all('keys')) found.push(...page);
  return found;
};
const namedIn = async () => {
  const named = new Set<string | undefined>();
  for await (const page of secrets.all('person-keys')) for (const { value } of page) named.add((value as { live?: { master: string } }).live?.master);
  return [...named];
};

describe('the keys that a log is sealed with', () => {
  it('get a master key with the first event that is sealed, and the log names it and is whole', async () => {
    const { keys, hmac, masters, whole } = await aProcess();
    expect([await masters.all(), await sealingNotes(store), whole]).toEqual([[], { masters: [], whole: false }, true]);
    await sealedStore(store, { keys, hmac }).append(`task-${randomUUID()}`, NO_STREAM, [newEvent('TaskCreated')]);
    expect(await sealingNotes(store)).toEqual({ masters: await masters.all(), whole: true });
    expect((await aProcess()).whole).toBe(true);
  });

  it('are not whole over a log that has events already', async () => {
    await store.append(`task-${randomUUID()}`, NO_STREAM, [newEvent('TaskCreated')]);
    const { keys, whole } = await aProcess();
    await keys.toSeal(people);
    expect([whole, (await sealingNotes(store)).whole, (await aProcess()).whole]).toEqual([false, false, false]);
  });

  it.each(['lost', 'another installation’s'])('are refused where the master is %s, which the line names; nothing is written', async (how) => {
    await (await aProcess()).keys.toSeal(people);
    const [id = ''] = (await sealingNotes(store)).masters;
    await secrets.delete('keys', 'master');
    await secrets.delete('keys', `master:${id}`);
    if (how !== 'lost') await openMasterKeys(secrets).make(null);
    const before = await keysIn();
    await expect(aProcess()).rejects.toMatchObject({ name: 'UserError', message: expect.stringContaining(id) });
    expect(await keysIn()).toEqual(before);
    expect((await sealingNotes(store)).masters).toEqual([id]);
  });
});

describe('rotating the master key', () => {
  it('wraps every key anew and removes the one before; a process that runs goes on, and a new one starts', async () => {
    const running = await aProcess();
    await running.keys.toSeal(people);
    const before = await keysOf(running.keys);
    const [old] = await running.masters.all();
    const { master, wrapped } = await rotateMaster({ store, secrets }, 0);
    expect([wrapped, master === old]).toEqual([people.length, false]);
    expect([await running.masters.all(), await namedIn(), (await sealingNotes(store)).masters]).toEqual([[master], [master], [old, master]]);
    for (const { keys } of [running, await aProcess()]) expect(await keysOf(keys)).toEqual(before);
    await running.keys.toSeal([userReference(randomUUID())]);
  });

  it.each([0, 1, 2, 3, 5, 9, 20])('goes on where it was killed after %s writes: no key is lost, and one master is left', async (writes) => {
    const { keys, masters } = await aProcess();
    await keys.toSeal(people);
    const before = await keysOf(keys);
    let left = writes;
    const dying: Secrets = {
      ...secrets,
      put: async (...args) => {
        if (left-- <= 0) throw new Error('killed');
        return secrets.put(...args);
      },
      delete: async (...args) => {
        if (left-- <= 0) throw new Error('killed');
        return secrets.delete(...args);
      },
    };
    await rotateMaster({ store, secrets: dying }, 0).catch(() => {});
    expect(await keysOf((await aProcess()).keys)).toEqual(before);
    const { master } = await rotateMaster({ store, secrets }, 0);
    expect([await masters.all(), await namedIn()]).toEqual([[master], [master]]);
    expect(await keysOf((await aProcess()).keys)).toEqual(before);
  });

  it('wraps what was made meanwhile, too', async () => {
    const running = await aProcess();
    await running.keys.toSeal(people);
    const late = userReference(randomUUID());
    const rotating = rotateMaster({ store, secrets }, 50);
    await running.keys.toSeal([late]);
    const { master } = await rotating;
    expect(await namedIn()).toEqual([master]);
    expect((await (await aProcess()).keys.toOpen([{ of: late, generation: 1 }])).get(keyName(late, 1))).toMatchObject({ type: 'secret' });
  });
});
