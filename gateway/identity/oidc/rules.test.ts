import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../platform/event-store/event-store.ts';
import { as, type Installation, openInstallation } from '../identity.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

const PASSWORD = 'correct horse battery';
const ROLES = {
  roleClaim: 'groups',
  roles: [
    { value: 'tl-guards', role: 'security' as const },
    { value: 'tl-staff', role: 'staff' as const },
  ],
};

/** Opens an installation with an issuer that has accounts with verified addresses. */
async function open(more: Parameters<typeof openInstallation>[0] = {}, settings: Parameters<TestIssuer['settings']>[0] = {}) {
  const issuer = await startIssuer();
  const here = await openInstallation({ ...more, oidc: issuer.settings(settings) });
  issuer.serve(`${here.url}/api/oidc/callback`);
  const atIssuer = (account: string, claims: object = {}) =>
    issuer.accounts.set(account, { email: `${account}@example.org`, email_verified: true, name: account, ...claims });
  const comeIn = (account: string, body: object = {}) => openBrowser(here.url).comeIn(account, body);
  return { here, issuer, atIssuer, comeIn, close: () => Promise.all([here.close(), issuer.close()]) };
}

async function admin(here: Installation, email = 'admin@example.org'): Promise<{ id: string; headers: Record<string, string> }> {
  await here.identity.ensureAdmin(email, PASSWORD);
  const { body } = await here.call('POST /api/login', { email, password: PASSWORD });
  return { id: body.user.id, headers: as(body.accessToken) };
}

describe('the role that the issuer says', () => {
  let world: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    world = await open({}, ROLES);
  });
  afterAll(() => world?.close());

  it('is that of the first value that somebody has, followed at each sign-in, and member without one', async () => {
    const roles: string[] = [];
    for (const groups of [['tl-staff', 'other'], ['tl-staff', 'tl-guards'], 'tl-staff', [], undefined, ['admin'], { 'tl-staff': true }]) {
      world.atIssuer('ann', { groups });
      const { body } = await world.comeIn('ann');
      roles.push(body.user.role);
      expect((await world.here.call('GET /api/me', undefined, as(body.accessToken))).body.role).toBe(roles.at(-1));
    }
    expect(roles).toEqual(['staff', 'security', 'staff', 'member', 'member', 'member', 'member']);
    const kinds = world.here.audited.filter(({ row }) => row === 'POST /api/oidc/tokens').map(({ kind, outcome }) => `${kind} ${outcome}`);
    // Made with a role, changed three times; each change is found as one, beside the login.
    expect(kinds.filter((one) => one === 'login done')).toHaveLength(7);
    expect(kinds.filter((one) => one === 'registration done')).toHaveLength(1);
    expect(kinds.filter((one) => one === 'role done')).toHaveLength(4);
  });

  it('leaves an admin one where no value stands for that', async () => {
    const boss = await admin(world.here);
    world.atIssuer('boss', { email: 'admin@example.org', groups: ['tl-staff'] });
    const joined = await world.comeIn('boss', { password: PASSWORD });
    expect([joined.body.user.id, joined.body.user.role]).toEqual([boss.id, 'admin']);
    expect((await world.comeIn('boss')).body.user.role).toBe('admin');
  });
});

describe('the role of an admin, where a value stands for it', () => {
  it('is taken by a sign-in while the first admin stays one, never from that one', async () => {
    const world = await open({}, { roleClaim: 'groups', roles: [...ROLES.roles, { value: 'tl-admins', role: 'admin' }] });
    try {
      await admin(world.here);
      const roleOf = async (account: string, groups: string[], claims: object = {}, body: object = {}) => {
        world.atIssuer(account, { groups, ...claims });
        return (await world.comeIn(account, body)).body.user.role;
      };
      const first = { email: 'admin@example.org' };
      expect(await roleOf('boss', [], first, { password: PASSWORD })).toBe('admin');
      expect(await roleOf('boss', ['tl-staff'], first)).toBe('admin');
      expect(world.here.lines.join('')).toContain('the role that the issuer says was refused');
      expect([await roleOf('ann', ['tl-admins']), await roleOf('ann', ['tl-staff']), await roleOf('ann', ['tl-admins'])]).toEqual([
        'admin',
        'staff',
        'admin',
      ]);
      const ann = await openBrowser(world.here.url).comeInAnew('ann');
      const { id } = (await world.here.call('POST /api/login', { email: 'admin@example.org', password: PASSWORD })).body.user;
      const key = { 'idempotency-key': 'takes it' };
      expect((await world.here.call(`PUT /api/users/${id}/role`, { role: 'member' }, { ...as(ann.body.accessToken), ...key })).status).toBe(200);
      expect(await roleOf('ann', [])).toBe('admin');
    } finally {
      await world.close();
    }
  });
});

