/**
 * The notes in the secrets of the people of whom nothing is left there: written once every step of an erasure is done. Whoever is erased and has no note may
 * have come back with an older backup of the secrets, from before the erasure or from its middle.
 */
import type { Secrets } from '../identity/secrets/secrets.ts';

/** An erasure: whose, and its time (ISO 8601). */
interface Erasure {
  person: string;
  at: string;
}

/** Errors of its functions: SecretsUnavailable. */
export interface ErasedNotes {
  /** Notes that nothing is left of these people. Repeating it does no harm. */
  note(erasures: readonly Erasure[]): Promise<void>;
  /** Those of these erasures without a note. */
  lacking<E extends Erasure>(erasures: readonly E[]): Promise<E[]>;
}

const KIND = 'erased';
/** Keys asked for at once. */
const CHUNK = 1_000;

/** The key of a note. A storage format. */
const keyOf = ({ person, at }: Erasure) => `${person} ${at}`;

export function openErasedNotes(secrets: Pick<Secrets, 'put' | 'present'>): ErasedNotes {
  return {
    note: async (erasures) => {
      for (const one of erasures) await secrets.put(KIND, { key: keyOf(one), value: null, owner: one.person }, 0);
    },
    lacking: async (erasures) => {
      const noted = new Set<string>();
      for (let from = 0; from < erasures.length; from += CHUNK) {
        for (const key of await secrets.present(KIND, erasures.slice(from, from + CHUNK).map(keyOf))) noted.add(key);
      }
      return erasures.filter((one) => !noted.has(keyOf(one)));
    },
  };
}
