import { expect, test, vi } from 'vitest';
import { next, type Rig, session, startRig } from '../system/realtime.fixture.ts';
import type { SocketConnection } from './connection.ts';
import { createConnections } from './connection.ts';
import { watchSessions } from './session-watch.ts';

const connection = (id: string) => ({ session: session(id) }) as SocketConnection;

test('a socket goes once its session has no record any more, though the log says nothing of it, and no other socket does', async () => {
  const ended = new Set<string>();
  const rig: Rig = await startRig({ endedAmong: async (ids) => ids.filter((id) => ended.has(id)) });
  try {
    const [bob, alice] = [rig.connect('bob'), rig.connect('alice')];
    await Promise.all([bob, alice].map((client) => next(client, 'welcome')));
    const goodbye = next(bob, 'goodbye');
    ended.add(rig.sessions.get('bob')?.sessionId ?? '');
    expect(await goodbye).toMatchObject({ problem: { code: 'unauthorized', detail: 'Your session has ended.' } });
    expect(alice.connected).toBe(true);
    // Whose token was looked at just before is let in by nobody.
    expect(await next(rig.connect('bob'), 'goodbye')).toMatchObject({ problem: { code: 'unauthorized' } });
  } finally {
    await rig.stop();
  }
});

test('sessions are asked for once each, a thousand at a time, and not while the last look goes on', async () => {
  const connections = createConnections();
  for (let n = 0; n < 2_500; n++) connections.add(connection(`user ${n}`));
  connections.add(connection('user 0'));
  const asked: number[] = [];
  const ends: unknown[] = [];
  const answers: (() => void)[] = [];
  const look = watchSessions({
    connections,
    end: (one) => ends.push(one),
    endedAmong: async (ids) => {
      asked.push(ids.length);
      await new Promise<void>((resolve) => answers.push(resolve));
      return ids.filter((id) => id === session('user 2400').sessionId);
    },
  });
  look();
  look();
  for (let n = 1; n <= 3; n++) {
    await vi.waitFor(() => expect(answers).toHaveLength(n));
    look();
    answers[n - 1]?.();
  }
  await vi.waitFor(() => expect(ends).toEqual([{ userId: 'user 2400', sessionId: session('user 2400').sessionId }]));
  expect(asked).toEqual([1_000, 1_000, 500]);
});

test('nobody goes while the secrets are away, and the ended go when they are back', async () => {
  const connections = createConnections();
  connections.add(connection('alice'));
  let isAway = true;
  let asked = 0;
  const end = vi.fn();
  const look = watchSessions({
    connections,
    end,
    endedAmong: async (ids) => {
      asked++;
      if (isAway) throw new Error('the secrets are away');
      return [...ids];
    },
  });
  look();
  await vi.waitFor(() => expect(asked).toBe(1));
  expect(end).not.toHaveBeenCalled();
  isAway = false;
  await vi.waitFor(() => {
    look();
    expect(end).toHaveBeenCalled();
  });
});