describe('a role where no claim is asked', () => {
  it('is that of a member, whatever the issuer says', async () => {
    const world = await open();
    try {
      world.atIssuer('ann', { groups: ['admin'], role: 'admin', roles: ['admin'] });
      expect((await world.comeIn('ann')).body.user.role).toBe('member');
    } finally {
      await world.close();
    }
  });
});

describe('OIDC_ONLY', () => {
  let world: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    world = await open({}, { only: true });
  });
  afterAll(() => world?.close());

  it('turns off what takes or sets a password, in words that say where to go', async () => {
    await world.here.identity.ensureAdmin('admin@example.org', PASSWORD);
    world.atIssuer('bo');
    const { body } = await world.comeIn('bo');
    const link = { token: 'none', password: PASSWORD };
    const calls: [string, object][] = [
      ['POST /api/login', { email: 'admin@example.org', password: PASSWORD }],
      ['POST /api/users', { name: 'A', email: 'a@example.org', password: PASSWORD }],
      ['POST /api/password-resets', { email: 'admin@example.org' }],
      ['POST /api/password-resets/finish', link],
      ['POST /api/confirmations', link],
      ['POST /api/invitations/accept', { code: 'none', name: 'A', password: PASSWORD }],
      ['PUT /api/me/password', { current: PASSWORD, new: 'another good one' }],
      ['POST /api/me/proof', { password: PASSWORD }],
    ];
    for (const [what, sent] of calls) {
      const refused = await world.here.call(what, sent, { ...as(body.accessToken), 'idempotency-key': `key of ${what}` });
      expect([what, refused.status, refused.body.detail]).toEqual([what, 403, expect.stringContaining('Example ID')]);
    }
    expect((await world.here.call('GET /api/session-rules')).body.signIn).toEqual({
      name: 'Example ID',
      url: `${world.here.url}/api/oidc/start`,
      only: true,
    });
  });

  it('leaves the first admin a way in: the password joins the account once, and the issuer is the way from then on', async () => {
    world.atIssuer('boss', { email: 'admin@example.org' });
    expect((await world.comeIn('boss')).body).toEqual({ asksPasswordOf: 'admin@example.org' });
    expect((await world.comeIn('boss', { password: PASSWORD })).body.user.role).toBe('admin');
    const { body } = await world.comeIn('boss');
    expect(body.user.role).toBe('admin');
    // It is no step up for a session from then on, and nothing offers to change it.
    expect((await world.here.call('GET /api/me', undefined, as(body.accessToken))).body.password).toBe(false);
    expect((await world.here.call('POST /api/me/proof', { password: PASSWORD }, as(body.accessToken))).status).toBe(403);
  });
});

describe('an address that somebody else signed in with first, at an issuer that verifies none', () => {
  it('comes to whose it is once an admin has deleted that account, and the other one has no way back to it', async () => {
    const world = await open({}, { only: true });
    try {
      for (const name of ['stranger', 'mine']) world.atIssuer(name, { email: 'mine@example.org', email_verified: false });
      const { id } = (await world.comeIn('stranger')).body.user;
      const refused = await world.comeIn('mine');
      expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('have an admin delete it')]);
      const command = { type: 'DeleteUser', stream: `user-${id}`, id, data: null, commandId: crypto.randomUUID(), now: new Date().toISOString() };
      await world.here.commands.handle({ ...command, actor: { id: 'operator', role: 'admin', seesAll: true } }, { correlationId: id });
      await world.here.identity.onUserDeleted(id);
      const mine = await world.comeIn('mine');
      expect([mine.status, mine.body.user?.id === id]).toEqual([200, false]);
      expect((await world.comeIn('stranger')).status).toBe(409);
    } finally {
      await world.close();
    }
  });
});

