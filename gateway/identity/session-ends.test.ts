import { describe, expect, it } from 'vitest';
import { type NewEvent, NO_STREAM } from '../../contracts/message.ts';
import { sessionContract } from '../../contracts/session.ts';
import { StoreOverloaded, WrongExpectedRevision } from '../../platform/event-store/event-store.ts';
import { type EndedSession, openSessionEnds } from './session-ends.ts';

const ENDED: EndedSession = { id: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', userId: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', reason: 'logout' };
const STREAM = `session-${ENDED.id}`;

/** Ends a session on a store that fails with these errors first. */
async function end(...errors: Error[]) {
  const appends: { stream: string; expected: number; events: readonly NewEvent[] }[] = [];
  const done: string[] = [];
  const log = { info: () => {}, warn: () => void done.push('warned') };
  const ends = openSessionEnds({
    log,
    forget: (id) => void done.push(`forgot ${id}, ${appends.length} appends`),
    store: {
      append: async (stream, expected, events) => {
        appends.push({ stream, expected, events });
        const error = errors.shift();
        if (error) throw error;
        return { revision: 0, position: '1' };
      },
    },
  });
  await ends.ended(ENDED);
  return { appends, done };
}

describe('the end of a session', () => {
  it('is forgotten at once and then recorded as the contract says', async () => {
    const { appends, done } = await end();
    expect(done).toEqual([`forgot ${ENDED.id}, 0 appends`]);
    expect(appends).toMatchObject([{ stream: STREAM, expected: NO_STREAM, events: [{ type: 'SessionEnded', metadata: { actor: ENDED.userId } }] }]);
    const data = appends[0]?.events[0]?.data;
    expect(sessionContract.events.SessionEnded.schema.parse(data)).toEqual({ userId: ENDED.userId, reason: 'logout' });
  });

  it('is recorded again with the same id when the store was busy', async () => {
    const { appends, done } = await end(new StoreOverloaded('busy'), new StoreOverloaded('busy'));
    expect(new Set(appends.map((one) => one.events[0]?.id)).size).toBe(1);
    expect(appends).toHaveLength(3);
    expect(done).toHaveLength(1);
  });

  it('is recorded once where another end was first', async () => {
    const { appends, done } = await end(new WrongExpectedRevision(STREAM, NO_STREAM, 0));
    expect([appends.length, done.length]).toEqual([1, 1]);
  });

  it('is only warned about where the log cannot be told: the session is gone all the same', async () => {
    const { done } = await end(...Array.from({ length: 10 }, () => new StoreOverloaded('busy')));
    expect(done.at(-1)).toBe('warned');
  });
});
