/**
 * The texts of a person who is being erased, kept in the secrets from before their keys are destroyed until every outbox was searched for them: a mail may be
 * written in between. They are sealed under a key of their own, and go with the step that needs them, and their key with them.
 */
import { openBox, sealBox } from '../../platform/sealing/box.ts';
import { keyName, type PersonKeys } from '../../platform/sealing/person-keys.ts';
import { searchedTextsReference } from '../../platform/sealing/person-reference.ts';
import type { SecretRecord, Secrets } from '../identity/secrets/secrets.ts';

const KIND = 'erasures';
/** Characters in a record, about: no store is asked for a record that is too large for it. */
const CHARACTERS = 1_000_000;

export interface KeptTexts {
  /** Keeps them; again: instead of those before. */
  keep(person: string, texts: FoundTexts): Promise<void>;
  /** Those that are kept. */
  of(person: string): Promise<{ addresses: string[]; texts: string[] }>;
  /** Everybody of whom some are kept. */
  people(): Promise<ReadonlySet<string>>;
  /** Removes them, and destroys their key; `at`: the time of the erasure (ISO 8601). Resolves to the number of records that there were. */
  remove(person: string, at: string): Promise<number>;
}

export interface KeptTextsOptions {
  secrets: Pick<Secrets, 'put' | 'list' | 'all' | 'delete'>;
  keys: Pick<PersonKeys, 'toSeal' | 'toOpen' | 'destroy'>;
}

export interface FoundTexts {
  addresses: readonly string[];
  texts: readonly string[];
}

/** A record. A storage format; the first releases that erased kept them clear. */
type Kept = FoundTexts | { generation: number; box: string };

/** Opens them. Errors of its functions: SecretsUnavailable, and those of the keys. */
export function openKeptTexts({ secrets, keys }: KeptTextsOptions): KeptTexts {
  async function removeRecords(person: string): Promise<number> {
    const records = await secrets.list<Kept>(KIND, person);
    for (const { key } of records) await secrets.delete(KIND, key);
    return records.length;
  }

  async function opened(person: string, { key, value }: SecretRecord<Kept>): Promise<FoundTexts> {
    if (!('box' in value)) return value;
    const wanted = { of: searchedTextsReference(person), generation: value.generation };
    const found = (await keys.toOpen([wanted])).get(keyName(wanted.of, wanted.generation));
    // Only an older backup of the secrets brings a record back that was done with.
    if (!found || found === 'destroyed') return { addresses: [], texts: [] };
    if (found instanceof Error) throw found;
    return openBox(value.box, found, key) as FoundTexts;
  }

  return {
    keep: async (person, { addresses, texts }) => {
      await removeRecords(person);
      const reference = searchedTextsReference(person);
      const sealing = (await keys.toSeal([reference])).get(reference);
      if (!sealing) throw new Error('the key of the texts of an erasure is made anew, never missing');
      for (const [index, chunk] of chunksOf(texts).entries()) {
        const key = `${person} ${index}`;
        const box = sealBox({ addresses: index === 0 ? addresses : [], texts: chunk } satisfies FoundTexts, sealing.key, key);
        await secrets.put(KIND, { key, value: { generation: sealing.generation, box } satisfies Kept, owner: person });
      }
    },
    of: async (person) => {
      const found: FoundTexts[] = [];
      for (const record of await secrets.list<Kept>(KIND, person)) found.push(await opened(person, record));
      return { addresses: found.flatMap(({ addresses }) => addresses), texts: found.flatMap(({ texts }) => texts) };
    },
    people: async () => {
      const people = new Set<string>();
      for await (const page of secrets.all(KIND)) for (const { owner } of page) people.add(owner);
      return people;
    },
    remove: async (person, at) => {
      const count = await removeRecords(person);
      await keys.destroy([searchedTextsReference(person)], at);
      return count;
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