describe('who may make an account', () => {
  let world: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    world = await open({ registrations: 'closed' });
  });
  afterAll(() => world?.close());

  it('is said by REGISTRATION for them, too', async () => {
    world.atIssuer('cid');
    expect((await world.comeIn('cid')).status).toBe(403);
    expect(world.here.stored('subjects')).toEqual([]);
  });

  it('is said anew of a registration that went no further than to have an id, also one that an invitation reserved', async () => {
    const { headers } = await admin(world.here);
    const { hmac } = world.here.identityOptions.keys;
    const reserve = (account: string, userId: string) => {
      const key = hmac(`subject:${JSON.stringify([world.issuer.url, account])}`);
      return world.here.secrets.put(
        'subjects',
        { key, value: { userId, issuer: world.issuer.url, since: '2026-01-01T00:00:00Z' }, owner: userId },
        0,
      );
    };
    world.atIssuer('fay');
    await reserve('fay', '5a0f6c1e-1111-4222-8333-444455556666');
    expect((await world.comeIn('fay')).status).toBe(403);
    // An invitation of today counts, and no id of before.
    const body = { email: 'fay@example.org', role: 'maintenance' };
    await world.here.call('POST /api/invitations', body, { ...headers, 'idempotency-key': 'invites fay' });
    const fay = await world.comeIn('fay');
    expect([fay.body.user.role, fay.body.user.id === '5a0f6c1e-1111-4222-8333-444455556666']).toEqual(['maintenance', false]);
  });

  it('and an invitation of the verified address lets somebody in with its role, once', async () => {
    const { headers } = await admin(world.here);
    for (const account of ['dan', 'eve']) {
      const body = { email: `${account}@example.org`, role: 'maintenance' };
      expect((await world.here.call('POST /api/invitations', body, { ...headers, 'idempotency-key': `invites ${account}` })).status).toBe(201);
    }
    world.atIssuer('dan');
    const dan = await world.comeIn('dan');
    expect([dan.status, dan.body.user?.role]).toEqual([200, 'maintenance']);
    const me = await world.here.call('GET /api/me', undefined, as(dan.body.accessToken));
    expect(me.body).toMatchObject({ email: 'dan@example.org', confirmed: true });
    expect((await world.comeIn('dan')).body.user.id).toBe(dan.body.user.id);
    // The address alone is no invitation where the issuer has not verified it.
    world.atIssuer('eve', { email_verified: false });
    expect((await world.comeIn('eve')).status).toBe(403);
  });

  it('and the code of an invitation’s mail lets somebody in, once, where the issuer verifies no address, or tells another', async () => {
    const { headers } = await admin(world.here);
    const invited = async (email: string) => {
      const body = { email, role: 'maintenance' };
      const made = await world.here.call('POST /api/invitations', body, { ...headers, 'idempotency-key': `invites ${email}` });
      return { id: made.body.id as string, code: await world.here.identity.issueCode(made.body.id, 'invitation') };
    };
    const [gil, hal] = [await invited('gil@example.org'), await invited('hal@example.org')];
    world.atIssuer('gil', { email: 'gil@elsewhere.example', email_verified: undefined });
    const refused = await world.comeIn('gil', { invitation: 'none of ours' });
    expect([refused.status, refused.body.errors?.[0].pointer]).toEqual([422, '/invitation']);
    const came = await world.comeIn('gil', { invitation: gil.code });
    expect([came.status, came.body.user?.role]).toEqual([200, 'maintenance']);
    const me = await world.here.call('GET /api/me', undefined, as(came.body.accessToken));
    expect(me.body).toMatchObject({ email: 'gil@example.org', confirmed: true });
    // From then on the sign-in is the way; the code is used up, for everybody.
    expect((await world.comeIn('gil')).body.user.id).toBe(came.body.user.id);
    world.atIssuer('ian', { email_verified: false });
    expect((await world.comeIn('ian', { invitation: gil.code })).status).toBe(422);
    // Who is invited to an address that got an account meanwhile is told so.
    const operator = { id: 'operator', role: 'admin', seesAll: true } as const;
    const id = crypto.randomUUID();
    const command = {
      type: 'RegisterUser',
      stream: `user-${id}`,
      id,
      data: { name: 'Hal', email: 'hal@example.org' },
      commandId: id,
      actor: operator,
    };
    await world.here.commands.handle({ ...command, now: new Date().toISOString() }, { correlationId: id });
    expect((await world.comeIn('ian', { invitation: hal.code })).status).toBe(409);
  });
});

