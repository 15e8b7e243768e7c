/**
 * The texts of a person who is being erased, kept in the secrets from before their keys are destroyed until every outbox was searched for them: a mail may be
 * written in between. They go with the step that needs them.
 */
import type { Secrets } from '../identity/secrets/secrets.ts';

const KIND = 'erasures';
/** Characters in a record, about: no store is asked for a record that is too large for it. */
const CHARACTERS = 1_000_000;

export interface KeptTexts {
  /** Keeps them; again: instead of those before. */
  keep(person: string, texts: { addresses: readonly string[]; texts: readonly string[] }): Promise<void>;
  /** Those that are kept. */
  of(person: string): Promise<{ addresses: string[]; texts: string[] }>;
  /** Removes them; resolves to the number of texts and addresses that there were. */
  remove(person: string): Promise<number>;
}

interface Kept {
  addresses: readonly string[];
  texts: readonly string[];
}

/** Opens them. Errors of its functions: SecretsUnavailable. */
export function openKeptTexts(secrets: Pick<Secrets, 'put' | 'list' | 'delete'>): KeptTexts {
  async function remove(person: string): Promise<number> {
    const records = await secrets.list<Kept>(KIND, person);
    for (const { key } of records) await secrets.delete(KIND, key);
    return records.reduce((sum, { value }) => sum + value.addresses.length + value.texts.length, 0);
  }

  return {
    remove,
    keep: async (person, { addresses, texts }) => {
      await remove(person);
      for (const [index, chunk] of chunksOf(texts).entries()) {
        const value: Kept = { addresses: index === 0 ? addresses : [], texts: chunk };
        await secrets.put(KIND, { key: `${person} ${index}`, value, owner: person });
      }
    },
    of: async (person) => {
      const records = await secrets.list<Kept>(KIND, person);
      return { addresses: records.flatMap(({ value }) => value.addresses), texts: records.flatMap(({ value }) => value.texts) };
    },
  };
}

function chunksOf(texts: readonly string[]): string[][] {
  const chunks: string[][] = [[]];
  let size = 0;
  for (const text of texts) {
    if (size > CHARACTERS) {
      chunks.push([]);
      size = 0;
    }
    chunks.at(-1)?.push(text);
    size += text.length;
  }
  return chunks;
}
