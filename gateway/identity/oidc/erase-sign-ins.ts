/** Sign-ins with an issuer that are under way when a person is erased: until its page has exchanged the code, a record has who signed in, in clear text. */
import { addressReferences } from '../../../platform/sealing/person-reference.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { SignInRecord } from './sign-in-codes.ts';

/** Who is looked for: a person's id, and the references of their keys, by which their addresses are known when nobody can read those any more. */
export interface SoughtPerson {
  person: string;
  keys: readonly string[];
}

export interface SignInsOf {
  secrets: Pick<Secrets, 'all' | 'delete'>;
  hmac(text: string): string;
}

/**
 * Removes the sign-ins under way of these people: of whoever comes in as one of them, or has an address of theirs. Resolves to the person of each. Error:
 * SecretsUnavailable.
 */
export async function eraseSignIns({ secrets, hmac }: SignInsOf, people: readonly SoughtPerson[]): Promise<string[]> {
  const ids = new Set(people.map(({ person }) => person));
  const byKey = new Map(people.flatMap(({ person, keys }) => keys.map((key) => [key, person] as const)));

  function personIn({ value }: SignInRecord): string | undefined {
    const comesAs = value?.asOf?.userId;
    if (comesAs && ids.has(comesAs)) return comesAs;
    const references = value?.who?.email ? addressReferences(value.who.email, hmac) : [];
    return references.map((one) => byKey.get(one)).find((one) => one !== undefined);
  }

  const removed: string[] = [];
  for await (const page of secrets.all('sign-ins')) {
    for (const record of page) {
      const person = personIn(record as SignInRecord);
      if (person === undefined) continue;
      await secrets.delete('sign-ins', record.key);
      removed.push(person);
    }
  }
  return removed;
}
