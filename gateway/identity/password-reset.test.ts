import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const PASSWORD = 'correct horse battery';
const NEXT = 'staple of the month';
let here: Installation;
let n = 0;
let email: string;
let id: string;
beforeAll(async () => {
  here = await openInstallation({ limits: { registration: 1_000 } });
});
afterAll(() => here.close());
afterEach(() => vi.restoreAllMocks());
beforeEach(async () => {
  email = `forgetful${++n}@example.org`;
  id = (await here.call('POST /api/users', { name: 'Ann', email, password: PASSWORD })).body.id;
});

const from = () => ({ 'x-forwarded-for': `10.1.0.${n}` });
const ask = (address = email) => here.call('POST /api/password-resets', { email: address }, from());
const finish = (token: string, password = NEXT) => here.call('POST /api/password-resets/finish', { token, password }, from());
const login = (password: string) => here.call('POST /api/login', { email, password }, from());
const types = async () => (await here.events(`user-${id}`)).map((one) => one.type);

describe('a password that is forgotten', () => {
  it('is asked for in the same way whether there is such an account or not', async () => {
    const ofNobody = async () => (await here.bookkeeping()).filter(({ stream }) => stream === '_nobody').length;
    const known = await ask();
    expect(await types()).toEqual(['UserCreated', 'PasswordResetRequested']);
    expect(await ofNobody()).toBe(0);
    const all = (await here.events()).length;
    const unknown = await ask(`nobody${n}@example.org`);
    expect([known.status, known.body]).toEqual([202, { status: 'accepted' }]);
    expect([unknown.status, unknown.body]).toEqual([202, { status: 'accepted' }]);
    const names = (headers: Headers) => [...headers.keys()].toSorted();
    expect(names(unknown.headers)).toEqual(names(known.headers));
    // Something is written in either case; what is written for nobody is in no history.
    expect((await here.events()).length).toBe(all);
    expect(await ofNobody()).toBe(1);
  });

  it('is set with the code, once; all sessions end, the address is proven, and nobody is logged in', async () => {
    const { accessToken } = (await login(PASSWORD)).body;
    const code = await here.identity.issueCode(id, 'reset');
    const { status, body } = await finish(code);
    expect([status, body]).toEqual([200, { id, confirmed: true, passwordSet: true }]);
    expect(await types()).toEqual(['UserCreated', 'PasswordChanged', 'UserConfirmed']);
    expect((await here.call('GET /api/me', undefined, as(accessToken))).status).toBe(401);
    expect([(await login(PASSWORD)).status, (await login(NEXT)).status]).toEqual([401, 200]);
    expect((await finish(code)).body.errors[0].pointer).toBe('/token');
  });

  it('is set by the last link alone, within ten minutes, and by no link that confirms', async () => {
    const old = await here.identity.issueCode(id, 'reset');
    const code = await here.identity.issueCode(id, 'reset');
    expect((await finish(old)).status).toBe(422);
    expect((await finish(await here.identity.issueCode(id, 'confirm'))).status).toBe(422);
    expect((await here.call('POST /api/confirmations', { token: code, password: NEXT })).status).toBe(422);
    here.advance(600_000);
    expect((await finish(code)).status).toBe(422);
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it('is not one that everybody guesses, and the link stays good', async () => {
    const code = await here.identity.issueCode(id, 'reset');
    expect((await finish(code, 'qwertyuiop')).body.errors[0].pointer).toBe('/password');
    expect((await finish(code)).status).toBe(200);
  });

  it('is set by the same link again where the event store was away meanwhile', async () => {
    const code = await here.identity.issueCode(id, 'reset');
    vi.spyOn(here.store, 'append').mockRejectedValue(new StoreUnavailable('the event store is away'));
    expect((await finish(code)).status).toBe(503);
    expect((await ask()).status).toBe(503);
    expect((await ask(`nobody${n}@example.org`)).status).toBe(503);
    vi.restoreAllMocks();
    expect((await finish(code)).status).toBe(200);
    expect((await types()).filter((type) => type === 'PasswordChanged')).toHaveLength(1);
  });

  it('is asked for three times an hour for an address, known or not', async () => {
    for (const address of [email, `nobody${n}@example.org`]) {
      const statuses = [];
      for (let k = 0; k < 4; k++) statuses.push((await ask(address)).status);
      expect(statuses).toEqual([202, 202, 202, 429]);
      // In whatever way it is written.
      expect((await ask(address.toUpperCase())).status).toBe(429);
    }
  });

  it('is asked for by its owner, however often a stranger has asked; strangers at large have a bound, which a network with a session has not', async () => {
    const status = async (ip: string) => (await here.call('POST /api/password-resets', { email }, { 'x-forwarded-for': ip })).status;
    await here.call('POST /api/login', { email, password: PASSWORD }, { 'x-forwarded-for': '10.3.0.1' });
    for (let k = 0; k < 4; k++) await status('10.2.0.1');
    expect([await status('10.2.0.1'), await status('10.2.0.2')]).toEqual([429, 202]);
    for (let k = 3; k < 30; k++) await status(`10.2.1.${k}`);
    expect([await status('10.2.2.1'), await status('10.3.0.1')]).toEqual([429, 202]);
  });

  it('is asked for ten times a day by a network, and by a network no more than a hundred times an hour for whatever addresses', async () => {
    const { limits } = here.identityOptions;
    const hour = () => limits.reset('link-mails', `RequestPasswordReset ${email} from 10.1.0.${n}`);
    const statuses = [];
    for (let k = 0; k < 11; k++) {
      statuses.push((await ask()).status);
      await hour();
    }
    expect(statuses).toEqual([...Array(10).fill(202), 429]);
    // What was refused counts for the network: it was looked up, too.
    for (let k = 11; k < 100; k++) await limits.consume('link-mails-ip', `10.1.0.${n}`);
    expect((await ask(`somebody${n}@example.org`)).status).toBe(429);
  });

  it('is limited for an hour alone by asking too quickly: a request that is refused takes nothing from the day', async () => {
    for (let k = 0; k < 12; k++) await ask();
    // The hour passes, as if for this address alone.
    await here.identityOptions.limits.reset('link-mails', `RequestPasswordReset ${email} from 10.1.0.${n}`);
    expect((await ask()).status).toBe(202);
  });

  it('has a link mailed for each request, whatever ids clients give them', async () => {
    const sameId = { ...from(), 'x-request-id': '6d0c3c1e-0f6e-4f0a-9a64-1f1f6a0f7c11' };
    for (let k = 0; k < 2; k++) expect((await here.call('POST /api/password-resets', { email }, sameId)).status).toBe(202);
    expect((await types()).filter((type) => type === 'PasswordResetRequested')).toHaveLength(2);
  });

  it('that is changed by its owner is told, too', async () => {
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call('PUT /api/me/password', { current: PASSWORD, new: NEXT }, as(accessToken))).status).toBe(204);
    expect((await here.events(`user-${id}`)).at(-1)).toMatchObject({ type: 'PasswordChanged', data: { by: 'password' } });
  });

  it('that is changed otherwise ends the link of before', async () => {
    const code = await here.identity.issueCode(id, 'reset');
    const { accessToken } = (await login(PASSWORD)).body;
    expect((await here.call('PUT /api/me/password', { current: PASSWORD, new: NEXT }, as(accessToken))).status).toBe(204);
    expect((await finish(code, 'what a thief chose')).status).toBe(422);
    expect((await login(NEXT)).status).toBe(200);
  });

  it('is in no event and in no line of the log, nor is the code', async () => {
    const code = await here.identity.issueCode(id, 'reset');
    await finish(code, 'a very secret phrase');
    const told = JSON.stringify([await here.events(), await here.bookkeeping(), here.lines]);
    for (const secret of [code, 'a very secret phrase', PASSWORD]) expect(told).not.toContain(secret);
  });
});

describe('a confirmation mail', () => {
  it('is sent again to an account that is not confirmed, and the answer is the same for every address', async () => {
    const again = (address: string) => here.call('POST /api/confirmation-mails', { email: address }, from());
    expect((await again(email)).status).toBe(202);
    expect(await types()).toEqual(['UserCreated', 'ConfirmationRequested']);
    await here.call('POST /api/confirmations', { token: await here.identity.issueCode(id, 'confirm'), password: NEXT });
    const all = (await here.events()).length;
    expect([(await again(email)).status, (await again(`nobody${n}@example.org`)).status]).toEqual([202, 202]);
    expect((await here.events()).length).toBe(all);
  });
});
