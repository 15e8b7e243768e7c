import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { type Installation, openInstallation } from './identity.fixture.ts';
import { openIdentity } from './identity.ts';

const PASSWORD = 'correct horse battery';
const person = (email: string) => ({ name: 'Alice Moreau', email, password: PASSWORD });
let here: Installation;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());

const login = async (email: string, password = PASSWORD) => (await here.call('POST /api/login', { email, password })).status;

describe('registration', () => {
  it('records the user, answers where they are, and lets them log in', async () => {
    const { status, headers, body } = await here.call('POST /api/users', person('Alice@Example.org'));
    expect(status).toBe(201);
    expect(body).toEqual({ id: expect.any(String), revision: 0, position: expect.any(String) });
    expect(headers.get('location')).toBe(`/api/users/${body.id}`);
    expect(headers.get('etag')).toBe('"0"');
    expect(headers.get('position')).toBe(body.position);
    expect(headers.get('ratelimit')).toMatch(/^"registration";r=299;t=\d+$/);
    expect(headers.get('ratelimit-policy')).toBe('"registration";q=300;w=3600');
    expect(await here.events()).toMatchObject([
      { type: 'UserCreated', stream: `user-${body.id}`, data: { name: 'Alice Moreau', email: 'Alice@example.org', role: 'member' } },
    ]);
    expect(await login('alice@example.ORG')).toBe(200);
  });

  it('answers the first answer again to the same key and body', async () => {
    const key = { 'idempotency-key': 'r-1' };
    const first = await here.call('POST /api/users', person('bob@example.org'), key);
    const again = await here.call('POST /api/users', person('bob@example.org'), key);
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([201, first.body, '"0"']);
    expect(await here.events(`user-${first.body.id}`)).toHaveLength(1);
  });

  it('makes one user of the same request many times at once', async () => {
    const key = { 'idempotency-key': 'r-2' };
    const all = await Promise.all(Array.from({ length: 8 }, () => here.call('POST /api/users', person('carol@example.org'), key)));
    expect(new Set(all.map((one) => `${one.status} ${JSON.stringify(one.body)}`))).toHaveProperty('size', 1);
    expect(all[0]?.status).toBe(201);
    expect(await login('carol@example.org')).toBe(200);
  });

  it.each([
    ['another name', { name: 'Eve' }],
    ['another password', { password: 'another password' }],
    ['no password', { password: undefined }],
  ])('refuses the same key with %s, and changes nothing', async (what, more) => {
    const email = `d${what.length}@example.org`;
    const key = { 'idempotency-key': `r-3-${what}` };
    const { body } = await here.call('POST /api/users', person(email), key);
    const { status, body: problem } = await here.call('POST /api/users', { ...person(email), ...more }, key);
    expect([status, problem.code, problem.errors[0].pointer]).toEqual([422, 'invalid', 'Idempotency-Key']);
    expect(await here.events(`user-${body.id}`)).toHaveLength(1);
    expect(await login(email)).toBe(200);
  });

  it('makes two users of two strangers who chose one key: each has the own address and password, and neither is told of the other', async () => {
    const key = { 'idempotency-key': '1' };
    const made = await Promise.all(['ines@example.org', 'jan@example.org'].map((email) => here.call('POST /api/users', person(email), key)));
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(made.map(({ body }) => body.id))).toHaveProperty('size', 2);
    for (const email of ['ines@example.org', 'jan@example.org']) expect(await login(email)).toBe(200);
  });

  it('never gives a password to an account that was registered without one, by a repeat of its key', async () => {
    const key = { 'idempotency-key': 'r-4' };
    const { password: _, ...without } = person('frank@example.org');
    const { status, body } = await here.call('POST /api/users', without, key);
    expect(status).toBe(201);
    expect((await here.call('POST /api/users', person('frank@example.org'), key)).status).toBe(422);
    expect(await here.secrets.get('credentials', body.id)).toBeNull();
    expect(await login('frank@example.org')).toBe(401);
  });

  it('refuses an address in use, whatever its case, and leaves nothing behind', async () => {
    await here.call('POST /api/users', person('grace@example.org'));
    const before = (await here.events()).length;
    const kept = here.stored('credentials').length;
    const { status, body } = await here.call('POST /api/users', { ...person('GRACE@example.org'), password: 'the password of another' });
    expect([status, body.code, body.errors[0].pointer]).toEqual([409, 'conflict', '/email']);
    expect(await here.events()).toHaveLength(before);
    expect(here.stored('credentials')).toHaveLength(kept);
    expect(await login('grace@example.org')).toBe(200);
  });

  it('keeps the password where the outcome is unknown: the repeat finds it', async () => {
    const { commands } = here.identityOptions;
    const register = await registerWith(async (command, context) => {
      await commands.handle(command, context);
      throw new ProblemError('unavailable', 'the answer was lost');
    });
    await expect(register(person('heidi@example.org'), 'r-5')).rejects.toMatchObject({ code: 'unavailable' });
    expect((await here.call('POST /api/users', person('heidi@example.org'), { 'idempotency-key': 'r-5' })).status).toBe(201);
    expect(await login('heidi@example.org')).toBe(200);
  });

  it('gives no password to an account that has none, even where the repeat could not be decided', async () => {
    const { password: _, ...without } = person('ivan@example.org');
    const { body } = await here.call('POST /api/users', without, { 'idempotency-key': 'r-6' });
    const register = await registerWith(() => Promise.reject(new ProblemError('unavailable', 'down')));
    await expect(register(person('ivan@example.org'), 'r-6')).rejects.toMatchObject({ code: 'unavailable' });
    expect(await here.secrets.get('credentials', body.id)).toBeNull();
  });

  it('is limited by network', async () => {
    const few = await openInstallation({ limits: { registration: 2 } });
    const from = (ip: string, n: number) => few.call('POST /api/users', person(`n${n}@example.org`), { 'x-forwarded-for': ip });
    expect((await from('2001:db8::1', 1)).status).toBe(201);
    expect((await from('2001:db8::2', 2)).status).toBe(201);
    const { status, body, headers } = await from('2001:db8::3', 3);
    expect([status, body.code]).toEqual([429, 'limited']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_500);
    expect((await from('2001:db8:1::3', 3)).status).toBe(201);
    await few.close();
  });
});

/** Registers past HTTP, with a command handler of its own. */
async function registerWith(handle: CommandHandler['handle']) {
  const identity = await openIdentity({ ...here.identityOptions, commands: { ...here.commands, handle } });
  const row = identity.routes.find((one) => one.path === '/api/users');
  return async (body: unknown, key: string) => {
    const header = (name: string) => (name === 'idempotency-key' ? key : undefined);
    return row?.handle({ params: {}, query: {}, body, caller: null, header, ip: '127.0.0.1', requestId: 'request-1' });
  };
}
