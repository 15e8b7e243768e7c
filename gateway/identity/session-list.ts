/** Sessions as their owner, and admins, see them. */
import { z } from 'zod';
import { instant } from '../../contracts/fields.ts';
import { deviceWords } from './device-words.ts';
import type { SessionRecord } from './session-record.ts';

/** A list of sessions, the last used first. */
export const sessionList = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.guid(),
      current: z.boolean().meta({ description: 'True for the session that asks.' }),
      createdAt: instant,
      lastUsedAt: instant.meta({ description: 'When its tokens were last refreshed, which a client does every quarter of an hour.' }),
      endsAt: instant.meta({ description: 'When it ends unless it is used before, or at the latest.' }),
      device: z.string().meta({ description: 'Browser and system in words.' }),
      userAgent: z.string().nullable(),
      ip: z.string().meta({ description: 'The address from which it was last refreshed.' }),
    }),
  ),
});

/** The list of these sessions; `current` is the id of the one that asks. */
export function listOfSessions(sessions: SessionRecord[], current: string): z.infer<typeof sessionList> {
  const items = sessions.map(({ key, value, expires }) => {
    const { createdAt, lastUsedAt, userAgent, ip } = value;
    return {
      id: key,
      current: key === current,
      createdAt,
      lastUsedAt,
      endsAt: expires ?? lastUsedAt,
      device: deviceWords(userAgent),
      userAgent,
      ip,
    };
  });
  return { items };
}
