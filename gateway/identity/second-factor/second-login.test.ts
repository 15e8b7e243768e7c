import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../platform/event-store/event-store.ts';
import { as, type Installation, openInstallation } from '../identity.fixture.ts';
import { openIdentity } from '../identity.ts';
import { openUser, PASSWORD, type UserOfApp } from './second-factor.fixture.ts';

const NEXT = 'staple of the month';
let here: Installation;
let ann: UserOfApp;
beforeAll(async () => {
  here = await openInstallation({ limits: { registration: 1_000 } });
});
afterAll(() => here.close());
beforeEach(async () => {
  ann = await openUser(here);
});

const sessions = async () => (await here.secrets.list('sessions', ann.id)).length;

describe('logging in with a second factor', () => {
  it('takes the password, which gives a ticket and no session, and then a code', async () => {
    const before = await sessions();
    const { status, headers, body } = await ann.password();
    expect([status, Object.keys(body), body.secondFactor.expiresIn]).toEqual([200, ['secondFactor'], 300]);
    expect([headers.get('cache-control'), await sessions()]).toEqual(['no-store', before]);
    const answer = await ann.finish(body.secondFactor.ticket, { code: ann.code() });
    expect(answer.status).toBe(200);
    expect(answer.body.user).toEqual({ id: ann.id, name: 'Ann', role: 'member' });
    expect((await here.call('GET /api/me', undefined, as(answer.body.accessToken))).status).toBe(200);
    expect((await here.call('POST /api/token/refresh', { refreshToken: answer.body.refreshToken })).status).toBe(200);
  });

  it('takes each code once, of whichever ticket, also of many that give it at once', async () => {
    const tickets = await Promise.all(Array.from({ length: 4 }, ann.ticket));
    const code = ann.code();
    const statuses = (await Promise.all(tickets.map((ticket) => ann.finish(ticket, { code })))).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 422, 422, 422]);
    here.setClock(-5 * 3_600_000);
    here.setClock(5 * 3_600_000);
    const again = await ann.finish(await ann.ticket(), { code });
    expect([again.status, again.body.errors]).toEqual([422, [{ pointer: '/code', detail: expect.stringContaining('used already') }]]);
    here.advance(60_000);
    expect((await ann.finish(await ann.ticket(), { code: ann.code() })).status).toBe(200);
  });

  it('takes a recovery code in place of a code, once, and that is recorded', async () => {
    const [recoveryCode] = ann.app.recovery;
    expect((await ann.finish(await ann.ticket(), { recoveryCode })).status).toBe(200);
    const again = await ann.finish(await ann.ticket(), { recoveryCode });
    expect([again.status, again.body.errors[0].pointer]).toEqual([422, '/recoveryCode']);
    expect((await here.events(`user-${ann.id}`)).at(-1)).toMatchObject({ type: 'RecoveryCodeUsed', data: { left: 9 } });
  });

  it('wants one proof, and a code of six digits', async () => {
    const ticket = await ann.ticket();
    for (const proof of [{}, { code: ann.code(), recoveryCode: ann.app.recovery[0] }, { code: '12345' }, { code: 'abcdef' }, { code: null }])
      expect([proof, (await ann.finish(ticket, proof)).status]).toEqual([proof, 422]);
    const code = ann.code();
    expect((await ann.finish(ticket, { code: ` ${code.slice(0, 3)} ${code.slice(3)} ` })).status).toBe(200);
  });

  it('gives no session to who made a second factor known to be there: without the password nothing tells it', async () => {
    const ben = await openUser(here, { second: false });
    const answerOf = async (user: UserOfApp) => {
      const { status, headers, body } = await user.password('a wrong password');
      return { status, names: [...headers.keys()].toSorted(), body: { ...body, instance: undefined } };
    };
    expect(await answerOf(ann)).toEqual(await answerOf(ben));
  });
});

