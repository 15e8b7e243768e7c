import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FRESH_LOGIN_NEEDED } from '../../../contracts/problem.ts';
import { StoreUnavailable } from '../../../platform/event-store/event-store.ts';
import { stableId } from '../../../platform/stable-id.ts';
import { as, type Installation, openInstallation, type Reply } from '../identity.fixture.ts';
import { codeOfApp } from '../second-factor/second-factor.fixture.ts';
import { openBrowser } from './browser.fixture.ts';
import type { TestIssuer } from './issuer.fixture.ts';
import { openWithIssuer, type WithIssuer } from './with-issuer.fixture.ts';

const PASSWORD = 'correct horse battery';
let world: WithIssuer;
let issuer: TestIssuer;
let here: Installation;
beforeAll(async () => {
  world = await openWithIssuer();
  ({ issuer, here } = world);
});
afterAll(() => world?.close());

const atIssuer = (account: string, email = `${account}@example.org`) => issuer.accounts.set(account, { email, email_verified: true, name: account });
const list = async ({ body }: Reply, at = here) => (await at.call('GET /api/me/sign-ins', undefined, as(body.accessToken))).body.items;
const remove = ({ body }: Reply, id: string, at = here) => at.call(`DELETE /api/me/sign-ins/${id}`, undefined, as(body.accessToken));

/** Somebody with a password, who has joined these accounts of the issuer; resolves to the answer to their login. */
async function joined(name: string, accounts: readonly string[]): Promise<Reply> {
  const email = `${name}@example.org`;
  const { body } = await here.call('POST /api/users', { name, email, password: PASSWORD }, { 'idempotency-key': `registers ${name}` });
  const token = await here.identity.issueCode(body.id, 'confirm');
  await here.call('POST /api/confirmations', { token, password: PASSWORD });
  for (const account of accounts) {
    atIssuer(account, email);
    expect((await openBrowser(here.url).comeIn(account, { password: PASSWORD })).body.user.id).toBe(body.id);
  }
  return here.call('POST /api/login', { email, password: PASSWORD });
}

