/** What an erasure removes from the secrets beside the keys: at its steps, and again at each start, since an older backup may have brought it back. */
import { eraseFromAudit } from '../../gateway/audit/erase-from-audit.ts';
import { type ErasedNotes, openErasedNotes } from '../../gateway/erasing/erased-notes.ts';
import { type KeptTexts, openKeptTexts } from '../../gateway/erasing/kept-texts.ts';
import type { Identity } from '../../gateway/identity/identity.ts';
import { eraseSignIns, type SoughtPerson } from '../../gateway/identity/oidc/erase-sign-ins.ts';
import type { SecretKind, Secrets } from '../../gateway/identity/secrets/secrets.ts';
import type { PersonKeys } from '../../platform/sealing/person-keys.ts';

/** Those that remove resolve to the person of each record or entry that there was. Errors: SecretsUnavailable, and those of the keys. */
export interface FromSecrets {
  /** Ends what lets these people in. */
  access(people: readonly SoughtPerson[]): Promise<string[]>;
  /** Takes their networks from the audit log. */
  audit(people: ReadonlySet<string>): Promise<string[]>;
  /** Their texts that an outbox is still to be searched for. */
  texts: KeptTexts;
  /** Who is not to be looked for any more. */
  notes: ErasedNotes;
  /** Overwrites what was removed. */
  purge(): Promise<void>;
}

export interface FromSecretsOptions {
  secrets: Secrets;
  identity: Pick<Identity, 'onUserDeleted'>;
  personKeys: Pick<PersonKeys, 'toSeal' | 'toOpen' | 'destroy'>;
  hmac(text: string): string;
}

/** How an erasure finds what each kind of secrets has of a person: by its owner, as what lets them in; in a way of its own; or it has nothing of theirs. */
const KINDS: Readonly<Record<SecretKind, 'owner' | 'own way' | 'nothing'>> = {
  credentials: 'owner',
  sessions: 'owner',
  codes: 'owner',
  'second-factors': 'owner',
  subjects: 'owner',
  'ways-in': 'owner',
  'sign-ins': 'own way',
  audit: 'own way',
  'person-keys': 'own way',
  erasures: 'own way',
  erased: 'nothing',
  keys: 'nothing',
  // They are the installation's, and go on: whoever made one is in it by id.
  'api-keys': 'nothing',
};
const OF_ACCESS = (Object.keys(KINDS) as SecretKind[]).filter((kind) => KINDS[kind] === 'owner');

/** The number of records that let a person in. Error: SecretsUnavailable. */
export async function accessLeft(secrets: Pick<Secrets, 'list'>, person: string): Promise<number> {
  return (await Promise.all(OF_ACCESS.map((kind) => secrets.list(kind, person)))).flat().length;
}

export function fromSecrets({ secrets, identity, personKeys, hmac }: FromSecretsOptions): FromSecrets {
  async function accessOf(person: string): Promise<string[]> {
    const count = await accessLeft(secrets, person);
    if (count > 0) await identity.onUserDeleted(person);
    return Array<string>(count).fill(person);
  }

  return {
    access: async (people) => {
      const found = people.length > 0 ? await eraseSignIns({ secrets, hmac }, people) : [];
      for (const { person } of people) found.push(...(await accessOf(person)));
      return found;
    },
    audit: async (people) => (people.size > 0 ? eraseFromAudit(secrets, people) : []),
    texts: openKeptTexts({ secrets, keys: personKeys }),
    notes: openErasedNotes(secrets),
    purge: () => secrets.purge(),
  };
}
