import { createSecretKey, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { beforeEach, describe, expect, it } from 'vitest';
import { openAccessTokens } from './access-tokens.ts';
import { type Callers, openCallers, type SessionOwner } from './callers.ts';

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const SESSION = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const key = createSecretKey(randomBytes(32));
let time: number;
/** The monotonic clock, in milliseconds. */
let passed: number;
let lookUps: number;
let found: () => Promise<SessionOwner | null>;
let callers: Callers;
const now = () => new Date(time);
const tokens = openAccessTokens(key, now);
const token = () => tokens.sign({ userId: ALICE, sessionId: SESSION, role: 'member' });

beforeEach(() => {
  time = Date.now();
  passed = 0;
  lookUps = 0;
  found = async () => ({ userId: ALICE, role: 'member', confirmed: true });
  const lookUp = () => {
    lookUps++;
    return found();
  };
  callers = openCallers({ tokens, lookUp, seesAll: (role) => role === 'admin', now, clock: () => passed });
});

const invalid = { code: 'unauthorized', status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };

describe('the caller of an access token', () => {
  it('is its user, with the role they have now, until the token ends', async () => {
    const before = token();
    found = async () => ({ userId: ALICE, role: 'admin', confirmed: true });
    const expiresAt = Math.floor(time / 1_000) * 1_000 + 15 * 60_000;
    expect(await callers.authenticate(before)).toEqual({ id: ALICE, role: 'admin', seesAll: true, sessionId: SESSION, expiresAt });
    time += 15 * 60_000;
    await expect(callers.authenticate(before)).rejects.toMatchObject(invalid);
  });

  it('has the posts that its user has now', async () => {
    expect(await callers.authenticate(token())).not.toHaveProperty('posts');
    passed += 400;
    const posts = [{ role: 'security' as const, sites: [] }];
    found = async () => ({ userId: ALICE, role: 'member', posts, confirmed: true });
    expect(await callers.authenticate(token())).toMatchObject({ role: 'member', posts });
  });

  it('is nobody for a token that is forged, of another kind, or for somebody else', async () => {
    const claims = { sub: ALICE, sid: SESSION, iss: 'taskledger', aud: 'taskledger-api', exp: Math.floor(time / 1_000) + 60 };
    const { exp: _, ...endless } = claims;
    const [header = '', payload = '', signature = ''] = token().split('.');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const wrong = [
      jwt.sign(claims, randomBytes(32)),
      jwt.sign(claims, key, { algorithm: 'HS512' }),
      jwt.sign({ ...claims, aud: 'another' }, key),
      jwt.sign({ ...claims, iss: 'another' }, key),
      jwt.sign({ ...claims, sub: 'operator' }, key),
      jwt.sign({ ...claims, sid: undefined }, key),
      jwt.sign(endless, key),
      jwt.sign({ ...claims, nbf: claims.exp }, key),
      `${unsigned}.${payload}.`,
      `${unsigned}.${payload}.${signature}`,
      `${header}.${Buffer.from(JSON.stringify({ ...claims, sub: SESSION })).toString('base64url')}.${signature}`,
      '',
      'x',
    ];
    for (const one of wrong) await expect(callers.authenticate(one), one).rejects.toMatchObject(invalid);
    expect(lookUps).toBe(0);
    await expect(callers.authenticate(jwt.sign(claims, key))).resolves.toMatchObject({ id: ALICE });
    await expect(callers.authenticate(jwt.sign({ ...claims, sub: SESSION }, key))).rejects.toMatchObject(invalid);
  });

  it.each([5, -5])('is looked up again after 400 ms also where the clock is set by %d hours meanwhile', async (hours) => {
    // Without the time when it was made, by which a token of before would be refused already.
    const claims = { sub: ALICE, sid: SESSION, exp: Math.floor(time / 1_000) + 900 };
    await callers.callerOf(claims);
    found = async () => null;
    time += hours * 3_600_000;
    passed += 400;
    await expect(callers.callerOf(claims)).rejects.toMatchObject(invalid);
  });

  it('is looked up once for many at once, and again after 400 ms', async () => {
    await Promise.all(Array.from({ length: 20 }, () => callers.authenticate(token())));
    passed += 399;
    await callers.authenticate(token());
    expect(lookUps).toBe(1);
    passed += 1;
    await callers.authenticate(token());
    expect(lookUps).toBe(2);
  });

  it('is looked up each time while they have to do something first, which another process may hear of', async () => {
    found = async () => ({ userId: ALICE, role: 'member', confirmed: true, lacking: { ownPassword: true } });
    expect(await callers.authenticate(token())).toMatchObject({ confined: 'password' });
    found = async () => ({ userId: ALICE, role: 'member', confirmed: true });
    expect(await callers.authenticate(token())).not.toHaveProperty('confined');
    await callers.authenticate(token());
    expect(lookUps).toBe(2);
  });

  it('is not taken from a look-up that began 400 ms before the question, however long it takes', async () => {
    let answer: (behind: SessionOwner) => void = () => {};
    found = () => new Promise((resolve) => (answer = resolve));
    const early = callers.authenticate(token());
    passed += 400;
    found = async () => null;
    await expect(callers.authenticate(token())).rejects.toMatchObject(invalid);
    answer({ userId: ALICE, role: 'member', confirmed: true });
    await early;
    await expect(callers.authenticate(token())).rejects.toMatchObject(invalid);
  });

  it('is nobody as soon as the session is known to have ended', async () => {
    await callers.authenticate(token());
    found = async () => null;
    callers.forgetSession(SESSION);
    await expect(callers.authenticate(token())).rejects.toMatchObject(invalid);
    await expect(callers.authenticate(token())).rejects.toMatchObject(invalid);
    expect(lookUps).toBe(3);
  });

  it('has the new role as soon as the user is known to have changed', async () => {
    await callers.authenticate(token());
    found = async () => ({ userId: ALICE, role: 'admin', confirmed: true });
    callers.forgetUser(SESSION);
    expect(await callers.authenticate(token())).toMatchObject({ role: 'member' });
    callers.forgetUser(ALICE);
    expect(await callers.authenticate(token())).toMatchObject({ role: 'admin', seesAll: true });
  });

  it.each(['forgetSession', 'forgetUser'] as const)('is not remembered from a look-up that %s overtook', async (forget) => {
    let answer: (behind: SessionOwner) => void = () => {};
    found = () => new Promise((resolve) => (answer = resolve));
    const early = callers.authenticate(token());
    callers[forget](forget === 'forgetUser' ? ALICE : SESSION);
    found = async () => null;
    await expect(callers.authenticate(token())).rejects.toMatchObject(invalid);
    answer({ userId: ALICE, role: 'member', confirmed: true });
    await early;
    await expect(callers.authenticate(token())).rejects.toMatchObject(invalid);
  });

  it('is not taken from a look-up that failed', async () => {
    found = () => Promise.reject(new Error('down'));
    await expect(callers.authenticate(token())).rejects.toThrow('down');
    found = async () => ({ userId: ALICE, role: 'member', confirmed: true });
    await expect(callers.authenticate(token())).resolves.toMatchObject({ id: ALICE });
  });
});