describe('the sign-ins of an account', () => {
  it('are listed with the issuer’s name, and nobody sees who they are there', async () => {
    const ann = await joined('ann', ['ann-one', 'ann-two']);
    const items = await list(ann);
    expect(items).toHaveLength(2);
    for (const item of items) {
      expect(item).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), issuer: issuer.url, name: 'Example ID', since: expect.any(String) });
      expect(here.stored('subjects')).not.toContain(item.id);
    }
    expect(await list(await joined('nobody-else', []))).toEqual([]);
  });

  it('let in until one is taken away: that ends all other sessions, and is told and audited', async () => {
    const bea = await joined('bea', ['bea-one']);
    const other = await openBrowser(here.url).comeIn('bea-one');
    const [{ id }] = await list(bea);
    expect((await remove(bea, id)).status).toBe(204);
    expect(await list(bea)).toEqual([]);
    expect((await here.call('GET /api/me', undefined, as(other.body.accessToken))).status).toBe(401);
    expect((await openBrowser(here.url).comeIn('bea-one')).body).toEqual({ asksPasswordOf: 'bea@example.org' });
    const events = await here.events(`user-${bea.body.user.id}`);
    expect(events.at(-1)).toMatchObject({ type: 'SignInParted', data: { issuer: issuer.url } });
    expect(here.audited.filter(({ kind }) => kind === 'sign-in')).toMatchObject([{ row: 'DELETE /api/me/sign-ins/:id', status: 204 }]);
    expect((await remove(bea, id)).status).toBe(404);
  });

  it('give no ticket for a second factor that outlives them', async () => {
    const tom = await joined('tom', ['tom-one', 'tom-two']);
    const token = as(tom.body.accessToken);
    const { secret } = (await here.call('POST /api/me/second-factor', undefined, token)).body;
    const now = () => here.identityOptions.now?.() ?? new Date();
    await here.call('POST /api/me/second-factor/confirm', { code: codeOfApp(secret, now()) }, token);
    here.advance(60_000);
    const ticketOf = async (account: string): Promise<string> => (await openBrowser(here.url).comeIn(account)).body.secondFactor.ticket;
    const finish = async (ticket: string) => (await here.call('POST /api/login/second-factor', { ticket, code: codeOfApp(secret, now()) })).status;
    const [ticket, other] = [await ticketOf('tom-one'), await ticketOf('tom-two')];
    const [{ id }] = await list(tom);
    // As where the process that parts is killed before it ends all sessions.
    const [{ key } = { key: '' }] = (await here.secrets.list('subjects', tom.body.user.id)).filter((one) => stableId('sign-in', one.key) === id);
    await here.secrets.delete('subjects', key);
    expect(await finish(ticket)).toBe(401);
    expect(await finish(other)).toBe(200);
    here.advance(60_000);
    const late = await ticketOf('tom-two');
    const [left] = await list(tom);
    expect((await remove(tom, left.id)).status).toBe(204);
    expect(await finish(late)).toBe(401);
  });

  it('are taken away by who owns them, after a fresh login', async () => {
    const [cid, dan] = [await joined('cid', ['cid-one']), await joined('dan', [])];
    const [{ id }] = await list(cid);
    expect((await remove(dan, id)).status).toBe(404);
    here.advance(11 * 60_000);
    const refused = await remove(cid, id);
    here.advance(-11 * 60_000);
    expect([refused.status, refused.body.type, (await list(cid)).length]).toEqual([403, FRESH_LOGIN_NEEDED, 1]);
  });

  it('leave the last way in, also where two are taken away at once', async () => {
    atIssuer('eve');
    const eve = await openBrowser(here.url).comeInAnew('eve');
    const [{ id }] = await list(eve);
    const last = await remove(eve, id);
    expect([last.status, last.body.detail]).toEqual([409, expect.stringContaining('last way')]);
    const me = await here.call('GET /api/me', undefined, as(eve.body.accessToken));
    expect(me.body.password).toBe(false);
    // A second one of the same person, as an issuer that was set up anew would make.
    const record = { issuer: issuer.url, userId: eve.body.user.id, since: '2026-01-01T00:00:00.000Z' };
    await here.secrets.put('subjects', { key: 'another', value: record, owner: record.userId }, 0);
    const both = await list(eve);
    expect(both).toHaveLength(2);
    const answers = await Promise.all(both.map((one: { id: string }) => remove(eve, one.id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409]);
    expect(await list(eve)).toHaveLength(1);
    const told = (await here.events(`user-${record.userId}`)).filter(({ type }) => type === 'SignInParted');
    expect(told).toHaveLength(1);
  });

  it('leave the last way in where the process is killed at any point, and the parting is told once it is repeated', async () => {
    atIssuer('flo');
    const flo = await openBrowser(here.url).comeInAnew('flo');
    const userId: string = flo.body.user.id;
    await here.secrets.put('subjects', { key: 'of-flo', value: { issuer: issuer.url, userId, since: '2026-01-01T00:00:00.000Z' }, owner: userId }, 0);
    const [first, second] = await list(flo);
    const told = async () => (await here.events(`user-${userId}`)).filter(({ type }) => type === 'SignInParted').length;
    // Before it is told, and before it is taken.
    for (const [store, call] of [
      [here.store, 'append'],
      [here.secrets, 'delete'],
    ] as const) {
      const killed = vi.spyOn(store as typeof here.store, call as 'append').mockRejectedValueOnce(new StoreUnavailable('killed'));
      expect((await remove(flo, first.id)).status).toBe(503);
      killed.mockRestore();
      expect((await remove(flo, second.id)).status).toBe(409);
    }
    expect((await list(flo)).length).toBe(2);
    expect((await remove(flo, first.id)).status).toBe(204);
    expect([await told(), (await list(flo)).map(({ id }: { id: string }) => id)]).toEqual([1, [second.id]]);
    expect((await remove(flo, second.id)).status).toBe(409);
  });
});

describe('the sign-ins of an account where an issuer alone lets in', () => {
  it('leave the last way in, though there is a password', async () => {
    const only = await openInstallation({ oidc: issuer.settings({ only: true }) });
    try {
      issuer.serve(`${only.url}/api/oidc/callback`);
      await only.identity.ensureAdmin('root@example.org', PASSWORD);
      atIssuer('root');
      const browser = openBrowser(only.url);
      await browser.comeIn('root', { password: PASSWORD });
      const root = await browser.comeInAnew('root');
      const [{ id }] = await list(root, only);
      expect((await remove(root, id, only)).status).toBe(409);
      // Another issuer's lets nobody in here.
      const record = { issuer: 'https://old.example', userId: root.body.user.id, since: '2026-01-01T00:00:00.000Z' };
      await only.secrets.put('subjects', { key: 'old', value: record, owner: record.userId }, 0);
      const [old] = await list(root, only);
      expect([old.name, (await remove(root, id, only)).status, (await remove(root, old.id, only)).status]).toEqual(['old.example', 409, 204]);
    } finally {
      await only.close();
    }
  });
});
