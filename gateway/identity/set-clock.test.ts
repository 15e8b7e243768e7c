import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openApiKeys } from './api-keys.ts';
import { as, openInstallation } from './identity.fixture.ts';
import { openIdentity } from './identity.ts';
import { openSessions } from './sessions.ts';

const HOUR = 3_600_000;
const EMAIL = 'alice@example.org';
const PASSWORD = 'a long enough password';
const STEPS = [5 * HOUR, -5 * HOUR];

let here: Awaited<ReturnType<typeof openInstallation>>;
let alice: string;
beforeEach(async () => {
  here = await openInstallation();
  alice = (await here.call('POST /api/users', { name: 'Alice', email: EMAIL, password: PASSWORD })).body.id;
});
afterEach(() => here.close());

const logIn = (password = PASSWORD) => here.call('POST /api/login', { email: EMAIL, password });

describe.each(STEPS)('a clock that is set by %d ms lets nobody in who was shut out:', (step) => {
  it('a session that ended is gone in every other process within five seconds', async () => {
    const { accessToken } = (await logIn()).body;
    const elsewhere = await openIdentity(here.identityOptions);
    await elsewhere.authenticate(accessToken);
    expect((await here.call('POST /api/logout', undefined, as(accessToken))).status).toBe(204);
    here.setClock(step);
    here.advance(5_000);
    await expect(elsewhere.authenticate(accessToken)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('a key that was revoked', async () => {
    const { secrets, now = () => new Date(), clock, limits } = here.identityOptions;
    const [one, other] = [openApiKeys({ secrets, limits, now, clock }), openApiKeys({ secrets, limits, now, clock })];
    const { key, id } = await one.issue({ name: 'shop', requestsPerMinute: 10, madeBy: 'somebody' });
    await other.admit(key);
    await one.revoke(id);
    here.setClock(step);
    here.advance(5_000);
    await expect(other.admit(key)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('a code that was found to be over', async () => {
    const code = await here.identity.issueCode(alice, 'confirm');
    here.advance(49 * HOUR);
    const confirm = () => here.call('POST /api/confirmations', { token: code, password: 'another password' });
    const before = await confirm();
    expect(before.status).toBeGreaterThanOrEqual(400);
    here.setClock(step);
    expect((await confirm()).status).toBe(before.status);
    const fresh = await here.identity.issueCode(alice, 'confirm');
    expect((await here.call('POST /api/confirmations', { token: fresh, password: 'another password' })).status).toBeLessThan(300);
  });

  it('a refresh token whose successor was used', async () => {
    const first = (await logIn()).body;
    const second = await here.call('POST /api/token/refresh', { refreshToken: first.refreshToken });
    expect((await here.call('POST /api/token/refresh', { refreshToken: second.body.refreshToken })).status).toBe(200);
    here.advance(60_000);
    here.setClock(step);
    expect((await here.call('POST /api/token/refresh', { refreshToken: first.refreshToken })).status).toBe(401);
    expect(here.stored('sessions')).toEqual([]);
  });
});

describe.each(STEPS)('a clock that is set by %d ms shuts nobody out for as long as that:', (step) => {
  it('a refresh that is repeated at once gets the same token again', async () => {
    const { secrets, keys, now = () => new Date(), clock } = here.identityOptions;
    const sessions = openSessions({ secrets, ends: { ended: async () => {} }, hmac: keys.hmac, exists: async () => true, now, clock });
    const first = await sessions.start('0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', { userAgent: null, ip: '192.0.2.1' });
    const second = await sessions.refresh(first.refreshToken);
    here.setClock(step);
    expect(await sessions.refresh(first.refreshToken)).toEqual(second);
  });

  it('who is logged in gets a token of the new time for the old refresh token', async () => {
    const { refreshToken } = (await logIn()).body;
    here.setClock(step);
    const { status, body } = await here.call('POST /api/token/refresh', { refreshToken });
    expect(status).toBe(200);
    const again = await openIdentity(here.identityOptions);
    await expect(again.authenticate(body.accessToken)).resolves.toMatchObject({ role: expect.any(String) });
  });
});

it('an access token made before the clock was set back by hours is refused, since its end would come hours too late', async () => {
  const { accessToken } = (await logIn()).body;
  here.setClock(-5 * HOUR);
  const elsewhere = await openIdentity(here.identityOptions);
  await expect(elsewhere.authenticate(accessToken)).rejects.toMatchObject({ code: 'unauthorized' });
  here.setClock(5 * HOUR - 60_000);
  await expect(elsewhere.authenticate(accessToken)).resolves.toMatchObject({ role: expect.any(String) });
});
