/**
 * Links with which whoever has a mail stops mails of its kind, without logging in (RFC 8058). The token names user and kind, and is signed with a key
 * of the installation; it is good for as long as that key.
 *
 *     const { linkOf, read } = unsubscribeLinks(keys.hmac);
 *     read(new URL(linkOf('https://tasks.example.org', userId, 'overdue')).searchParams.get('token') ?? '');
 */
import { timingSafeEqual } from 'node:crypto';

export const UNSUBSCRIBE_PATH = '/api/unsubscribe';

export interface UnsubscribeLinks {
  /** The link for mails of a kind to a user. `publicUrl`: the address of the pages, without a slash at the end. */
  linkOf(publicUrl: string, userId: string, kind: string): string;
  /** The user and the kind of a token; null for one that is not ours. */
  read(token: string): { userId: string; kind: string } | null;
}

export function unsubscribeLinks(hmac: (text: string) => string): UnsubscribeLinks {
  const signature = (userId: string, kind: string) => hmac(`unsubscribe:${userId}:${kind}`);
  return {
    linkOf: (publicUrl, userId, kind) => `${publicUrl}${UNSUBSCRIBE_PATH}?token=${userId}.${kind}.${signature(userId, kind)}`,
    read: (token) => {
      const [userId = '', kind = '', given = ''] = token.split('.');
      return isSame(given, signature(userId, kind)) ? { userId, kind } : null;
    },
  };
}

function isSame(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
