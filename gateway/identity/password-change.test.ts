/** Changing a password: what is refused, and that its owner hears of it whatever fails meanwhile. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openUser, PASSWORD } from './second-factor/second-factor.fixture.ts';

const NEXT = 'staple of the month';
let here: Installation;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());

const change = (token: string, current: string, next: string) => here.call('PUT /api/me/password', { current, new: next }, as(token));

it('to the password that one has is refused in words, also from another keyboard, and tells nobody', async () => {
  const ann = await openUser(here, { second: false });
  const other = 'ﬁne words for a lock';
  for (const [current, next] of [
    [PASSWORD, PASSWORD],
    [other, 'fine words for a lock'],
  ] as const) {
    const same = await change(ann.first, current, next);
    expect([same.status, same.body.errors]).toEqual([422, [{ pointer: '/new', detail: 'must be another one than you have' }]]);
    if (current === PASSWORD) expect((await change(ann.first, PASSWORD, other)).status).toBe(204);
  }
  expect((await ann.types()).filter((type) => type === 'PasswordChanged')).toHaveLength(1);
});

it('is recorded before the password is another one: a process that ends between has told its owner', async () => {
  const ben = await openUser(here, { second: false });
  const { put } = here.secrets;
  const seen: string[][] = [];
  here.secrets.put = async (kind, ...more) => {
    if (kind === 'credentials') {
      seen.push(await ben.types());
      throw new Error('the process ends');
    }
    return put(kind, ...more);
  };
  expect((await change(ben.first, PASSWORD, NEXT)).status).toBe(500);
  here.secrets.put = put;
  expect(seen.map((types) => types.at(-1))).toEqual(['PasswordChanged']);
  // Once for each change, however often it is tried.
  expect((await change(ben.first, PASSWORD, NEXT)).status).toBe(204);
  expect((await ben.types()).filter((type) => type === 'PasswordChanged')).toHaveLength(1);
});

it('as the use of a recovery code is recorded before it is used up', async () => {
  const dan = await openUser(here);
  const { put } = here.secrets;
  let fails = true;
  here.secrets.put = async (kind, ...more) => {
    if (kind === 'second-factors' && fails) throw new Error('the process ends');
    return put(kind, ...more);
  };
  const use = async () => (await dan.finish(await dan.ticket(), { recoveryCode: dan.app.recovery[0] })).status;
  expect(await use()).toBe(500);
  const used = async () => (await dan.types()).filter((type) => type === 'RecoveryCodeUsed').length;
  expect(await used()).toBe(1);
  fails = false;
  expect([await use(), await used(), (await dan.status()).recoveryCodesLeft]).toEqual([200, 1, 9]);
  here.secrets.put = put;
});

it('by a mailed link is recorded before it, too', async () => {
  const cat = await openUser(here, { second: false });
  const token = await here.identity.issueCode(cat.id, 'reset');
  const { put } = here.secrets;
  here.secrets.put = async (kind, ...more) => {
    if (kind === 'credentials') throw new Error('the process ends');
    return put(kind, ...more);
  };
  const finish = () => here.call('POST /api/password-resets/finish', { token, password: NEXT });
  expect((await finish()).status).toBe(500);
  here.secrets.put = put;
  expect((await cat.types()).filter((type) => type === 'PasswordChanged')).toHaveLength(1);
  expect((await finish()).status).toBe(200);
  expect((await cat.types()).filter((type) => type === 'PasswordChanged')).toHaveLength(1);
});

it('ends all other sessions before it is set: where the process ends between, nobody who was in stays in', async () => {
  const dan = await openUser(here, { second: false });
  const other = (await dan.password()).body.accessToken;
  const { put } = here.secrets;
  here.secrets.put = async (kind, ...more) => {
    if (kind === 'credentials') throw new Error('the process ends');
    return put(kind, ...more);
  };
  expect((await change(dan.first, PASSWORD, NEXT)).status).toBe(500);
  here.secrets.put = put;
  const statuses = [];
  for (const token of [other, dan.first]) statuses.push((await here.call('GET /api/me', undefined, as(token))).status);
  expect(statuses).toEqual([401, 200]);
  expect((await change(dan.first, PASSWORD, NEXT)).status).toBe(204);
});
