/**
 * The subjects of issuers that may come in as a user, in the secrets: each is one user's. A record names the subject by a keyed hash alone, so it is
 * found by who signs in, and with its user; it goes with the user.
 */
import type { SecretRecord, Secrets } from '../secrets/secrets.ts';
import type { SignedIn } from './signed-in.ts';

export type Subject = Pick<SignedIn, 'issuer' | 'subject'>;

interface JoinedSubject {
  userId: string;
  issuer: string;
  /** When it was joined to the user: ISO 8601. */
  since: string;
}

export interface Subjects {
  /** Resolves to the record of a subject, with the user as whom it comes in; null where there is none. */
  find(subject: Subject): Promise<SecretRecord<JoinedSubject> | null>;
  /** Joins a subject to a user, in the place of its record of this version (0: none); false where there is another one by now. */
  join(subject: Subject, userId: string, version: number): Promise<boolean>;
  /** Takes a subject from the user to whom it is joined. */
  part(subject: Subject): Promise<void>;
  /** Takes all subjects from a user, but for one. */
  partAll(userId: string, except?: Subject): Promise<void>;
}

export function openSubjects({ secrets, hmac, now }: { secrets: Secrets; hmac(text: string): string; now(): Date }): Subjects {
  const keyOf = ({ issuer, subject }: Subject) => hmac(`subject:${JSON.stringify([issuer, subject])}`);
  return {
    find: (subject) => secrets.get<JoinedSubject>('subjects', keyOf(subject)),
    join: (subject, userId, version) => {
      const value: JoinedSubject = { userId, issuer: subject.issuer, since: now().toISOString() };
      return secrets.put('subjects', { key: keyOf(subject), value, owner: userId }, version);
    },
    part: (subject) => secrets.delete('subjects', keyOf(subject)),
    partAll: async (userId, except) => {
      const kept = except && keyOf(except);
      for (const { key } of await secrets.list('subjects', userId)) if (key !== kept) await secrets.delete('subjects', key);
    },
  };
}
