import { EventEmitter } from 'node:events';
import type { Socket } from 'socket.io';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createConnection, renewSession, type SocketSession } from './connection.ts';
import { countPackets } from './messages.ts';
import { secondsLeft, watchToken } from './token-watch.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-21T09:00:00.000Z');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: NOW });
});
afterEach(() => vi.useRealTimers());

const session = (): SocketSession => ({ id: 'bob', role: 'member', seesAll: false, sessionId: 's', expiresAt: Date.now() + 60_000 });

function connected() {
  const said: string[] = [];
  const socket = { emit: (name: string) => said.push(name), disconnect: () => said.push('disconnect'), conn: new EventEmitter() };
  return { said, connection: createConnection(socket as unknown as Socket, session()) };
}

it.each([5 * HOUR, -5 * HOUR])('a clock that is set by %d ms makes no token of a socket longer or shorter', (step) => {
  const { said, connection } = connected();
  vi.setSystemTime(Date.now() + step);
  watchToken(connection, { ask: 10, grace: 5 });
  expect(said).toEqual([]);
  expect(secondsLeft(connection)).toBe(60);
  vi.advanceTimersByTime(55_000);
  watchToken(connection, { ask: 10, grace: 5 });
  expect(said).toEqual(['token_wanted']);
  vi.advanceTimersByTime(11_000);
  watchToken(connection, { ask: 10, grace: 5 });
  expect(said).toContain('goodbye');
  renewSession(connection, session());
  expect(secondsLeft(connection)).toBe(60);
});

it.each([5 * HOUR, -5 * HOUR])('a clock that is set by %d ms makes no flood of what is none, and hides none', (step) => {
  const { connection } = connected();
  const conn = connection.socket.conn as unknown as EventEmitter;
  let floods = 0;
  countPackets(conn as Socket['conn'], 10, () => floods++);
  conn.emit('packet');
  vi.setSystemTime(Date.now() + step);
  for (let second = 0; second < 20; second++) {
    for (let n = 0; n < 5; n++) conn.emit('packet');
    vi.advanceTimersByTime(1_000);
  }
  expect(floods).toBe(0);
  for (let n = 0; n < 11; n++) {
    vi.setSystemTime(Date.now() + step / 5);
    conn.emit('packet');
  }
  expect(floods).toBe(1);
});
