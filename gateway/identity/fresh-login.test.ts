import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FRESH_LOGIN_NEEDED, ProblemError, toProblem } from '../../contracts/problem.ts';
import { OPERATOR } from '../operator.ts';
import { expectFreshLogin, FRESH_MINUTES } from './fresh-login.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openSessions } from './sessions.ts';

const PASSWORD = 'correct horse battery';
const LONG = FRESH_MINUTES * 60_000;
let here: Installation;
let n = 0;
let email: string;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());
beforeEach(async () => {
  email = `user${++n}@example.org`;
  await here.call('POST /api/users', { name: `User ${n}`, email, password: PASSWORD });
});

const logIn = async (): Promise<string> => (await here.call('POST /api/login', { email, password: PASSWORD })).body.accessToken;
const prove = (token: string, password = PASSWORD) => here.call('POST /api/me/proof', { password }, as(token));

/** The sessions as a process sees them that started just now: it knows what the secrets have, and nothing more. */
function elsewhere() {
  const { secrets, keys, now = () => new Date(), clock } = here.identityOptions;
  return openSessions({ secrets, ends: { ended: async () => {} }, hmac: keys.hmac, exists: async () => true, now, clock });
}

/** What a call of this token is answered that wants a fresh login; null where it is let through. */
async function refusalOf(token: string, sessions = elsewhere()) {
  const caller = await here.identity.authenticate(token);
  return expectFreshLogin(sessions, caller).then(
    () => null,
    (error) => {
      if (error instanceof ProblemError) return toProblem(error);
      throw error;
    },
  );
}

describe('a fresh login', () => {
  it('is one of the last ten minutes; then the answer says how to prove it anew', async () => {
    const token = await logIn();
    here.advance(LONG - 60_000);
    expect(await refusalOf(token)).toBeNull();
    here.advance(60_001);
    const refusal = await refusalOf(token);
    expect(refusal).toMatchObject({ type: FRESH_LOGIN_NEEDED, code: 'forbidden', status: 403 });
    expect(refusal?.detail).toContain('POST /api/me/proof');
  });

  it('is had again by giving the password, in that session alone', async () => {
    const [one, two] = [await logIn(), await logIn()];
    here.advance(LONG + 1_000);
    expect((await prove(one)).status).toBe(204);
    expect([await refusalOf(one), (await refusalOf(two))?.type]).toEqual([null, FRESH_LOGIN_NEEDED]);
  });

  it('is had again by changing the password', async () => {
    const token = await logIn();
    here.advance(LONG + 1_000);
    await here.call('PUT /api/me/password', { current: PASSWORD, new: 'staple of the month' }, as(token));
    expect(await refusalOf(token)).toBeNull();
  });

  it('is not had by refreshing', async () => {
    const { refreshToken } = (await here.call('POST /api/login', { email, password: PASSWORD })).body;
    here.advance(LONG + 1_000);
    const { accessToken } = (await here.call('POST /api/token/refresh', { refreshToken })).body;
    expect((await refusalOf(accessToken))?.type).toBe(FRESH_LOGIN_NEEDED);
  });

  it('is not had with a wrong password, and tries count as tries to log in', async () => {
    const token = await logIn();
    here.advance(LONG + 1_000);
    const wrong = await prove(token, 'a wrong password');
    expect([wrong.status, wrong.body.errors]).toEqual([422, [{ pointer: '/password', detail: 'is not your password' }]]);
    for (let tries = 1; tries < 10; tries++) await prove(token, 'a wrong password');
    expect((await prove(token)).status).toBe(429);
    expect((await here.call('POST /api/login', { email, password: PASSWORD })).status).toBe(429);
    expect((await refusalOf(token))?.type).toBe(FRESH_LOGIN_NEEDED);
  });

  it.each([5, -5])('is neither made nor lost by a clock that is set by %d hours in the process that took the proof', async (hours) => {
    const sessions = elsewhere();
    const token = await logIn();
    const { sessionId } = await here.identity.authenticate(token);
    await sessions.prove(sessionId);
    here.setClock(hours * 3_600_000);
    expect(await sessions.isFresh(sessionId)).toBe(true);
    here.advance(LONG + 1_000);
    expect(await sessions.isFresh(sessionId)).toBe(false);
    here.setClock(-hours * 3_600_000);
  });

  it('is that of a session of an older release when it was made', async () => {
    const token = await logIn();
    const { sessionId } = await here.identity.authenticate(token);
    const record = await here.secrets.get<{ provedAt?: string }>('sessions', sessionId);
    const { provedAt: _, ...older } = record?.value ?? {};
    await here.secrets.put('sessions', { key: sessionId, value: older, owner: record?.owner ?? '', expires: record?.expires ?? null });
    expect(await refusalOf(token)).toBeNull();
    here.advance(LONG + 1_000);
    expect((await refusalOf(token))?.type).toBe(FRESH_LOGIN_NEEDED);
  });

  it('is wanted of admins for what lets others in, or takes accounts away', async () => {
    await here.identity.ensureAdmin('root@example.org', PASSWORD);
    const root = async () => (await here.call('POST /api/login', { email: 'root@example.org', password: PASSWORD })).body.accessToken;
    const { id } = await here.identity.authenticate(await logIn());
    // An access token outlives the proof.
    const stale = await root();
    here.advance(LONG + 1_000);
    const fresh = await root();
    const calls: [string, unknown, number][] = [
      ['POST /api/invitations', { email: `invited.${email}`, role: 'admin' }, 201],
      ['POST /api/admin/api-keys', { name: 'web shop' }, 201],
      [`PUT /api/users/${id}/role`, { role: 'admin' }, 200],
      [`POST /api/users/${id}/confirm`, undefined, 200],
      [`DELETE /api/users/${id}`, undefined, 200],
    ];
    for (const [what, body, status] of calls) {
      const key = { 'idempotency-key': what };
      expect((await here.call(what, body, { ...as(stale), ...key })).body).toMatchObject({ status: 403, type: FRESH_LOGIN_NEEDED });
      expect((await here.call(what, body, { ...as(fresh), ...key })).status).toBe(status);
    }
  });

  it('is the operator’s always, who reads the data folder', async () => {
    await expect(expectFreshLogin(elsewhere(), OPERATOR)).resolves.toBeUndefined();
  });

  it('is nobody’s whose session has ended', async () => {
    const token = await logIn();
    const caller = await here.identity.authenticate(token);
    await here.call('POST /api/logout', undefined, as(token));
    await expect(expectFreshLogin(elsewhere(), caller)).rejects.toMatchObject({ type: FRESH_LOGIN_NEEDED });
    expect((await prove(token)).status).toBe(401);
  });
});
