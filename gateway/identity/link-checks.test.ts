import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { hashOf } from './refresh-tokens.ts';
import { SecretsUnavailable } from './secrets/secrets.ts';

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
const admin = async () => as((await here.call('POST /api/login', { email: 'admin@example.org', password: PASSWORD })).body.accessToken);
/** The account of `register` that was made last, logged in, and about to have another address. */
async function moving(wanted: string) {
  const id = await register();
  const own = as((await here.call('POST /api/login', { email: `alice${n}@example.org`, password: PASSWORD })).body.accessToken);
  expect((await here.call(`PATCH /api/users/${id}`, { email: wanted }, own)).status).toBe(202);
  return { id, own };
}
/** Has the secrets refuse to mark a code, as where they are away just then. */
async function unmarked<T>(work: () => Promise<T>): Promise<T> {
  const { put } = here.secrets;
  const spy = vi
    .spyOn(here.secrets, 'put')
    .mockImplementation((kind, ...rest) => (kind === 'codes' ? Promise.reject(new SecretsUnavailable('the secrets are away')) : put(kind, ...rest)));
  try {
    return await work();
  } finally {
    spy.mockRestore();
  }
}
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

  it('tells that an invitation was used, and that an address was changed, also where the code could not be marked', async () => {
    const email = `guest${++n}@example.org`;
    const invitation = (await here.call('POST /api/invitations', { email, role: 'member' }, await admin())).body.id;
    const code = await here.identity.issueCode(invitation, 'invitation');
    const accept = () => here.call('POST /api/invitations/accept', { code, name: 'Gus', password: PASSWORD });
    expect((await unmarked(accept)).status).toBe(503);
    expect((await look('invitation', code)).body).toEqual({ good: false, done: true });
    expect((await accept()).body.detail).toBe('This invitation was used already: there is an account. Log in to it.');

    const { id, own } = await moving(`moved${n}@example.org`);
    const token = await here.identity.issueCode(id, 'address');
    const finish = () => here.call('POST /api/email-changes/finish', { token }, own);
    expect((await unmarked(finish)).status).toBe(503);
    expect((await look('address', token)).body).toEqual({ good: false, done: true });
    expect((await finish()).body.detail).toBe('This link was used already. Your account has the address that it shows.');
  });

  it('keeps nothing of the invitation by which a deleted account came, and says of its link no more that there is one', async () => {
    const email = `guest${++n}@example.org`;
    const by = await admin();
    const invitation = (await here.call('POST /api/invitations', { email, role: 'member' }, by)).body.id;
    const codes = [await here.identity.issueCode(invitation, 'invitation'), await here.identity.issueCode(invitation, 'invitation')];
    const { id } = (await here.call('POST /api/invitations/accept', { code: codes[1], name: 'Gus', password: PASSWORD })).body;
    for (const code of codes) expect((await look('invitation', code)).body).toEqual({ good: false, done: true });
    expect((await here.call(`DELETE /api/users/${id}`, undefined, by)).status).toBe(200);
    for (const code of codes) {
      expect((await look('invitation', code)).body).toEqual({ good: false, done: false });
      await expect.poll(() => here.stored('codes')).not.toContain(hashOf(code));
    }
  });

  it('tells of no link that it was used where another thing was done that ends it', async () => {
    const { id, own } = await moving(`moved${++n}@example.org`);
    const [token, reset] = [await here.identity.issueCode(id, 'address'), await here.identity.issueCode(id, 'reset')];
    expect((await here.call('POST /api/email-changes/finish', { token }, own)).status).toBe(200);
    expect((await look('address', token)).body).toEqual({ good: false, done: true });
    expect((await look('reset', reset)).body).toEqual({ good: false, done: false });

    const other = (await moving(`moved${++n}@example.org`)).id;
    const [address, password] = [await here.identity.issueCode(other, 'address'), await here.identity.issueCode(other, 'reset')];
    expect((await here.call('POST /api/password-resets/finish', { token: password, password: 'another good password' })).status).toBe(200);
    expect((await look('reset', password)).body).toEqual({ good: false, done: true });
    expect((await look('address', address)).body).toEqual({ good: false, done: false });
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
