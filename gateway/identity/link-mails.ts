/** The limits of mails with a link, which anybody may have sent to any address. */
import type { LimitPoints } from '../../platform/http/limits/together.ts';

/** A mail with a link by a key: of the hour before that of the day. */
export function linkMails(key: string): readonly LimitPoints[] {
  return [
    { name: 'link-mails', key },
    { name: 'link-mails-day', key },
  ];
}
