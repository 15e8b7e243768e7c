/** /outbox: the mails and SMS of the embedded outbox, for admins. */
import { z } from 'zod';
import { storedEmail } from '../contracts/email.ts';
import { ProblemError } from '../contracts/problem.ts';
import { queryNumber } from '../platform/http/query-schemas.ts';
import type { RouteWith } from '../platform/http/route.ts';
import { shownEmail } from '../platform/shown-email.ts';
import type { Outbox } from './mailer/outbox/outbox.ts';

const query = z.strictObject({
  to: z.string().optional().meta({ description: 'Only what went to this address or phone number.' }),
  channel: z.enum(['email', 'sms']).optional(),
  before: queryNumber(1, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'Only what is older than the one of this id: for the next page.' }),
  limit: queryNumber(1, 100).default(50),
});

const mail = z.strictObject({
  id: z.int(),
  channel: z.enum(['email', 'sms']),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  messageId: z.string(),
  listUnsubscribe: z.string().optional().meta({
    description: 'The link of the header List-Unsubscribe: posted to, it stops mails of this kind (RFC 8058). Missing where the mail has none.',
  }),
  time: z.iso.datetime(),
});

/** Whoever reads a link or a code of somebody else's may be able to use it. */
const LINK = /https?:\/\/|^\d{6} is your code/;

/** GET /outbox. Without an outbox (`null`) it is answered 404, with the reason. */
export const outboxRoute: RouteWith<{ outbox: Outbox | null }> = {
  row: {
    method: 'GET',
    path: '/outbox',
    who: ['admin'],
    summary: 'Mails and SMS of the embedded outbox, newest first.',
    tag: 'notifications',
    query,
    response: z.strictObject({ items: z.array(mail) }),
  },
  answer: ({ outbox }, request) => {
    if (!outbox) throw new ProblemError('not_found', 'Mails go out by SMTP here (MAIL_URL), and SMS by a provider (SMS_URL); there is no outbox.');
    const { to, ...rest } = request.query as z.infer<typeof query>;
    const items = outbox.list({ ...rest, ...(to?.includes('@') ? { to: storedEmail(to) } : { to }) });
    if (items.some(({ text }) => LINK.test(text))) request.audit?.({ kind: 'outbox' });
    return { body: { items: items.map((item) => ({ ...item, to: shownEmail(item.to) })) } };
  },
};
