import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRESH_LOGIN_NEEDED } from '../../../contracts/problem.ts';
import { OPERATOR } from '../../operator.ts';
import { as, type Installation, openInstallation } from '../identity.fixture.ts';
import { openUser, PASSWORD, type UserOfApp } from './second-factor.fixture.ts';

const LONG = 11 * 60_000;
const NEXT = 'staple of the month';
const ROOT = { email: 'root@example.org', password: 'a password of the root' };
let here: Installation;
beforeAll(async () => {
  here = await openInstallation({ limits: { registration: 1_000 } });
  await here.identity.ensureAdmin(ROOT.email, ROOT.password);
});
afterAll(() => here.close());

const rooted = async () => as((await here.call('POST /api/login', ROOT)).body.accessToken);
const path = '/api/me/second-factor';
const prove = (user: UserOfApp, proof: object) => here.call('POST /api/me/proof', { password: PASSWORD, ...proof }, as(user.first));

describe('one’s second factor', () => {
  it('is begun, turned on, told of, and turned off; each change is recorded, and no secret of it', async () => {
    const ann = await openUser(here, { second: false });
    expect(await ann.status()).toEqual({ on: false, since: null, recoveryCodesLeft: 0, required: false });
    const other = (await ann.password()).body.accessToken;
    const begun = await here.call(`POST ${path}`, undefined, as(ann.first));
    expect([begun.status, begun.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(begun.body).toEqual({ secret: expect.stringMatching(/^[A-Z2-7]{32}$/), url: expect.stringMatching(/^otpauth:\/\/totp\/taskledger:user/) });
    await ann.turnOn();
    expect(await ann.status()).toMatchObject({ on: true, recoveryCodesLeft: 10 });
    expect((await here.call('GET /api/me', undefined, as(other))).status).toBe(401);
    const renewed = await here.call(`POST ${path}/recovery-codes`, undefined, as(ann.first));
    expect(new Set([...renewed.body.recoveryCodes, ...ann.app.recovery]).size).toBe(20);
    expect((await ann.finish(await ann.ticket(), { recoveryCode: ann.app.recovery[0] })).status).toBe(422);
    expect((await here.call(`DELETE ${path}`, undefined, as(ann.first))).status).toBe(204);
    expect((await here.call(`DELETE ${path}`, undefined, as(ann.first))).status).toBe(204);
    expect((await ann.password()).body.accessToken).toBeDefined();
    expect(await ann.types()).toEqual(['UserCreated', 'SecondFactorEnabled', 'RecoveryCodesMade', 'SecondFactorDisabled']);
    const all = JSON.stringify([await here.events(), here.lines]);
    for (const secret of [ann.app.secret, ...ann.app.recovery, ...renewed.body.recoveryCodes]) expect(all).not.toContain(secret);
  });

  it('is not turned on by a wrong code, nor anew while it is on', async () => {
    const ann = await openUser(here, { second: false });
    expect((await here.call(`POST ${path}/confirm`, { code: '123456' }, as(ann.first))).status).toBe(422);
    await here.call(`POST ${path}`, undefined, as(ann.first));
    const wrong = await here.call(`POST ${path}/confirm`, { code: '000000' }, as(ann.first));
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/code']);
    expect((await here.call(`POST ${path}/recovery-codes`, undefined, as(ann.first))).status).toBe(409);
    await ann.turnOn();
    expect((await here.call(`POST ${path}`, undefined, as(ann.first))).status).toBe(409);
  });

  it('is changed by who has logged in, or proved it, lately; the proof asks for a code, too', async () => {
    const ann = await openUser(here);
    here.advance(LONG);
    const changes = [`POST ${path}`, `POST ${path}/confirm`, `POST ${path}/recovery-codes`, `DELETE ${path}`];
    for (const change of changes) {
      const body = change.endsWith('confirm') ? { code: '123456' } : undefined;
      expect((await here.call(change, body, as(ann.first))).body).toMatchObject({ status: 403, type: FRESH_LOGIN_NEEDED });
    }
    const without = await prove(ann, {});
    expect([without.status, without.body.errors[0].pointer]).toEqual([422, '/code']);
    expect((await prove(ann, { code: '000000' })).status).toBe(422);
    expect((await here.call(`DELETE ${path}`, undefined, as(ann.first))).status).toBe(403);
    expect((await prove(ann, { code: ann.code() })).status).toBe(204);
    expect((await here.call(`DELETE ${path}`, undefined, as(ann.first))).status).toBe(204);
  });

  it('is not proved by changing the password, which shows one half alone', async () => {
    const ann = await openUser(here);
    here.advance(LONG);
    expect((await here.call('PUT /api/me/password', { current: PASSWORD, new: NEXT }, as(ann.first))).status).toBe(204);
    expect((await here.call(`DELETE ${path}`, undefined, as(ann.first))).status).toBe(403);
  });

  it('is not tried by who has the access token and the password more often than at a login', async () => {
    const ann = await openUser(here);
    const statuses = [];
    for (let tries = 0; tries < 11; tries++) statuses.push((await prove(ann, { code: '000000' })).status);
    expect(statuses).toEqual([...Array(10).fill(422), 429]);
    expect((await ann.finish(await ann.ticket(), { code: ann.code() })).status).toBe(429);
  });
});

describe('another one’s second factor', () => {
  it('is taken away by an admin who has logged in lately, and it is recorded who did', async () => {
    const ann = await openUser(here);
    const by = await rooted();
    here.advance(LONG);
    const what = `DELETE /api/users/${ann.id}/second-factor`;
    expect((await here.call(what, undefined, by)).body).toMatchObject({ status: 403, type: FRESH_LOGIN_NEEDED });
    const fresh = await rooted();
    expect((await here.call(what, undefined, fresh)).status).toBe(204);
    expect((await here.call(what, undefined, fresh)).status).toBe(204);
    expect((await ann.password()).body.accessToken).toBeDefined();
    const events = await here.events(`user-${ann.id}`);
    const { body: root } = await here.call('GET /api/me', undefined, fresh);
    expect(events.filter(({ type }) => type === 'SecondFactorDisabled')).toMatchObject([{ data: { by: 'admin' }, metadata: { actor: root.id } }]);
  });

  it('is told to admins, who see whether there is one to take away, and nothing more of it', async () => {
    const [ann, ben, by] = [await openUser(here), await openUser(here, { second: false }), await rooted()];
    const told = (id: string) => here.call(`GET /api/users/${id}/second-factor`, undefined, by);
    expect([(await told(ann.id)).body, (await told(ben.id)).body]).toEqual([{ on: true }, { on: false }]);
    expect((await told(ann.id)).headers.get('cache-control')).toBe('no-store');
    expect((await told(crypto.randomUUID())).status).toBe(404);
  });

  it('is nobody else’s to take away', async () => {
    const [ann, ben] = [await openUser(here), await openUser(here, { second: false })];
    expect((await here.call(`GET /api/users/${ann.id}/second-factor`, undefined, as(ben.first))).status).toBe(403);
    expect((await here.call(`DELETE /api/users/${ann.id}/second-factor`, undefined, as(ben.first))).status).toBe(403);
    expect(await ann.status()).toMatchObject({ on: true });
    expect((await here.call(`DELETE /api/users/${crypto.randomUUID()}/second-factor`, undefined, await rooted())).status).toBe(404);
  });

  it('is taken away by the operator', async () => {
    const ann = await openUser(here);
    const route = here.identity.routes.find((one) => one.path === '/api/admin/accounts');
    const order = (requestId: string) => {
      const body = { order: 'second-factor', email: ann.email };
      return route?.handle({ params: {}, query: {}, caller: OPERATOR, header: () => undefined, ip: '127.0.0.1', requestId, body });
    };
    for (const requestId of ['r1', 'r2']) expect(await order(requestId)).toMatchObject({ body: { id: ann.id } });
    expect(await ann.status()).toMatchObject({ on: false });
    expect((await ann.types()).filter((type) => type === 'SecondFactorDisabled')).toHaveLength(1);
    expect((await here.events(`user-${ann.id}`)).at(-1)).toMatchObject({
      type: 'SecondFactorDisabled',
      data: { by: 'operator' },
      metadata: { actor: 'operator' },
    });
  });
});

describe('a role that must have a second factor', () => {
  it('can do nothing else than set one up, and everything from then on', async () => {
    const strict = await openInstallation({ requireSecondFactor: ['member'] });
    try {
      const ann = await openUser(strict, { second: false });
      const login = (await ann.password()).body;
      expect(login.user.confined).toBe('second-factor');
      const by = as(login.accessToken);
      expect((await ann.status(login.accessToken)).required).toBe(true);
      expect((await strict.call('GET /api/me', undefined, by)).status).toBe(200);
      for (const [what, body] of [
        ['POST /api/tasks', { title: 'Replace the lamp' }],
        ['PUT /api/me/password', { current: PASSWORD, new: NEXT }],
        [`PATCH /api/users/${ann.id}`, { name: 'Anna' }],
      ] as const) {
        const refused = await strict.call(what, body, by);
        expect([refused.status, refused.body.detail]).toEqual([403, expect.stringContaining('POST /api/me/second-factor')]);
      }
      await expect(strict.identity.authenticate(login.accessToken)).rejects.toMatchObject({ code: 'forbidden' });
      await ann.turnOn(login.accessToken);
      expect((await strict.call('POST /api/tasks', { title: 'Replace the lamp' }, by)).status).toBe(201);
      const done = await ann.finish(await ann.ticket(), { code: ann.code() });
      expect(done.body.user.confined).toBeUndefined();
      expect((await strict.call(`DELETE ${path}`, undefined, as(done.body.accessToken))).status).toBe(204);
      expect((await strict.call('POST /api/tasks', { title: 'Replace the lamp' }, as(done.body.accessToken))).status).toBe(403);
    } finally {
      await strict.close();
    }
  });

  it('is met by others where their role changes', async () => {
    const strict = await openInstallation({ requireSecondFactor: ['admin'] });
    try {
      await strict.identity.ensureAdmin(ROOT.email, ROOT.password);
      const root = await strict.call('POST /api/login', ROOT);
      expect((await strict.call('GET /api/me/second-factor', undefined, as(root.body.accessToken))).body).toMatchObject({
        on: false,
        required: true,
      });
      const ann = await openUser(strict, { second: false });
      expect((await strict.call('POST /api/tasks', { title: 'Replace the lamp' }, as(ann.first))).status).toBe(201);
      const { id, sessionId } = await strict.identity.authenticate(ann.first);
      await strict.identity.expectUnbound({ id, sessionId });
      await expect(strict.identity.expectUnbound({ id: root.body.user.id, sessionId })).rejects.toMatchObject({ code: 'unauthorized' });
      const command = { type: 'ChangeUserRole', stream: `user-${ann.id}`, id: ann.id, data: { role: 'admin' }, commandId: crypto.randomUUID() };
      const actor = { id: 'system', role: 'system', seesAll: true } as const;
      await strict.commands.handle({ ...command, actor, now: new Date().toISOString() }, { correlationId: command.commandId });
      // An open socket is asked about as of now, whatever is remembered.
      await expect(strict.identity.expectUnbound({ id, sessionId })).rejects.toMatchObject({ code: 'forbidden' });
      strict.advance(6_000);
      expect((await strict.call('POST /api/tasks', { title: 'Replace the lamp' }, as(ann.first))).status).toBe(403);
    } finally {
      await strict.close();
    }
  });

  it('confirms its address first where that is wanted: who does not own the account sets up no second factor', async () => {
    const strict = await openInstallation({ requireSecondFactor: ['member'], unconfirmed: 'read' });
    try {
      const ann = await openUser(strict, { second: false });
      const { user, accessToken } = (await ann.password()).body;
      expect(user.confined).toBe('profile');
      expect((await strict.call(`POST ${path}`, undefined, as(accessToken))).body.detail).toContain('POST /api/confirmation-mails');
    } finally {
      await strict.close();
    }
  });
});
