import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openInvitations } from './invitations.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
let admin: Record<string, string>;
let n = 0;
let email: string;
beforeAll(async () => {
  here = await openInstallation({ registrations: 'closed' });
  await here.identity.ensureAdmin('admin@example.org', 'the first of all');
  admin = as((await here.call('POST /api/login', { email: 'admin@example.org', password: 'the first of all' })).body.accessToken);
});
afterAll(() => here.close());
beforeEach(() => {
  email = `invited${++n}@example.org`;
});

const from = () => ({ 'x-forwarded-for': `10.1.0.${n}` });
const invite = async (role = 'member', address = email): Promise<string> => {
  const { status, body } = await here.call('POST /api/invitations', { email: address, role }, admin);
  expect(status).toBe(201);
  return body.id;
};
const codeOf = (id: string) => here.identity.issueCode(id, 'invitation');
const accept = (code: string, more: object = {}) =>
  here.call('POST /api/invitations/accept', { code, name: 'Anna', password: PASSWORD, ...more }, from());
const login = (password = PASSWORD, address = email) => here.call('POST /api/login', { email: address, password }, from());
const types = async (stream: string) => (await here.events(stream)).map(({ type }) => type);
const SPENT = [422, 'invalid', '/code'];
const refusal = ({ status, body }: Awaited<ReturnType<typeof accept>>) => [status, body.code, body.errors?.[0].pointer];

