import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
let n = 0;
beforeAll(async () => {
  here = await openInstallation();
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
