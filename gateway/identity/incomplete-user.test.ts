import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { OPERATOR } from '../operator.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openUser, PASSWORD, type UserOfApp } from './second-factor/second-factor.fixture.ts';

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
afterEach(() => vi.restoreAllMocks());

/** Appends what a newer release wrote behind the user's last event. */
async function celebrate(): Promise<void> {
  const { revision } = await here.commands.load(`user-${ann.id}`);
  await here.store.append(`user-${ann.id}`, revision, [{ ...newEvent('UserEdited'), type: 'UserCelebrated' }]);
}

const change = (current = PASSWORD) => here.call('PUT /api/me/password', { current, new: NEXT }, as(ann.first));
const isGood = async (password: string) => (await ann.password(password)).status === 200;

/** Has the operator reset the password; resolves to the answer's body. */
async function reset() {
  const route = here.identity.routes.find((one) => one.path === '/api/admin/accounts');
  const body = { order: 'reset-password', email: ann.email };
  const request = { params: {}, query: {}, caller: OPERATOR, header: () => undefined, ip: '127.0.0.1', requestId: crypto.randomUUID(), body };
  return (await route?.handle(request))?.body as { password: string };
}

describe('invariant 17: of a user who is not wholly known', () => {
  it('no password is changed, by its owner, by a mailed link or by the operator, since nothing of it could be recorded', async () => {
    const code = await here.identity.issueCode(ann.id, 'reset');
    await celebrate();
    const replies = [await change(), await here.call('POST /api/password-resets/finish', { token: code, password: NEXT }, ann.from)];
    for (const { status, body } of replies) expect([status, body.detail]).toEqual([503, expect.stringContaining('Nothing was recorded')]);
    await expect(reset()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await isGood(PASSWORD)).toBe(true);
    expect((await here.call('GET /api/me', undefined, as(ann.first))).status).toBe(200);
  });

  it('no recovery code is used up, and the codes of the app let in', async () => {
    await celebrate();
    const [recoveryCode] = ann.app.recovery;
    for (let times = 0; times < 2; times++) {
      const { status, body } = await ann.finish(await ann.ticket(), { recoveryCode });
      expect([status, body.detail]).toEqual([503, expect.stringContaining('Nothing was recorded')]);
    }
    expect((await ann.finish(await ann.ticket(), { code: ann.code() })).status).toBe(200);
  });
});

describe('where the event store goes away in the middle', () => {
  const goesAway = () => vi.spyOn(here.commands, 'handle').mockRejectedValueOnce(new StoreUnavailable('it is away'));

  it('no password is changed, and a repeat changes it', async () => {
    goesAway();
    expect((await change()).status).toBe(503);
    expect([await isGood(PASSWORD), await isGood(NEXT)]).toEqual([true, false]);
    expect((await change()).status).toBe(204);
    expect([await isGood(PASSWORD), await isGood(NEXT)]).toEqual([false, true]);
  });

  it('the operator’s reset changes nothing, and a repeat shows the password that is good', async () => {
    goesAway();
    await expect(reset()).rejects.toThrow(StoreUnavailable);
    expect(await isGood(PASSWORD)).toBe(true);
    expect(await isGood((await reset()).password)).toBe(true);
  });
});
