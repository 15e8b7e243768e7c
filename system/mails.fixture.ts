/** Mails at /outbox, as an admin reads them, and their notifications. */
import { expect, vi } from 'vitest';
import { everyItem, type User } from './client.fixture.ts';

export interface Mail {
  id: number;
  to: string;
  subject: string;
  text: string;
  html: string;
  messageId: string;
}

/** All mails to an address (or to all), oldest first; `after`: only those with a later number. The outbox keeps the newest 1,000. */
export async function mailsTo(admin: User, address?: string, after = 0): Promise<Mail[]> {
  const mails: Mail[] = [];
  for (;;) {
    const filter = new URLSearchParams({
      limit: '100',
      ...(address ? { to: address } : {}),
      ...(mails.length ? { before: String(mails[0]?.id) } : {}),
    });
    const { body } = await admin.ok(`GET /outbox?${filter}`);
    const newer = (body.items as Mail[]).filter(({ id }) => id > after);
    mails.unshift(...newer.toReversed());
    if (newer.length < 100) return mails;
  }
}

/** A mail is cancelled where what it tells is not so any more once it is its turn. */
const DECIDED = ['sent', 'cancelled'];

/** Waits until a mail with this subject has come to an address. */
export function mailComes(admin: User, address: string, subject: string): Promise<Mail> {
  return vi.waitFor(
    async () => {
      const mail = (await mailsTo(admin, address)).find((one) => one.subject === subject);
      expect(mail, `no mail "${subject}" to ${address}`).toBeDefined();
      return mail as Mail;
    },
    { timeout: 20_000, interval: 50 },
  );
}

/** All notifications, of one user or of all. */
export function notificationsOf(admin: User, userId?: string) {
  return everyItem(admin.call, userId ? `/api/notifications?limit=100&userId=${userId}` : '/api/notifications?limit=100&all');
}

/**
 * Waits until every notification is decided. Policies go in log order: once the mail of a last task is there, all earlier notifications
 * were asked for. Then waits until every list shows them, too.
 */
export async function mailsSettle(admin: User): Promise<void> {
  const title = `The last task ${crypto.randomUUID()}`;
  await admin.ok('POST /api/tasks', { title });
  await mailComes(admin, admin.email, `New task: ${title}`);
  await vi.waitFor(async () => expect((await notificationsOf(admin)).filter((one) => !DECIDED.includes(one.status as string))).toEqual([]), {
    timeout: 20_000,
    interval: 50,
  });
  const after = { 'read-after': (await admin.ok('GET /api/notifications?limit=1')).headers.get('position') ?? '' };
  for (const list of ['tasks', 'users'])
    await vi.waitFor(() => admin.ok(`GET /api/${list}?limit=1`, undefined, after), { timeout: 20_000, interval: 50 });
}
