import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
let n = 0;
beforeAll(async () => {
  here = await openInstallation();
  await here.identity.ensureAdmin('admin@example.org', PASSWORD);
});
afterAll(() => here.close());

const register = async (): Promise<string> =>
  (await here.call('POST /api/users', { name: 'Alice', email: `alice${++n}@example.org`, password: PASSWORD })).body.id;
const look = (purpose: string, token: string, ip = '10.1.0.1') => here.call('POST /api/link-checks', { purpose, token }, { 'x-forwarded-for': ip });
const isGood = async (purpose: string, token: string) => (await look(purpose, token)).body.good;

describe('looking whether a link is good', () => {
  it('uses up nothing, and is of its purpose alone', async () => {
    const id = await register();
    const code = await here.identity.issueCode(id, 'confirm');
    for (const time of [1, 2, 3]) expect(await isGood('confirm', code), `time ${time}`).toBe(true);
    for (const other of ['reset', 'address', 'invitation']) expect(await isGood(other, code)).toBe(false);
    expect((await here.events(`user-${id}`)).map(({ type }) => type)).toEqual(['UserCreated']);
    expect((await here.call('POST /api/confirmations', { token: code, password: PASSWORD })).status).toBe(200);
    expect(await isGood('confirm', code)).toBe(false);
  });

  it('tells of a link that another one has followed, and of one that is nobody’s', async () => {
    const id = await register();
    const [before, code] = [await here.identity.issueCode(id, 'reset'), await here.identity.issueCode(id, 'reset')];
    expect([await isGood('reset', before), await isGood('reset', code), await isGood('reset', 'x'.repeat(43))]).toEqual([false, true, false]);
  });

  it('tells of a link whose work is done: it was used, or another mail’s was, or the address was confirmed in another way', async () => {
    const id = await register();
    const [before, code] = [await here.identity.issueCode(id, 'confirm'), await here.identity.issueCode(id, 'confirm')];
    const reset = await here.identity.issueCode(id, 'reset');
    expect((await look('confirm', before)).body).toEqual({ good: false, done: false });
    expect((await here.call('POST /api/confirmations', { token: code, password: PASSWORD })).status).toBe(200);
    for (const one of [before, code]) expect((await look('confirm', one)).body).toEqual({ good: false, done: true });
    expect((await look('reset', reset)).body).toEqual({ good: false, done: true });
    const again = await here.call('POST /api/confirmations', { token: code, password: 'chosen by a thief' });
    expect([again.status, again.body.detail, again.body.errors]).toEqual([
      422,
      'Your e-mail address is confirmed already. Log in.',
      [{ pointer: '/token', detail: 'was used already' }],
    ]);

    const other = await register();
    const unused = await here.identity.issueCode(other, 'confirm');
    const { accessToken } = (await here.call('POST /api/login', { email: 'admin@example.org', password: PASSWORD })).body;
    expect((await here.call(`POST /api/users/${other}/confirm`, undefined, as(accessToken))).status).toBe(200);
    expect((await look('confirm', unused)).body).toEqual({ good: false, done: true });
    // Of who is gone nothing is told, and nothing is kept.
    expect((await here.call(`DELETE /api/users/${other}`, undefined, as(accessToken))).status).toBe(200);
    await expect.poll(() => here.secrets.list('codes', other)).toEqual([]);
    expect((await look('confirm', unused)).body).toEqual({ good: false, done: false });
  });

  it('tells so as long as the code would have been good, and uses no tries of the network for it', async () => {
    const id = await register();
    const code = await here.identity.issueCode(id, 'reset');
    expect((await here.call('POST /api/password-resets/finish', { token: code, password: 'another good password' })).status).toBe(200);
    const looks = [];
    for (let time = 0; time < 70; time++) looks.push((await look('reset', code, '10.9.0.2')).body.done);
    expect(new Set(looks)).toEqual(new Set([true]));
    here.advance(600_001);
    expect((await look('reset', code)).body).toEqual({ good: false, done: false });
  });

  it('finds a used link good for nothing, also where the address is the same and waits to be confirmed once more', async () => {
    const id = await register();
    const email = `alice${n}@example.org`;
    const code = await here.identity.issueCode(id, 'confirm');
    expect((await here.call('POST /api/confirmations', { token: code, password: PASSWORD })).status).toBe(200);
    const { accessToken } = (await here.call('POST /api/login', { email: 'admin@example.org', password: PASSWORD })).body;
    for (const next of [`other-${email}`, email])
      expect((await here.call(`PATCH /api/users/${id}`, { email: next }, as(accessToken))).status).toBe(200);
    expect((await look('confirm', code)).body).toEqual({ good: false, done: false });
    expect((await here.call('POST /api/confirmations', { token: code, password: 'chosen by a thief' })).status).toBe(422);
  });

  it('counts what is good for nothing as tries of its network, and refuses no good one for them', async () => {
    const code = await here.identity.issueCode(await register(), 'confirm');
    const statuses = [];
    for (let tries = 0; tries < 61; tries++) statuses.push((await look('confirm', `${tries}`.padEnd(43, 'x'), '10.9.0.1')).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([200, 429]);
    expect(await look('confirm', code, '10.9.0.1')).toMatchObject({ status: 200, body: { good: true } });
  });

  it('refuses what is no purpose, and what is no code', async () => {
    for (const [purpose, token, pointer] of [
      ['phone', 'x', '/purpose'],
      ['confirm', '', '/token'],
    ] as const) {
      const refused = await look(purpose, token);
      expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer]);
    }
  });
});