describe('an invitation, where anybody may register', () => {
  let world: Awaited<ReturnType<typeof open>>;
  let headers: Record<string, string>;
  beforeAll(async () => {
    world = await open();
    ({ headers } = await admin(world.here));
  });
  afterAll(() => world?.close());

  const invited = async (email: string) => {
    const made = await world.here.call(
      'POST /api/invitations',
      { email, role: 'maintenance' },
      { ...headers, 'idempotency-key': `invites ${email}` },
    );
    return world.here.identity.issueCode(made.body.id, 'invitation');
  };

  it('is asked for of who comes with its address, which the issuer has not verified, and makes the account that was meant', async () => {
    const code = await invited('jo@example.org');
    world.atIssuer('jo', { email_verified: false });
    const browser = openBrowser(world.here.url);
    const signIn = fragmentOf(await browser.signIn('jo'));
    const refused = await browser.exchange(signIn);
    expect([refused.status, refused.body.detail]).toEqual([403, expect.stringContaining('the link of an invitation')]);
    expect(world.here.stored('subjects')).toEqual([]);
    const came = await browser.exchange(signIn, { invitation: code });
    expect([came.status, came.body.user?.role]).toEqual([200, 'maintenance']);
    const me = await world.here.call('GET /api/me', undefined, as(came.body.accessToken));
    expect(me.body).toMatchObject({ email: 'jo@example.org', confirmed: true });
    // Nobody else has to have one.
    world.atIssuer('kit', { email_verified: false });
    expect((await world.comeIn('kit')).body.user?.role).toBe('member');
  });

  it('makes the account of one of two who come with its code at once, and refuses the other one', async () => {
    const code = await invited('lea@example.org');
    const exchanges = await Promise.all(
      ['lea', 'mia'].map(async (account) => {
        world.atIssuer(account, { email: `${account}@elsewhere.example`, email_verified: false });
        const browser = openBrowser(world.here.url);
        return { browser, signIn: fragmentOf(await browser.signIn(account)) };
      }),
    );
    const answers = await Promise.all(exchanges.map(({ browser, signIn }) => browser.exchange(signIn, { invitation: code })));
    const [won, lost] = answers.toSorted((a, b) => a.status - b.status);
    expect([won?.status, won?.body.user?.role]).toEqual([200, 'maintenance']);
    expect([409, 422]).toContain(lost?.status);
    const mine = await Promise.all(['lea', 'mia'].map(async (account) => (await world.comeIn(account)).body.user?.id === won?.body.user.id));
    expect(mine.toSorted()).toEqual([false, true]);
  });

  it('belongs to who came first by it, also where their account could not be made yet', async () => {
    const code = await invited('ned@example.org');
    for (const account of ['ned', 'ole']) world.atIssuer(account, { email: `${account}@elsewhere.example`, email_verified: false });
    const { append } = world.here.store;
    vi.spyOn(world.here.store, 'append').mockImplementation((stream, ...rest) =>
      stream.startsWith('user-') ? Promise.reject(new StoreUnavailable('the event store is away')) : append(stream, ...rest),
    );
    expect((await world.comeIn('ned', { invitation: code })).status).toBe(503);
    vi.restoreAllMocks();
    expect((await world.comeIn('ole', { invitation: code })).status).toBe(409);
    expect((await world.comeIn('ned', { invitation: code })).body.user?.role).toBe('maintenance');
  });
});