describe('an invitation', () => {
  it('makes a confirmed user with its role and address, once, where registration is closed', async () => {
    const id = await invite('maintenance');
    const code = await codeOf(id);
    const { status, body } = await accept(code);
    expect([status, body]).toMatchObject([201, { email, confirmed: true }]);
    expect((await here.events(`user-${body.id}`)).map(({ type, data }) => [type, data])).toEqual([
      ['UserCreated', { name: 'Anna', email, role: 'maintenance', invitation: id }],
      ['UserConfirmed', {}],
    ]);
    expect(await types(`invitation-${id}`)).toEqual(['InvitationMade', 'InvitationAccepted']);
    const { accessToken, user } = (await login()).body;
    expect(user).toMatchObject({ id: body.id, role: 'maintenance' });
    expect((await here.call('GET /api/me', undefined, as(accessToken))).body).toMatchObject({ email, confirmed: true });
    expect(refusal(await accept(code, { password: 'another password' }))).toEqual(SPENT);
    expect((await login('another password')).status).toBe(401);
    await expect(codeOf('00000000-0000-4000-8000-000000000000')).rejects.toThrow(/there is none/);
  });

  it('is of no use once it was taken back, and another one of its address ends it', async () => {
    const first = await invite();
    const firstCode = await codeOf(first);
    const second = await invite('staff', email.toUpperCase());
    expect(refusal(await accept(firstCode))).toEqual(SPENT);
    const code = await codeOf(second);
    expect((await here.call(`DELETE /api/invitations/${second}`, undefined, admin)).status).toBe(200);
    expect(refusal(await accept(code))).toEqual(SPENT);
    expect([await types(`invitation-${first}`), await types(`invitation-${second}`)]).toEqual([
      ['InvitationMade', 'InvitationWithdrawn'],
      ['InvitationMade', 'InvitationWithdrawn'],
    ]);
    expect((await login()).status).toBe(401);
  });

  it('ends after seven days, and is good again once it was sent again', async () => {
    const id = await invite();
    const late = await codeOf(id);
    here.advance(7 * 86_400_000);
    const again = await here.call('POST /api/login', { email: 'admin@example.org', password: 'the first of all' });
    admin = as(again.body.accessToken);
    expect(refusal(await accept(late))).toEqual(SPENT);
    expect((await here.call(`POST /api/invitations/${id}/send-again`, undefined, admin)).status).toBe(200);
    expect((await accept(await codeOf(id))).status).toBe(201);
  });

  it('of an address that has an account is refused, and so is one whose address was taken meanwhile', async () => {
    const id = await invite();
    const code = await codeOf(id);
    const taken = { type: 'RegisterUser', stream: `user-${id}`, id, data: { name: 'Bob', email } };
    const context = { correlationId: 'taken' };
    const actor = { id: 'anonymous', role: 'anonymous', seesAll: false } as const;
    await here.commands.handle({ ...taken, commandId: `taken ${n}`, actor, now: new Date().toISOString() }, context);
    const refused = await accept(code);
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect(refused.body.detail).toContain('There is an account with this e-mail address already');
    const again = await here.call('POST /api/invitations', { email, role: 'member' }, admin);
    expect(refusal(again)).toEqual([409, 'conflict', '/email']);
    expect(await types(`invitation-${id}`)).toEqual(['InvitationMade']);
  });

  it('wants a good password and a name, and uses nothing up without', async () => {
    const code = await codeOf(await invite());
    for (const [more, pointer] of [
      [{ password: 'short' }, '/password'],
      [{ password: 'anna in wonderland' }, '/password'],
      [{ password: email }, '/password'],
      [{ name: '  ' }, '/name'],
    ] as const)
      expect(refusal(await accept(code, more))).toEqual([422, 'invalid', pointer]);
    expect((await accept(code)).status).toBe(201);
  });

  it('that was accepted and got no further is finished with the same link', async () => {
    const id = await invite();
    const code = await codeOf(id);
    const { append } = here.store;
    vi.spyOn(here.store, 'append').mockImplementation((stream, ...rest) =>
      stream.startsWith('user-') ? Promise.reject(new StoreUnavailable('the event store is away')) : append(stream, ...rest),
    );
    expect((await accept(code)).status).toBe(503);
    vi.restoreAllMocks();
    expect(await types(`invitation-${id}`)).toEqual(['InvitationMade', 'InvitationAccepted']);
    expect((await accept(code, { password: 'chosen the second time' })).status).toBe(201);
    expect((await login('chosen the second time')).status).toBe(200);
  });

  it('accepted by two at once makes one account', async () => {
    const code = await codeOf(await invite());
    const answers = await Promise.all(['one of two passwords', 'the other password'].map((password) => accept(code, { password })));
    expect(answers.map(({ status }) => status).filter((status) => status === 201).length).toBeGreaterThan(0);
    for (const { status } of answers) expect([201, 409, 422]).toContain(status);
    const users = (await here.events()).filter(({ type, data }) => type === 'UserCreated' && (data as { email: string }).email === email);
    expect(users).toHaveLength(1);
    const logins = await Promise.all(['one of two passwords', 'the other password'].map((password) => login(password)));
    expect(logins.map(({ status }) => status).toSorted()).toEqual([200, 401]);
  });

  it.each(['first', 'second'])(
    'has the password of one of two who each set it before there was an account, and tells the other one: the %s',
    async (winner) => {
      const code = await codeOf(await invite());
      const stops = ['before it accepts', 'at its password', 'at its seal'].map(
        () => [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const,
      );
      const stand = async (n: number) => {
        stops[n]?.[0].resolve();
        await stops[n]?.[1].promise;
      };
      const reached = (n: number) => stops[n]?.[0].promise;
      const letGo = (n: number) => stops[n]?.[1].resolve();
      const { put } = here.secrets;
      const { handle } = here.commands;
      let puts = 0;
      let accepts = 0;
      vi.spyOn(here.secrets, 'put').mockImplementation(async (kind, ...rest) => {
        if (kind === 'credentials' && ++puts > 1 && puts < 4) await stand(puts - 1);
        return put(kind, ...rest);
      });
      vi.spyOn(here.commands, 'handle').mockImplementation(async (command, ...rest) => {
        if (command.type === 'AcceptInvitation' && ++accepts === 1) await stand(0);
        return handle(command, ...rest);
      });
      const passwords = ['one of two passwords', 'the other password'];
      const first = accept(code, { password: passwords[0] });
      await reached(0);
      const second = accept(code, { password: passwords[1] });
      await reached(1);
      letGo(0);
      await reached(2);
      if (winner === 'first') {
        letGo(2);
        await first;
      }
      letGo(1);
      await second;
      letGo(2);
      const expected = winner === 'first' ? [201, 409] : [409, 201];
      expect([(await first).status, (await second).status]).toEqual(expected);
      vi.restoreAllMocks();
      const logins = await Promise.all(passwords.map((password) => login(password)));
      expect(logins.map(({ status }) => status)).toEqual(expected.map((status) => (status === 201 ? 200 : 401)));
    },
  );

  it('is for admins to make, send and take back', async () => {
    const id = await invite();
    expect((await accept(await codeOf(id))).status).toBe(201);
    const member = as((await login()).body.accessToken);
    for (const [what, body] of [
      ['POST /api/invitations', { email: 'x@example.org', role: 'admin' }],
      [`POST /api/invitations/${id}/send-again`, undefined],
      [`DELETE /api/invitations/${id}`, undefined],
    ] as const) {
      expect((await here.call(what, body, member)).status).toBe(403);
      expect((await here.call(what, body)).status).toBe(401);
    }
  });

  it('has a code that is in no event and in no line of the log, and tries of codes are limited', async () => {
    const code = await codeOf(await invite());
    expect(JSON.stringify(await here.events()) + here.lines.join('')).not.toContain(code);
    expect(here.stored('codes').join()).not.toContain(code);
    const answers: number[] = [];
    for (let k = 0; k < 61; k++) answers.push((await accept(`none${k}`)).status);
    expect([answers.slice(0, 60).every((status) => status === 422), answers.at(-1)]).toEqual([true, 429]);
    // Whoever tries wrong ones keeps nobody of the network from the right one.
    expect((await accept(code)).status).toBe(201);
  });

  it('is found by its address, too, for who has shown the mailbox otherwise', async () => {
    const { commands } = here;
    const codes = { userOf: async () => null, spend: async () => {} };
    const users = { get: async () => null, find: async () => null, load: (id: string) => commands.load(`user-${id}`) };
    const invitations = openInvitations({ commands, codes, users: users as never, now: here.identityOptions.now ?? (() => new Date()) });
    expect(await invitations.of(email)).toBeNull();
    const id = await invite('security');
    const found = await invitations.of(email.toUpperCase());
    expect(found).toMatchObject({ id, email, role: 'security' });
    if (found) await invitations.accept(found, { name: 'Anna', correlationId: 'oidc' });
    expect(await invitations.of(email)).toBeNull();
    expect(await types(`user-${found?.userId}`)).toEqual(['UserCreated', 'UserConfirmed']);
  });
});
