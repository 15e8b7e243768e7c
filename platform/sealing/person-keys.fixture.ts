/** Keys of persons in memory, for tests. */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { keyName, type OpeningKey, PersonKeyMissing, type PersonKeys } from './person-keys.ts';
import { hasOneKey, SNAPSHOTS } from './person-reference.ts';

export interface KeysInMemory extends PersonKeys {
  /** Loses a key, as an older backup of the secrets does. */
  lose(of: string): void;
  /** The people with a key. */
  people(): string[];
}

/** Makes keys for whoever is asked for, and keeps to the rules of the port. */
export function keysInMemory(): KeysInMemory {
  const live = new Map<string, { generation: number; key: KeyObject }>();
  const destroyed = new Map<string, number>();
  const closed = new Set<string>();
  const over = (of: string) => destroyed.has(of) && hasOneKey(of);

  function make(of: string) {
    if (over(of) || closed.has(of)) return null;
    const made = live.get(of) ?? { generation: (destroyed.get(of) ?? 0) + 1, key: createSecretKey(randomBytes(32)) };
    live.set(of, made);
    return made;
  }

  function opening(of: string, generation: number): OpeningKey {
    const found = live.get(of);
    if (found?.generation === generation) return found.key;
    return over(of) || generation <= (destroyed.get(of) ?? 0) ? 'destroyed' : new PersonKeyMissing({ of, generation });
  }

  async function destroy(people: readonly string[], _at = '', closes = false): Promise<void> {
    for (const of of people) {
      if (closes && !hasOneKey(of)) closed.add(of);
      destroyed.set(of, live.get(of)?.generation ?? destroyed.get(of) ?? 1);
      live.delete(of);
    }
  }

  return {
    toSeal: async (people) => new Map(people.map((of) => [of, make(of)])),
    toOpen: async (wanted) => new Map(wanted.map(({ of, generation }) => [keyName(of, generation), opening(of, generation)])),
    destroy,
    free: async (erasures) => {
      for (const of of [SNAPSHOTS, ...erasures.flatMap(({ keys }) => keys)]) closed.delete(of);
    },
    rotateSnapshots: ({ at }, closes) => destroy([SNAPSHOTS], at, closes),
    freeAllBut: async (open) => {
      if ((await open()).length === 0) closed.clear();
    },
    notDestroyed: async (erasures) => erasures.filter(({ keys }) => keys.some((of) => !destroyed.has(of))),
    settledAfter: 0,
    lose: (of) => {
      live.delete(of);
    },
    people: () => [...live.keys()],
  };
}

/** An HMAC of no secret, which still hides what it is of. */
export const hmacForTests = (text: string) => Buffer.from(text).toString('hex');
