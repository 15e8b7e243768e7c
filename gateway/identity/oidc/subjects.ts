/**
 * The subjects of issuers that may come in as a user, in the secrets: each is one user's. A record names the subject by a keyed hash alone, so it is
 * found by who signs in, and with its user; it goes with the user.
 */
import { stableId } from '../../../platform/stable-id.ts';
import type { SecretRecord, Secrets } from '../secrets/secrets.ts';
import { untilWon } from '../until-won.ts';
import type { SignedIn } from './signed-in.ts';

export type Subject = Pick<SignedIn, 'issuer' | 'subject'>;

interface JoinedSubject {
  userId: string;
  issuer: string;
  /** When it was joined to the user: ISO 8601. */
  since: string;
}

/** A subject with its user. */
export interface OwnSubject extends JoinedSubject {
  /** What its user calls it: a UUID that follows from the key. */
  id: string;
  /** The name of its record, which nobody is told. */
  key: string;
}

export interface Subjects {
  /** Resolves to the record of a subject, with the user as whom it comes in; null where there is none. */
  find(subject: Subject): Promise<SecretRecord<JoinedSubject> | null>;
  /**
   * Claims the id of a user who is about to be made for a subject, or for who sets a password: true for the first way in that does, and for that one
   * ever again.
   */
  claim(way: Subject | 'password', userId: string): Promise<boolean>;
  /** Joins a subject to a user, in the place of its record of this version (0: none); false where there is another one by now. */
  join(subject: Subject, userId: string, version: number): Promise<boolean>;
  /** Resolves to a text that names this joining of a subject to its user, and no other one; null where it is joined to nobody. */
  wayOf(subject: Subject): Promise<string | null>;
  /** True while that text names a joining to this user. */
  isWayOf(userId: string, way: string): Promise<boolean>;
  /** Takes a subject from the user to whom it is joined. */
  part(subject: Subject): Promise<void>;
  /** Resolves to the subjects of a user, the first joined first. */
  list(userId: string): Promise<OwnSubject[]>;
  /** Takes one of the subjects of `list` from its user. */
  take(subject: OwnSubject): Promise<void>;
  /**
   * Decides that one of the subjects of `list` is to be taken, which is kept until it is: of many that are decided at once, each knows of those before.
   * `expect` is called with the subjects that would be left, and may throw what refuses it. One that was decided before, or is gone, is decided.
   */
  decideToTake(subject: OwnSubject, expect: (left: OwnSubject[]) => Promise<void>): Promise<void>;
  /** Takes all subjects from a user, but for one. */
  partAll(userId: string, except?: Subject): Promise<void>;
}

const idOf = (key: string) => stableId('sign-in', key);
const nameOf = ({ id, since }: Pick<OwnSubject, 'id' | 'since'>) => `${id} ${since}`;
const wayOf = ({ key, value }: SecretRecord<JoinedSubject>) => nameOf({ id: idOf(key), since: value.since });
const claimedKey = (userId: string) => `sign-in that makes ${userId}`;
const decidedKey = (userId: string) => `sign-ins to take ${userId}`;

export function openSubjects({ secrets, hmac, now }: { secrets: Secrets; hmac(text: string): string; now(): Date }): Subjects {
  const keyOf = ({ issuer, subject }: Subject) => hmac(`subject:${JSON.stringify([issuer, subject])}`);
  const put = (key: string, value: JoinedSubject, version: number) => secrets.put('subjects', { key, value, owner: value.userId }, version);

  async function list(userId: string): Promise<OwnSubject[]> {
    const all = await secrets.list<JoinedSubject>('subjects', userId);
    return all.map(({ key, value }) => ({ ...value, key, id: idOf(key) })).toSorted((a, b) => (a.since < b.since ? -1 : 1));
  }

  /** Decides at the version of the user's decisions that was read; false where another one was faster. */
  async function decideOnce({ userId, ...subject }: OwnSubject, expect: (left: OwnSubject[]) => Promise<void>): Promise<boolean> {
    const kept = await secrets.get<string[]>('ways-in', decidedKey(userId));
    const all = await list(userId);
    // Those that were taken since are over.
    const decided = (kept?.value ?? []).filter((name) => all.some((one) => nameOf(one) === name));
    const isThere = all.some((one) => nameOf(one) === nameOf(subject));
    if (!isThere || decided.includes(nameOf(subject))) return true;
    const next = [...decided, nameOf(subject)];
    await expect(all.filter((one) => !next.includes(nameOf(one))));
    return secrets.put('ways-in', { key: decidedKey(userId), value: next, owner: userId }, kept?.version ?? 0);
  }

  async function forgetWays(userId: string): Promise<void> {
    for (const key of [decidedKey(userId), claimedKey(userId)]) await secrets.delete('ways-in', key);
  }

  return {
    find: (subject) => secrets.get<JoinedSubject>('subjects', keyOf(subject)),
    claim: async (way, userId) => {
      const [key, value] = [claimedKey(userId), way === 'password' ? way : keyOf(way)];
      if (await secrets.put('ways-in', { key, value, owner: userId }, 0)) return true;
      return (await secrets.get<string>('ways-in', key))?.value === value;
    },
    join: (subject, userId, version) => put(keyOf(subject), { userId, issuer: subject.issuer, since: now().toISOString() }, version),
    wayOf: async (subject) => {
      const found = await secrets.get<JoinedSubject>('subjects', keyOf(subject));
      return found && wayOf(found);
    },
    isWayOf: async (userId, way) => (await secrets.list<JoinedSubject>('subjects', userId)).some((one) => wayOf(one) === way),
    part: (subject) => secrets.delete('subjects', keyOf(subject)),
    list,
    take: ({ key }) => secrets.delete('subjects', key),
    decideToTake: async (subject, expect) => {
      await untilWon('The sign-ins of this account are', async () => (await decideOnce(subject, expect)) || undefined);
    },
    partAll: async (userId, except) => {
      const kept = except && keyOf(except);
      for (const { key } of await secrets.list('subjects', userId)) if (key !== kept) await secrets.delete('subjects', key);
      if (!kept) await forgetWays(userId);
    },
  };
}
