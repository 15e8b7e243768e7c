/** Who may be erased at all: nobody while the log has clear text. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import type { Caller, RouteRequest } from '../../platform/http/route.ts';
import { noteSealing, sealingNotes } from '../../platform/sealing/sealing-log.ts';
import { commandRoutes } from '../../write-side/command-routes.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { openProcessErasing } from './process.ts';

const log = pino({ level: 'silent' });
const ANN = randomUUID();
const ADMIN: Caller = { id: randomUUID(), role: 'admin', seesAll: true, sessionId: 's' };

async function world() {
  const store = inMemoryStore();
  const commands = commandHandler({ store, hmac: (text) => text, log });
  const register = { type: 'RegisterUser', stream: `user-${ANN}`, id: ANN, data: { name: 'Ann', email: 'ann@example.org' } };
  await commands.handle({ ...register, commandId: randomUUID(), actor: ADMIN, now: '2026-01-01T00:00:00.000Z' }, { correlationId: 'c' });
  const erasing = openProcessErasing({ store, hmac: (text) => text, isSealed: async () => (await sealingNotes(store)).whole, log }).answers;
  const row = commandRoutes.find(({ row: { method, path } }) => method === 'DELETE' && path === '/api/users/:id');
  if (!row) throw new Error('the row of deleting is missing');
  const request = { params: { id: ANN }, query: { erase: 'true' }, caller: ADMIN, requestId: 'r', header: () => undefined };
  const answer = async () =>
    row.answer(
      { commands, hmac: (text) => text, erasing: { ...erasing, answer: (person) => erasing.answer(person) } },
      request as unknown as RouteRequest,
    );
  return { store, answer, erasing };
}

describe('a log that an older release wrote', () => {
  it('refuses an erasure with how its events are sealed, and nothing is changed; once it is sealed, the same is taken up', async () => {
    const { store, answer, erasing } = await world();
    const before = await logOf(store);
    await expect(answer()).rejects.toMatchObject({ code: 'conflict', status: 409, message: expect.stringContaining('npm start -- seal') });
    expect([await logOf(store), await erasing.answer(ANN)]).toEqual([before, null]);
    await noteSealing(store, { master: 'm', whole: true });
    const waiting = vi.spyOn(performance, 'now').mockImplementation(() => Date.now() * 1_000);
    expect(await answer()).toMatchObject({ status: 202, body: { person: ANN, proof: expect.any(String) } });
    waiting.mockRestore();
    expect((await logOf(store)).map(({ type }) => type)).toEqual(expect.arrayContaining(['UserDeleted', 'UserErased']));
  });
});
