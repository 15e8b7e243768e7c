/** The whole process while somebody sets its clock by hours: with items for later, with attempts under way, with a backlog above the window. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { caller, logIn, type User } from './client.fixture.ts';
import { type Following, follow } from './live.fixture.ts';
import { type Answer, type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Backend, backendOf } from './sending.fixture.ts';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';

const HOUR = 3_600_000;
/** More than the window of a dispatcher, and what a slow mail server takes meanwhile. */
const BACKLOG = 1_150;
/** Milliseconds after which the slow mail server answers: well within the patience of a delivery. */
const SLOW = 3_000;
const PATIENCE = { timeout: 100_000, interval: 50 };
const PRELOADED = new URL('./movable-clock.fixture.ts', import.meta.url).href;
const wrong = (n: number) => ({ email: 'locked@example.org', password: `a wrong password ${n}` });

describe.each([5 * HOUR, -5 * HOUR])('a process whose clock is set by %d ms', (step) => {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'));
  const clock = join(folder, 'clock');
  const setClock = (by: number) => writeFileSync(clock, new Uint8Array(new Float64Array([by]).buffer));
  /** From this on the mail server answers at once. */
  const gate = Promise.withResolvers<Answer>();
  let refusals = 2;
  let mail: MailServer;
  let system: Installation;
  let backend: Backend;
  let gone: User;
  let socket: Following;
  let refused: string;
  let tomorrow: string;

  const given = (text: string) => mail.given.filter(({ raw }) => raw.includes(text)).length;
  const taken = (text: string) => mail.taken.filter(({ raw }) => raw.includes(text)).map(({ id }) => id);
  const send = (content: string, more = {}) => backend.send({ type: 'email', recipient: 'bob@example.org', subject: content, content, ...more });

  beforeAll(async () => {
    setClock(0);
    mail = await startMailServer(({ raw }) => {
      if (raw.includes('refused twice') && refusals-- > 0) return 451;
      return raw.includes('backlog') ? Promise.race([gate.promise, delay(SLOW, 'take' as const)]) : 'take';
    });
    system = await openInstallation({ MAIL_URL: mail.url, NODE_OPTIONS: `--import ${PRELOADED}`, CLOCK_FILE: clock });
    backend = await backendOf(system);
    tomorrow = await send('for tomorrow', { sendAt: new Date(Date.now() + 24 * HOUR).toISOString() });
    gone = await system.register('Gone');
    await gone.ok('POST /api/logout');
    for (let n = 0; n < 11; n++) await system.call('POST /api/login', wrong(n));
    socket = follow(system, system.admin, 'tasks');
    await socket.joined();
    refused = await send('refused twice');
    await vi.waitFor(() => expect(given('refused twice')).toBe(2), PATIENCE);
    for (let n = 0; n < BACKLOG; n += 50) await Promise.all(Array.from({ length: 50 }, (_, index) => send(`backlog ${n + index}`)));
    await vi.waitFor(() => expect(given('backlog')).toBeGreaterThan(taken('backlog').length), PATIENCE);
    setClock(step);
  }, 240_000);
  afterAll(async () => {
    socket?.close();
    await system?.remove();
    await mail?.stop();
    rmSync(folder, { recursive: true });
  });

  it('lets nobody in who was shut out', async () => {
    expect((await gone.call('GET /api/me')).status).toBe(401);
    expect((await system.call('POST /api/token/refresh', { refreshToken: gone.refreshToken })).status).toBe(401);
    expect((await system.call('POST /api/login', wrong(0))).status).toBe(429);
  });

  it('goes on for who was in: a login, a refresh, a command, its change on a socket that stays', async () => {
    const { body } = await system.call('POST /api/token/refresh', { refreshToken: system.admin.refreshToken });
    const made = await caller(system.url, body.accessToken)('POST /api/tasks', { title: 'after the step' });
    expect(made.status).toBe(201);
    await socket.reached(made.headers.get('position') ?? '');
    expect(socket.states.filter((state) => state !== 'live' && state !== 'connecting')).toEqual([]);
    await logIn(system.url, ADMIN);
  });

  it('sends each mail once: those in the middle of an attempt, and a backlog above the window', { timeout: 200_000 }, async () => {
    gate.resolve('take');
    await vi.waitFor(() => expect(taken('backlog').length).toBeGreaterThanOrEqual(BACKLOG), { timeout: 180_000, interval: 100 });
    const fresh = await send('after the step');
    await backend.becomes(fresh, 'sent');
    expect(new Set(taken('backlog')).size).toBe(BACKLOG);
    expect(taken('backlog')).toHaveLength(BACKLOG);
    expect(given('backlog')).toBe(BACKLOG);
  });

  it('tries again what was put off', async () => {
    await vi.waitFor(async () => expect(await backend.statusOf(refused)).toMatchObject({ status: 'sent', attempts: 3 }), PATIENCE);
    expect(taken('refused twice')).toHaveLength(1);
  });

  it('sends what waits for a time of day within a minute once it is that time, and not before', { timeout: 120_000 }, async () => {
    expect(await backend.statusOf(tomorrow)).toMatchObject({ status: 'scheduled' });
    setClock(25 * HOUR);
    await vi.waitFor(() => expect(taken('for tomorrow')).toHaveLength(1), { timeout: 90_000, interval: 100 });
  });
});
