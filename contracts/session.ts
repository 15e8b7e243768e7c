/**
 * Session: its end is its only event, for those who follow it (sockets are closed when their session ends);
 * tokens and their hashes live in the secrets store.
 * Names and shapes of events are storage formats: add, never rename or remove.
 */
import { z } from 'zod';
import { aggregate, type DecidedEvent } from './aggregate.ts';
import { id } from './fields.ts';

const SessionEnded = z.strictObject({
  userId: id.describe('The user whose session it was.'),
  reason: z
    .enum(['logout', 'revoked', 'reused', 'password', 'deleted'])
    .describe(
      '`revoked`: by its owner from elsewhere, or by an admin or the operator, as the event’s actor says; `reused`: an old refresh token was presented; `password`: it was changed; `deleted`: the user was.',
    ),
});

export type SessionEvent = DecidedEvent<'SessionEnded', z.infer<typeof SessionEnded>>;

/** The rooms that hear of a session's end: its user's. */
export function sessionTopics(userId: string): string[] {
  return [`user:${userId}`];
}

export const sessionContract = aggregate({
  category: 'session',
  topics: {},
  events: {
    SessionEnded: {
      schema: SessionEnded,
      version: 1,
      summary: 'A session ended; its tokens and sockets end with it.',
      example: { userId: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', reason: 'logout' },
    },
  },
  commands: {},
});
