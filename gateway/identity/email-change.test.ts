import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
let n = 0;
let email: string;
let wanted: string;
let id: string;
let own: Record<string, string>;
beforeAll(async () => {
  here = await openInstallation({ limits: { registration: 1_000 } });
  await here.identity.ensureAdmin('admin@example.org', 'the first of all');
});
afterAll(() => here.close());
beforeEach(async () => {
  email = `from${++n}@example.org`;
  wanted = `to${n}@example.net`;
  id = await register(email);
  own = await login(email);
});

const from = () => ({ 'x-forwarded-for': `10.2.0.${n}` });
const register = async (address: string): Promise<string> =>
  (await here.call('POST /api/users', { name: 'Anna', email: address, password: PASSWORD }, from())).body.id;
const login = async (address: string, password = PASSWORD) =>
  as((await here.call('POST /api/login', { email: address, password }, from())).body.accessToken);
const change = (address = wanted, by = own) => here.call(`PATCH /api/users/${id}`, { email: address }, { ...by, ...from() });
const code = () => here.identity.issueCode(id, 'address');
const finish = (token: string, by = own) => here.call('POST /api/email-changes/finish', { token }, { ...by, ...from() });
const me = async () => (await here.call('GET /api/me', undefined, own)).body;
const types = async () => (await here.events(`user-${id}`)).map(({ type }) => type);
const refusal = ({ status, body }: Awaited<ReturnType<typeof finish>>) => [status, body.code, body.errors?.[0].pointer];
const SPENT = [422, 'invalid', '/token'];

