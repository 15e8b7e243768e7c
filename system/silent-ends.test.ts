import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
let users: [User, User];
beforeAll(async () => {
  system = await openInstallation();
  users = [await system.register('Alice'), await system.register('Bob')];
}, 120_000);
afterAll(() => system?.remove());

/** Connects a user's socket; `goodbye` resolves to why it was closed. */
async function connect({ accessToken }: User) {
  const socket = io(system.url(), { auth: { token: accessToken }, forceNew: true, reconnection: false, transports: ['websocket'] });
  const goodbye = new Promise((resolve) => socket.once('goodbye', resolve));
  await new Promise((resolve, reject) => socket.once('welcome', resolve).once('connect_error', reject));
  return { socket, goodbye };
}

it('a session whose record is gone has ended over HTTP and on sockets, though nobody told of it', async () => {
  const [alice, bob] = users;
  const [hers, his] = [await connect(alice), await connect(bob)];
  await alice.ok('GET /api/me');
  // As where the process that ended it was killed before it could say so.
  const secrets = new DatabaseSync(join(system.dataDir, 'secrets.db'), { timeout: 10_000 });
  secrets.prepare("DELETE FROM secrets WHERE kind = 'sessions' AND owner = ?").run(alice.id);
  secrets.close();
  await vi.waitFor(async () => expect((await alice.call('GET /api/me')).status).toBe(401));
  expect(await hers.goodbye).toMatchObject({ problem: { code: 'unauthorized', detail: 'Your session has ended.' } });
  expect((await bob.call('GET /api/me')).status).toBe(200);
  expect(his.socket.connected).toBe(true);
  his.socket.disconnect();
});