describe('a ticket', () => {
  it('is good for five minutes, and for that alone', async () => {
    const ticket = await ann.ticket();
    expect((await here.call('GET /api/me', undefined, as(ticket))).status).toBe(401);
    expect((await here.call('POST /api/token/refresh', { refreshToken: ticket })).status).toBe(401);
    expect((await ann.finish(ann.first, { code: ann.code() })).status).toBe(401);
    here.advance(200_000);
    expect((await ann.finish(ticket, { code: '000000' })).status).toBe(422);
    here.advance(100_000);
    expect((await ann.finish(ticket, { code: ann.code() })).status).toBe(401);
  });

  it('is not good for longer where the clock is set back', async () => {
    const ticket = await ann.ticket();
    here.advance(290_000);
    here.setClock(-24 * 3_600_000);
    expect((await ann.finish(ticket, { code: ann.code() })).status).toBe(401);
    here.setClock(24 * 3_600_000);
  });

  it('ends with the password, and with the account', async () => {
    const ticket = await ann.ticket();
    await ann.confirm();
    const token = await here.identity.issueCode(ann.id, 'reset');
    expect((await here.call('POST /api/password-resets/finish', { token, password: NEXT })).status).toBe(200);
    expect((await ann.finish(ticket, { code: ann.code() })).status).toBe(401);
    const other = (await ann.password(NEXT)).body.secondFactor.ticket;
    const { accessToken } = (await ann.finish(other, { code: ann.code() })).body;
    const last = (await ann.password(NEXT)).body.secondFactor.ticket;
    expect((await here.call(`DELETE /api/users/${ann.id}`, undefined, as(accessToken))).status).toBe(200);
    expect((await ann.finish(last, { recoveryCode: ann.app.recovery[0] })).status).toBe(401);
    expect(here.stored('second-factors')).not.toContain(ann.id);
  });

  it('ends where all sessions end, whoever ends them, and where its session is being made meanwhile', async () => {
    const token = async () => as((await ann.finish(await ann.ticket(), { recoveryCode: ann.app.recovery.pop() })).body.accessToken);
    const mine = await token();
    const ticket = await ann.ticket();
    expect((await here.call('DELETE /api/sessions', undefined, mine)).status).toBe(204);
    expect((await ann.finish(ticket, { code: ann.code() })).status).toBe(401);
    const next = await ann.ticket();
    const put = here.secrets.put.bind(here.secrets);
    const racing = vi.spyOn(here.secrets, 'put').mockImplementation(async (...of) => {
      if (of[0] === 'sessions') await here.call('DELETE /api/sessions', undefined, mine);
      return put(...of);
    });
    const raced = await ann.finish(next, { code: ann.code() });
    racing.mockRestore();
    expect([raced.status, await sessions()]).toEqual([409, 1]);
  });

  it('of a password that was taken away, and set again, is none', async () => {
    const ticket = await ann.ticket();
    await here.secrets.delete('credentials', ann.id);
    await ann.confirm();
    const token = await here.identity.issueCode(ann.id, 'reset');
    await here.call('POST /api/password-resets/finish', { token, password: PASSWORD });
    expect((await ann.finish(ticket, { code: ann.code() })).status).toBe(401);
  });

  it('that was changed, or is none, is no ticket', async () => {
    const ticket = await ann.ticket();
    const [head, body, mark] = ticket.split('.');
    const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${body}.`;
    for (const one of ['x', unsigned, `${head}.${body}.${mark?.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'))}`])
      expect((await ann.finish(one, { code: ann.code() })).status).toBe(401);
  });
});

describe('tries of a second factor', () => {
  const wrong = async (ticket: string) => (await ann.finish(ticket, { code: '000000' })).status;

  it('are limited, at once as one by one; no stranger takes them from the owner, and a new password begins anew', async () => {
    for (let tries = 0; tries < 20; tries++) await ann.password('a wrong password', { 'x-forwarded-for': `10.9.0.${tries}` });
    expect((await ann.finish(await ann.ticket(), { code: ann.code() })).status).toBe(200);
    here.advance(60_000);
    const ticket = await ann.ticket();
    const statuses = await Promise.all(Array.from({ length: 14 }, () => wrong(ticket)));
    expect(statuses.filter((status) => status === 422)).toHaveLength(10);
    const refused = await ann.finish(ticket, { code: ann.code() });
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    await ann.confirm();
    const token = await here.identity.issueCode(ann.id, 'reset');
    await here.call('POST /api/password-resets/finish', { token, password: NEXT });
    const next = (await ann.password(NEXT)).body.secondFactor.ticket;
    expect((await ann.finish(next, { code: ann.code() })).status).toBe(200);
  });

  it('are fifty in a day, however slowly they come', async () => {
    const ticket = await ann.ticket();
    const { limits } = here.identityOptions;
    const statuses: number[] = [];
    for (let tries = 0; tries < 51; tries++) {
      statuses.push(await wrong(ticket));
      const version = (await here.secrets.get('credentials', ann.id))?.version;
      await limits.reset('second-factor', `${ann.id} ${version}`);
    }
    expect([new Set(statuses.slice(0, 50)), statuses[50]]).toEqual([new Set([422]), 429]);
  });

  it('count where they are wrong alone', async () => {
    for (let tries = 0; tries < 12; tries++) {
      here.advance(60_000);
      expect((await ann.finish(await ann.ticket(), { code: ann.code() })).status).toBe(200);
    }
  });
});

it('a login that found none is no way around one that was turned on before its session was made', async () => {
  const ben = await openUser(here, { second: false });
  const put = here.secrets.put.bind(here.secrets);
  let isOn = false;
  const racing = vi.spyOn(here.secrets, 'put').mockImplementation(async (...of) => {
    if (of[0] === 'sessions' && !isOn) {
      isOn = true;
      await ben.turnOn();
    }
    return put(...of);
  });
  const { status } = await ben.password();
  racing.mockRestore();
  expect([status, isOn, (await here.secrets.list('sessions', ben.id)).length]).toEqual([409, true, 1]);
});

it('a password reset does not turn it off, and no link confirms an address again that was confirmed when it was set up', async () => {
  await ann.confirm();
  const reset = await here.identity.issueCode(ann.id, 'reset');
  await here.call('POST /api/password-resets/finish', { token: reset, password: NEXT });
  expect(Object.keys((await ann.password(NEXT)).body)).toEqual(['secondFactor']);
  const ben = await openUser(here, { second: false });
  await here.call('POST /api/confirmations', { token: await here.identity.issueCode(ben.id, 'confirm'), password: PASSWORD });
  await ben.turnOn((await ben.password()).body.accessToken);
  await expect(here.identity.issueCode(ben.id, 'confirm')).rejects.toThrow(/there is none/);
  expect(Object.keys((await ben.password()).body)).toEqual(['secondFactor']);
});

it.each([
  ['confirm', '/api/confirmations'],
  ['reset', '/api/password-resets/finish'],
] as const)('who proves the mailbox (%s) is not kept out by the second factor of a stranger who registered the address', async (purpose, path) => {
  const token = await here.identity.issueCode(ann.id, purpose);
  const append = vi.spyOn(here.store, 'append').mockRejectedValue(new StoreUnavailable('the event store is away'));
  expect((await here.call(`POST ${path}`, { token, password: NEXT })).status).toBe(503);
  append.mockRestore();
  expect((await here.call(`POST ${path}`, { token, password: NEXT })).status).toBe(200);
  expect((await ann.password(NEXT)).body.accessToken).toBeDefined();
  const off = (await here.events(`user-${ann.id}`)).filter(({ type }) => type === 'SecondFactorDisabled');
  expect(off).toMatchObject([{ data: { by: 'mailbox' } }]);
});

it('a code that one process took is used in every other one', async () => {
  const code = ann.code();
  const [ticket, other] = [await ann.ticket(), await ann.ticket()];
  expect((await ann.finish(ticket, { code })).status).toBe(200);
  const elsewhere = await openIdentity(here.identityOptions);
  const route = elsewhere.routes.find(({ path }) => path === '/api/login/second-factor');
  const request = { params: {}, query: {}, caller: null, header: () => undefined, ip: '10.0.0.1', requestId: 'r' };
  await expect(Promise.resolve(route?.handle({ ...request, body: { ticket: other, code } }))).rejects.toMatchObject({ code: 'invalid' });
});
