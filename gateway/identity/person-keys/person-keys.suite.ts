/** The suite of the keys of persons, on any store of secrets. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_LIFE, keyName, MasterKeyMissing, PersonKeyMissing, type PersonKeys } from '../../../platform/sealing/person-keys.ts';
import { actorReference, addressReference, SNAPSHOTS, userReference, visitReference } from '../../../platform/sealing/person-reference.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type MasterKeys, openMasterKeys } from './master-keys.ts';
import { openPersonKeys } from './person-keys.ts';

export interface SecretsOfKeys {
  secrets: Secrets;
  close(): Promise<void>;
}

const AT = '2026-11-30T10:00:00.000Z';
const LATER = '2026-11-30T11:00:00.000Z';
const ADDRESS = addressReference('ann@example.org', (text) => `h(${text.length})`);

/** A process: its own cache and its own clock. */
function aProcess(secrets: Secrets) {
  let time = 0;
  const clock = () => time;
  const masters = openMasterKeys(secrets, clock);
  const keys = openPersonKeys({ secrets, masters, clock });
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { keys, masters, pass };
}

/** Runs the suite; `open` opens an empty store. */
export function personKeysSuite(name: string, open: () => Promise<SecretsOfKeys>): void {
  describe(`keys of persons in ${name}`, () => {
    let opened: SecretsOfKeys;
    let keys: PersonKeys;
    let masters: MasterKeys;
    let pass: (milliseconds: number) => void;
    let ann: string;
    beforeEach(async () => {
      opened = await open();
      ann = userReference(randomUUID());
      ({ keys, masters, pass } = aProcess(opened.secrets));
      await masters.make(null);
    });
    afterEach(() => opened.close());

    const other = () => aProcess(opened.secrets).keys;
    const toSeal = async (of: string, by = keys) => (await by.toSeal([of])).get(of);
    const toOpen = async (of: string, generation: number, by = keys) => (await by.toOpen([{ of, generation }])).get(keyName(of, generation));

    it('are one for each, the same for all processes, and open what they seal', async () => {
      const [bob, system] = [userReference(randomUUID()), actorReference('system')];
      const made = await keys.toSeal([ann, bob, system, ann]);
      expect([...made.keys()]).toEqual([ann, bob, system]);
      expect(new Set([...made.values()].map((one) => one?.key.export().toString('hex'))).size).toBe(3);
      for (const [of, one] of made) {
        expect(one?.generation).toBe(1);
        const found = await toOpen(of, 1, other());
        expect(one && found && typeof found === 'object' && 'equals' in found && found.equals(one.key)).toBe(true);
      }
    });

    it('are made once, however many processes ask at once', async () => {
      const found = await Promise.all([other(), other(), other(), other()].map((one) => toSeal(ann, one)));
      expect(new Set(found.map((one) => one?.key.export().toString('hex'))).size).toBe(1);
    });

    it.each([
      ['a user', () => ann],
      ['a visit', () => visitReference(randomUUID())],
    ])('of %s are never made anew once destroyed, in any process, and read as destroyed whatever the generation', async (_, named) => {
      const of = named();
      await toSeal(of);
      await keys.destroy([of], AT);
      for (const one of [keys, other()]) {
        expect(await toSeal(of, one)).toBeNull();
        expect(await toOpen(of, 1, one)).toBe('destroyed');
      }
      await keys.destroy([of], LATER);
      expect(await toSeal(of)).toBeNull();
    });

    it('of a user who had none yet are destroyed, too', async () => {
      await keys.destroy([ann], AT);
      expect(await toSeal(ann)).toBeNull();
      expect(await toOpen(ann, 1)).toBe('destroyed');
    });

    it('of an address are another one for whoever has it next, which the same erasure does not destroy again', async () => {
      const first = await toSeal(ADDRESS);
      await keys.destroy([ADDRESS], AT);
      const next = await toSeal(ADDRESS);
      expect(next?.generation).toBe(2);
      expect(first && next?.key.equals(first.key)).toBe(false);
      await keys.destroy([ADDRESS], AT);
      expect(await toOpen(ADDRESS, 1)).toBe('destroyed');
      expect(await toOpen(ADDRESS, 2)).toEqual(next?.key);
      await keys.destroy([ADDRESS], LATER);
      expect(await toOpen(ADDRESS, 2)).toBe('destroyed');
      await keys.destroy([ADDRESS], AT);
      expect((await toSeal(ADDRESS))?.generation).toBe(3);
    });

    it('of what is closed are none until it is freed, by each erasure that closed it, in any process', async () => {
      await toSeal(ADDRESS);
      await toSeal(SNAPSHOTS);
      for (const at of [AT, LATER]) {
        await keys.destroy([ADDRESS, ann], at, true);
        await keys.rotateSnapshots({ person: 'ann', at }, true);
      }
      const sealing = async () => [await toSeal(ADDRESS, other()), await toSeal(SNAPSHOTS, other())].map((one) => one?.generation);
      expect(await sealing()).toEqual([undefined, undefined]);
      expect(await toSeal(ADDRESS)).toBeNull();
      await keys.free([{ person: 'ann', keys: [ADDRESS, ann], at: AT }]);
      expect(await sealing()).toEqual([undefined, undefined]);
      for (const at of [LATER, LATER]) await keys.free([{ person: 'ann', keys: [ADDRESS, ann], at }]);
      expect(await sealing()).toEqual([2, 2]);
      expect((await toSeal(ADDRESS))?.generation).toBe(2);
      expect(await toOpen(ADDRESS, 1)).toBe('destroyed');
      expect(await toSeal(ann)).toBeNull();
      // Closed once: the same erasure, taken again, leaves it to whoever has it now.
      await keys.destroy([ADDRESS], AT, true);
      expect((await toSeal(ADDRESS, other()))?.generation).toBe(2);
    });

    it('of an address that had none have a generation behind all that an older store can have had', async () => {
      await keys.destroy([ADDRESS], AT);
      expect(await toOpen(ADDRESS, 7)).toBe('destroyed');
      expect((await toSeal(ADDRESS))?.generation).toBeGreaterThan(Date.parse(AT));
    });

    it('are used by another process for their life at most after they were destroyed', async () => {
      const [there, life] = (({ keys: its, pass: passes }) => [its, passes] as const)(aProcess(opened.secrets));
      await toSeal(ann, there);
      await keys.destroy([ann], AT);
      life(KEY_LIFE - 1);
      expect(await toSeal(ann, there)).not.toBeNull();
      life(1);
      expect(await toSeal(ann, there)).toBeNull();
      expect(await toOpen(ann, 1, there)).toBe('destroyed');
      expect(keys.settledAfter).toBeGreaterThan(KEY_LIFE);
    });

    it('are not brought back by a read that began before they were destroyed', async () => {
      await toSeal(ann);
      const slow = Promise.withResolvers<void>();
      const secrets: Secrets = {
        ...opened.secrets,
        some: async (kind, asked) => {
          const found = await opened.secrets.some<never>(kind, asked);
          await slow.promise;
          return found;
        },
      };
      const there = aProcess(secrets).keys;
      const reading = toOpen(ann, 1, there);
      await there.destroy([ann], AT);
      slow.resolve();
      await reading;
      expect(await toOpen(ann, 1, there)).toBe('destroyed');
    });

    it('that are missing are no destroyed ones: the error names them and says what to do', async () => {
      await toSeal(ann);
      for (const [of, generation] of [
        [userReference(randomUUID()), 1],
        [ann, 2],
      ] as const) {
        const found = await toOpen(of, generation);
        expect(found).toBeInstanceOf(PersonKeyMissing);
        expect((found as Error).message).toContain(of);
        expect((found as Error).message).toContain('backup of the secrets');
      }
    });

    it('of an author that is nobody are not destroyed', async () => {
      await expect(keys.destroy([actorReference('policy:notify')], AT)).rejects.toThrow('no person');
    });

    it('of snapshots are renewed', async () => {
      const first = await toSeal(SNAPSHOTS);
      await keys.rotateSnapshots({ person: 'ann', at: AT });
      expect(await toOpen(SNAPSHOTS, 1)).toBe('destroyed');
      const next = await toSeal(SNAPSHOTS);
      expect(next?.generation).toBe(2);
      expect(first && next?.key.equals(first.key)).toBe(false);
    });

    it('are kept wrapped: no record holds a key, and none opens as somebody else’s', async () => {
      const made = await toSeal(ann);
      const record = await opened.secrets.get<object>('person-keys', ann);
      const text = JSON.stringify(record);
      for (const form of ['base64url', 'base64', 'hex'] as const) expect(text).not.toContain(made?.key.export().toString(form));
      const bob = userReference(randomUUID());
      await opened.secrets.put('person-keys', { key: bob, value: record?.value, owner: 'bob' }, 0);
      await expect(toOpen(bob, 1)).rejects.toBeInstanceOf(MasterKeyMissing);
    });

    it('refuse without their master, and with another one in its place, and make none anew', async () => {
      await toSeal(ann);
      const id = (await masters.pointer()) ?? '';
      const master = await opened.secrets.get<string>('keys', `master:${id}`);
      await opened.secrets.put('keys', { key: `master:${id}`, value: Buffer.alloc(32).toString('base64url'), owner: 'installation' });
      await expect(toOpen(ann, 1, other())).rejects.toThrow(id);
      await opened.secrets.delete('keys', `master:${id}`);
      await expect(toOpen(ann, 1, other())).rejects.toThrow(id);
      await expect(toSeal(userReference(randomUUID()), other())).rejects.toBeInstanceOf(MasterKeyMissing);
      await opened.secrets.put('keys', { key: `master:${id}`, value: master?.value, owner: 'installation' });
      expect(await toOpen(ann, 1, other())).toMatchObject({ type: 'secret' });
    });

    it('are read again once their life is over', async () => {
      await toSeal(ann);
      await opened.secrets.delete('person-keys', ann);
      expect(await toOpen(ann, 1)).toMatchObject({ type: 'secret' });
      pass(KEY_LIFE);
      expect(await toOpen(ann, 1)).toBeInstanceOf(PersonKeyMissing);
    });
  });
}
