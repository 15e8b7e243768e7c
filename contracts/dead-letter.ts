/** Dead letters: what failed for good, or whose fate is unknown, and waits for an operator. A view of notifications and orders; there are no events of its own. */
import { z } from 'zod';
import { id, instant } from './fields.ts';

/** The work queues, whose `.dead` queues hold a note of each. */
export const DEAD_LETTER_QUEUES = ['email_notifications', 'sms_notifications', 'orders'] as const;
export const deadLetterQueue = z.enum(DEAD_LETTER_QUEUES, `must be one of ${DEAD_LETTER_QUEUES.join(', ')}`);
export type DeadLetterQueue = z.infer<typeof deadLetterQueue>;

/** `unknown`: it may have had its effect, and nobody knows. */
export const deadLetterStatus = z.enum(['failed', 'unknown'], 'must be failed or unknown');

/** A dead letter in a list. */
export const deadLetterSummary = z.strictObject({
  id: id.meta({ description: 'The notification’s or order’s.' }),
  queue: deadLetterQueue,
  status: deadLetterStatus,
  /** Null where its fate is unknown and no attempt before had an error. */
  reason: z.string().nullable(),
  attempts: z.int().nonnegative(),
  /** When it came to this. */
  since: instant,
  createdAt: instant,
  /** What a notification is about; `order`: an order. */
  kind: z.string(),
  about: z.string().meta({ description: 'The stream that it is about, as `order-<id>`; its own where it says what another backend asked for.' }),
  revision: z.int().nonnegative(),
});
export type DeadLetterSummary = z.infer<typeof deadLetterSummary>;

const attempt = z.int().positive();

/** A whole dead letter. */
export const deadLetterView = deadLetterSummary.extend({
  recipient: z.string().meta({ description: 'An address, a phone number or a user’s id.' }),
  errors: z.array(z.strictObject({ time: instant, attempt: attempt.optional(), error: z.string() })),
  history: z.array(
    z.strictObject({
      status: z.string(),
      time: instant,
      attempt: attempt.optional(),
      error: z.string().optional(),
      worker: z.string().optional(),
      detail: z.string().optional(),
    }),
  ),
});
export type DeadLetterView = z.infer<typeof deadLetterView>;
