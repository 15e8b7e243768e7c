/** Dead letters: notifications and orders that failed for good, or whose fate is unknown, and wait for an operator. They have no own events. */
import { z } from 'zod';
import { id, instant } from './fields.ts';

/** The work queues that can have dead letters. The queue `<name>.dead` of each holds a note of every dead letter. */
export const DEAD_LETTER_QUEUES = ['email_notifications', 'sms_notifications', 'orders'] as const;
export const deadLetterQueue = z.enum(DEAD_LETTER_QUEUES, `must be one of ${DEAD_LETTER_QUEUES.join(', ')}`);
export type DeadLetterQueue = z.infer<typeof deadLetterQueue>;

/** `failed`: for good; `unknown`: the last attempt may have had its effect, and nobody knows. */
export const deadLetterStatus = z.enum(['failed', 'unknown'], 'must be failed or unknown');

/** A dead letter in a list. */
export const deadLetterSummary = z.strictObject({
  id: id.meta({ description: 'The notification’s or order’s.' }),
  queue: deadLetterQueue,
  status: deadLetterStatus,
  /** The last error; null where the fate is unknown and no attempt before had an error. */
  reason: z.string().nullable(),
  attempts: z.int().nonnegative(),
  /** The time of the event that made it a dead letter. */
  since: instant,
  createdAt: instant,
  /** A notification's kind, as `due_soon`; `order` for an order. */
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
