/** The invitation with which somebody signs in at another site: its code is kept in this tab while they are there, and nowhere else. */
import { ApiError } from './api.ts';
import type { MailedLink } from './fragment.ts';

const KEPT = 'taskledger.invitation';

/** Keeps the code of an invitation while another site is shown; with no invitation, forgets the one before. */
export function keepInvitation(link: MailedLink | null): void {
  const code = invitationOf(link);
  if (code === undefined) sessionStorage.removeItem(KEPT);
  else sessionStorage.setItem(KEPT, code);
}

/** Forgets the invitation that was kept, and returns its link; null without one. */
export function takeInvitation(): MailedLink | null {
  const token = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  return token ? { purpose: 'invitation', token } : null;
}

/** The code of an invitation's link; undefined for any other. */
export function invitationOf(link: MailedLink | null): string | undefined {
  return link?.purpose === 'invitation' ? link.token : undefined;
}

/** True where an invitation may help: nobody has let them in, no address is told of them, or the one they brought is no good. A sign-in that is over is not helped. */
export function asksForInvitation(failure: unknown): boolean {
  if (!(failure instanceof ApiError)) return false;
  return failure.status === 403 || (failure.status === 422 && !failure.errors.some(({ pointer }) => pointer === '/code'));
}