describe('a change of one’s e-mail address', () => {
  it('takes effect once its link is followed, and until then the address of before is the one to log in with', async () => {
    const { status, body } = await change();
    expect([status, body]).toMatchObject([202, { id, revision: 1, status: 'email-change-pending' }]);
    expect(await me()).toMatchObject({ email, confirmed: false, pendingEmail: wanted });
    const [older, token] = [await code(), await code()];
    expect(refusal(await finish(older))).toEqual(SPENT);
    const done = await finish(token);
    expect([done.status, done.body]).toEqual([200, { id, email: wanted, confirmed: true }]);
    expect(await me()).toEqual({ id, name: 'Anna', email: wanted, role: 'member', confirmed: true, password: true, sms: false });
    expect(refusal(await finish(token))).toEqual(SPENT);
    const logins = await Promise.all([email, wanted].map((one) => here.call('POST /api/login', { email: one, password: PASSWORD }, from())));
    expect(logins.map((one) => one.status)).toEqual([401, 200]);
    expect((await here.events(`user-${id}`)).at(-1)?.data).toEqual({ email: wanted, previous: email, by: 'mailbox' });
  });

  it('is answered 202 whether the address is taken or not, and decided when it is confirmed', async () => {
    const taken = `taken${n}@example.org`;
    await register(taken);
    const [free, held] = [await change(), await change(taken)];
    const shape = ({ status, body }: typeof free) => [status, Object.keys(body), body.status];
    expect(shape(held)).toEqual(shape(free));
    const refused = await finish(await code());
    expect(refusal(refused)).toEqual([409, 'conflict', '/email']);
    expect(refused.body.detail).toContain('belongs to another account');
    expect(await me()).toEqual({ id, name: 'Anna', email, role: 'member', confirmed: false, password: true, sms: false });
    expect((await types()).at(-1)).toBe('EmailChangeWithdrawn');
  });

  it('wants a fresh login, but for a name and for the same address', async () => {
    here.advance(11 * 60_000);
    const tokens = await here.call('POST /api/login', { email, password: PASSWORD }, from());
    own = as(tokens.body.accessToken);
    here.advance(11 * 60_000);
    const stale = await change();
    expect([stale.status, stale.body.type]).toEqual([403, '/problems/fresh-login']);
    for (const body of [{ name: 'Anne' }, { name: 'Anne', email }, { email: email.toUpperCase() }])
      expect((await here.call(`PATCH /api/users/${id}`, body, own)).status).toBe(200);
    expect((await here.call('POST /api/me/proof', { password: PASSWORD }, { ...own, ...from() })).status).toBeLessThan(300);
    expect((await change()).status).toBe(202);
  });

  it('is one to a text that only looks the same, whose mailbox may be a stranger’s: it waits for its link, and its code is no other’s', async () => {
    const lookalike = `${String.fromCodePoint(0xff46)}${email.slice(1)}`;
    const token = await here.identity.issueCode(id, 'confirm');
    expect((await here.call('POST /api/confirmations', { token, password: PASSWORD })).status).toBe(200);
    own = await login(email);
    here.advance(11 * 60_000);
    own = as((await here.call('POST /api/login', { email, password: PASSWORD }, from())).body.accessToken);
    expect((await change(lookalike)).status).toBe(202);
    expect(await me()).toMatchObject({ email, confirmed: true, pendingEmail: lookalike });
    expect((await finish(await code())).status).toBe(200);
    expect((await here.events(`user-${id}`)).at(-1)).toMatchObject({ type: 'EmailChanged', data: { email: lookalike, previous: email } });
    // The one value of both is still this user's alone.
    expect((await here.call('POST /api/users', { name: 'Eve', email, password: PASSWORD }, from())).status).toBe(409);
    const back = await login('admin@example.org', 'the first of all');
    const ofLookalike = await here.identity.issueCode(id, 'reset');
    expect((await change(email, back)).status).toBe(200);
    expect((await me()).confirmed).toBe(false);
    expect((await here.call('POST /api/password-resets/finish', { token: ofLookalike, password: 'another good one' })).status).toBe(422);
  });

  it('is confirmed by nobody but its user: a stranger’s link makes no address yours', async () => {
    const victim = await login(await register(`victim${n}@example.org`).then(() => `victim${n}@example.org`));
    await change(`new${n}@example.org`);
    const token = await code();
    expect((await finish(token, victim)).status).toBe(403);
    expect((await finish(token, {})).status).toBe(401);
    expect((await me()).email).toBe(email);
    expect((await finish(token)).status).toBe(200);
  });

  it('is taken back by its user, by a password that is set from the mailbox, and by the next one', async () => {
    await change();
    const first = await code();
    expect((await here.call(`DELETE /api/users/${id}/email-change`, undefined, own)).status).toBe(200);
    expect(refusal(await finish(first))).toEqual(SPENT);
    expect((await me()).pendingEmail).toBeUndefined();
    await change();
    const second = await code();
    await change(`other.${wanted}`);
    expect(refusal(await finish(second))).toEqual(SPENT);
    const third = await code();
    const reset = { token: await here.identity.issueCode(id, 'reset'), password: 'set from the mailbox' };
    expect((await here.call('POST /api/password-resets/finish', reset)).status).toBe(200);
    own = await login(email, reset.password);
    expect(refusal(await finish(third))).toEqual(SPENT);
    await expect(code()).rejects.toThrow(/there is none/);
  });

  it('has a link that is good for ten minutes, and a day to ask for another one', async () => {
    await change();
    const late = await code();
    here.advance(600_000);
    expect(refusal(await finish(late))).toEqual(SPENT);
    const again = await code();
    here.advance(86_400_000 - 600_000);
    own = await login(email);
    expect((await me()).pendingEmail).toBeUndefined();
    expect((await finish(again)).status).toBe(422);
  });

  it('that was not recorded is done again with the same link', async () => {
    await change();
    const token = await code();
    vi.spyOn(here.store, 'append').mockRejectedValue(new StoreUnavailable('the event store is away'));
    expect((await finish(token)).status).toBe(503);
    vi.restoreAllMocks();
    expect((await finish(token)).status).toBe(200);
    expect(await types()).toEqual(['UserCreated', 'EmailChangeRequested', 'EmailChanged']);
  });

  it('is mailed three times an hour for each user; whoever else names an address leaves it to its owner, until strangers have had thirty sent in a day', async () => {
    const answers: number[] = [];
    for (let k = 0; k < 4; k++) answers.push((await change(k === 0 ? `many.${wanted}` : `one.${wanted}`)).status);
    expect(answers).toEqual([202, 202, 202, 429]);
    // Whoever has no mails left takes none from the address that they name.
    for (let k = 0; k < 30; k++) expect((await change(`two.${wanted}`)).status).toBe(429);
    id = await register(`second.${email}`);
    own = await login(`second.${email}`);
    for (const address of [`one.${wanted}`, `two.${wanted}`]) expect((await change(address)).status).toBe(202);
    for (let k = 1; k < 30; k++) await here.identityOptions.limits.consume('link-mails-address', `ChangeEmail two.${wanted}`);
    expect((await change(`TWO.${wanted}`)).status).toBe(429);
  });

  it('of another user is an admin’s to make: at once, to be confirmed, and refused where the address is taken', async () => {
    const admin = await login('admin@example.org', 'the first of all');
    const other = `other${n}@example.org`;
    await register(other);
    expect(refusal(await change(other, admin))).toEqual([409, 'conflict', '/email']);
    expect((await change(wanted, admin)).status).toBe(200);
    expect(await me()).toMatchObject({ email: wanted, confirmed: false });
    expect((await here.events(`user-${id}`)).at(-1)).toMatchObject({ type: 'EmailChanged', data: { email: wanted, previous: email, by: 'admin' } });
    expect((await change(`not.${wanted}`, await login(other))).status).toBe(403);
  });
});
