/** Tokens that let nobody in, asked of HTTP and of the sockets: each is refused, nothing of it is a failure of ours, and nothing is recorded. */
import { createSecretKey } from 'node:crypto';
import { request } from 'node:http';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTickets } from '../gateway/identity/second-factor/tickets.ts';
import { logIn } from './client.fixture.ts';
import { goodToken, hostilePlaces, hostileTokens, type TokenScene } from './hostile-tokens.fixture.ts';
import { mailsSettle, mailsTo } from './mails.fixture.ts';
import { type Installation, JWT_SECRET, openInstallation } from './system.fixture.ts';

let system: Installation;
let scene: TokenScene;

beforeAll(async () => {
  system = await openInstallation({ REGISTRATION_LIMIT: '100000', LOGIN_LIMIT: '100000' });
  const { admin } = system;
  const [user, other] = [await system.register('Mallory'), await system.register('Alice')];
  const second = await logIn(system.url, user);
  await second.ok('POST /api/logout');
  const [kept, revoked] = [
    await admin.ok('POST /api/admin/api-keys', { name: 'kept' }),
    await admin.ok('POST /api/admin/api-keys', { name: 'gone' }),
  ];
  await admin.ok(`DELETE /api/admin/api-keys/${revoked.body.id}`);
  const login = await system.call('POST /api/login', { email: user.email, password: user.password });
  const mail = await vi.waitFor(async () => {
    const [first] = await mailsTo(admin, user.email);
    if (!first) throw new Error('no mail yet');
    return first;
  });
  const [, code = ''] = /#\S*?=([\w.-]+)/.exec(mail.text) ?? [];
  expect(code, mail.text).not.toBe('');
  await mailsSettle(admin);
  const tickets = openTickets(createSecretKey(Buffer.from(JWT_SECRET)), () => new Date());
  scene = {
    secret: JWT_SECRET,
    accessToken: user.accessToken,
    refreshToken: user.refreshToken,
    userId: user.id,
    otherId: other.id,
    ended: second.accessToken,
    apiKey: kept.body.key,
    revokedKey: revoked.body.key,
    elsewhere: {
      'the code of a mail': code,
      'a ticket for a second factor': tickets.issue({ userId: user.id, version: 1, epoch: '' }),
      'the mark of a device': login.body.device,
    },
  };
}, 120_000);
afterAll(() => system?.remove());

/** Asks with these headers as they are; resolves to the status, the challenge, and the code of the problem. */
function ask(headers: readonly (readonly [string, string])[], query = '') {
  return new Promise<{ status: number; code: string; challenge: string | undefined }>((resolve, reject) => {
    const asked = request(`${system.url()}/api/me${query}`, { headers: headers.flat() as unknown as Record<string, string> }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).code, challenge: response.headers['www-authenticate'] }),
      );
    });
    asked.on('error', reject).end();
  });
}

const bearer = (token: string) =>
  ask([
    ['host', 'localhost'],
    ['authorization', `Bearer ${token}`],
  ]);

/** Connects a socket with a token; resolves to `welcome`, or to the code with which it is refused. */
function connect(token: unknown): Promise<string> {
  return new Promise((resolve) => {
    const client = io(system.url(), { auth: { token }, forceNew: true, reconnection: false, transports: ['websocket'] });
    const end = (what: string) => {
      resolve(what);
      client.disconnect();
    };
    client.on('welcome', () => end('welcome'));
    client.on('connect_error', (error: Error & { data?: { code: string } }) => end(error.data?.code ?? error.message));
    client.on('disconnect', (reason) => end(reason));
  });
}

/** What the log of events holds; sign-ins and refusals are in none of it. */
async function head(): Promise<string | null> {
  return (await system.admin.ok('GET /api/users?limit=1')).headers.get('position');
}

const FAILED = /unexpected error|"level":[56]0/;
const REFUSED = { status: 401, code: 'unauthorized', challenge: expect.stringMatching(/^Bearer/) };

describe('hostile tokens', () => {
  it('are more than a hundred, and each of them lets nobody in over HTTP', { timeout: 120_000 }, async () => {
    const table = hostileTokens(scene);
    expect(new Set(table.map(([, token]) => token)).size).toBeGreaterThan(200);
    expect((await bearer(goodToken(scene))).status).toBe(200);
    const before = await head();
    const answers = await Promise.all(table.map(async ([fault, token]) => [fault, await bearer(token)]));
    expect(answers).toEqual(table.map(([fault]) => [fault, REFUSED]));
    expect(await head()).toBe(before);
    expect((await bearer(scene.accessToken)).status).toBe(200);
    expect(system.output()).not.toMatch(FAILED);
  });

  it('open no socket, and neither does what is no text', { timeout: 120_000 }, async () => {
    const table = hostileTokens(scene);
    expect(await connect(goodToken(scene))).toBe('welcome');
    const others: readonly unknown[] = [
      undefined,
      null,
      7,
      true,
      {},
      [],
      [scene.accessToken],
      { token: scene.accessToken },
      { toString: scene.accessToken },
      scene.apiKey,
    ];
    const asked = [...table, ...others.map((one) => [`the value ${JSON.stringify(one)}`, one] as const)];
    const answers: (readonly [string, string])[] = [];
    for (const [fault, token] of asked) answers.push([fault, await connect(token)]);
    expect(answers).toEqual(asked.map(([fault]) => [fault, 'unauthorized']));
    expect(await connect(scene.accessToken)).toBe('welcome');
    expect(system.output()).not.toMatch(FAILED);
  });

  it('are looked for in the one header alone: a good one anywhere else is none', { timeout: 120_000 }, async () => {
    const places = hostilePlaces(scene);
    expect(places.length).toBeGreaterThan(50);
    const answers = await Promise.all(places.map(async ([place, headers, query]) => [place, await ask([['host', 'localhost'], ...headers], query)]));
    expect(answers).toEqual(places.map(([place]) => [place, REFUSED]));
  });

  it('too long for a header are refused before anybody looks, with a problem', async () => {
    const before = await bearer('x'.repeat(60_000));
    expect(before).toMatchObject({ status: 431 });
    expect(await connect('x'.repeat(100_000))).not.toBe('welcome');
  });
});
