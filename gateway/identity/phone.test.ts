import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRESH_LOGIN_NEEDED } from '../../contracts/problem.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

const LONG = 11 * 60_000;
const PASSWORD = 'correct horse battery';
const NUMBER = '+4915112345678';
let here: Installation;
beforeAll(async () => {
  here = await openInstallation({ sendsSms: true, limits: { registration: 1_000, 'sms-codes-ip': 1_000 } });
});
afterAll(() => here.close());

/** A user of their own, so that no test uses up another one's limits. */
async function user(at = here) {
  const email = `${crypto.randomUUID()}@example.org`;
  const { body } = await at.call('POST /api/users', { name: 'Ann', email, password: PASSWORD });
  const login = async () => as((await at.call('POST /api/login', { email, password: PASSWORD })).body.accessToken);
  const by = await login();
  return {
    id: body.id as string,
    login,
    ask: (phone: string) => at.call('PUT /api/me/phone', { phone }, by),
    confirm: (code: string) => at.call('POST /api/me/phone/confirm', { code }, by),
    remove: () => at.call('DELETE /api/me/phone', undefined, by),
    me: async () => (await at.call('GET /api/me', undefined, by)).body,
    code: () => at.identity.issueCode(body.id, 'phone'),
    types: async () => (await at.events(`user-${body.id}`)).map(({ type }) => type),
  };
}
/** A code that is not this one. */
const notThat = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
let last = 0;
/** A number that no other test uses. */
const another = () => `+491511${String(1_000_000 + ++last)}`;

describe('a phone number', () => {
  it('is taken as people type it, and is theirs once the code that was sent to it is given, once', async () => {
    const ann = await user();
    const asked = await ann.ask(' 0049 (151) 1234-5678 ');
    expect([asked.status, asked.body]).toEqual([202, { phone: NUMBER, status: 'code-sent' }]);
    expect(await ann.me()).toMatchObject({ pendingPhone: NUMBER, sms: true });
    expect(await ann.me()).not.toHaveProperty('phone');
    const code = await ann.code();
    expect(code).toMatch(/^\d{6}$/);
    const wrong = await ann.confirm(notThat(code));
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/code']);
    expect((await ann.confirm(`${code.slice(0, 3)} ${code.slice(3)}`)).body).toEqual({ phone: NUMBER, status: 'confirmed' });
    expect(await ann.me()).toMatchObject({ phone: NUMBER });
    expect(await ann.me()).not.toHaveProperty('pendingPhone');
    expect((await ann.confirm(code)).status).toBe(422);
    expect(await ann.types()).toEqual(['UserCreated', 'PhoneRequested', 'PhoneConfirmed']);
    const all = JSON.stringify([await here.events(), await here.bookkeeping(), here.lines]);
    expect(all).not.toContain(code);
    expect(here.lines.join()).not.toContain(NUMBER);
  });

  it('that is replaced stays until the other one is confirmed, and both go with the removal', async () => {
    const ann = await user();
    const [first, second] = [another(), another()];
    await ann.ask(first);
    await ann.confirm(await ann.code());
    await ann.ask(second);
    expect(await ann.me()).toMatchObject({ phone: first, pendingPhone: second });
    const code = await ann.code();
    expect((await ann.remove()).status).toBe(204);
    expect((await ann.remove()).status).toBe(204);
    expect(await ann.me()).not.toHaveProperty('phone');
    expect((await ann.confirm(code)).status).toBe(422);
    expect((await ann.types()).filter((type) => type === 'PhoneRemoved')).toHaveLength(1);
  });

  it('that is theirs already is sent no code, and takes nothing from the limits', async () => {
    const ann = await user();
    const number = another();
    await ann.ask(number);
    await ann.confirm(await ann.code());
    for (let n = 0; n < 5; n++) expect(await ann.ask(number)).toMatchObject({ status: 200, body: { phone: number, status: 'confirmed' } });
    expect(await ann.types()).toEqual(['UserCreated', 'PhoneRequested', 'PhoneConfirmed']);
    // While another one is wanted, it is asked for anew: that ends the other's code.
    await ann.ask(another());
    const ofOther = await ann.code();
    expect((await ann.ask(number)).status).toBe(202);
    expect((await ann.confirm(ofOther)).status).toBe(422);
  });

  it.each([
    ['confirm', '/api/confirmations'],
    ['reset', '/api/password-resets/finish'],
  ] as const)('of whoever registered an address goes when its owner proves it (%s), and one that its owner set stays', async (purpose, path) => {
    const ann = await user();
    await ann.ask(another());
    await ann.confirm(await ann.code());
    const prove = async () => here.call(`POST ${path}`, { token: await here.identity.issueCode(ann.id, purpose), password: PASSWORD });
    expect((await prove()).status).toBe(200);
    expect((await ann.types()).slice(-3)).toEqual(expect.arrayContaining(['PhoneRemoved', 'UserConfirmed']));
    const by = await ann.login();
    expect((await here.call('GET /api/me', undefined, by)).body).not.toHaveProperty('phone');
    const number = another();
    await here.call('PUT /api/me/phone', { phone: number }, by);
    await here.call('POST /api/me/phone/confirm', { code: await ann.code() }, by);
    const token = await here.identity.issueCode(ann.id, 'reset');
    expect((await here.call('POST /api/password-resets/finish', { token, password: PASSWORD })).status).toBe(200);
    expect((await here.call('GET /api/me', undefined, await ann.login())).body).toMatchObject({ phone: number });
  });

  it('has one code at a time, good for ten minutes, for the number that it was sent to, and for five tries, however many come at once', async () => {
    const ann = await user();
    await ann.ask(another());
    const first = await ann.code();
    const second = await ann.code();
    if (first !== second) expect((await ann.confirm(first)).status).toBe(422);
    expect((await ann.confirm(await ann.code())).status).toBe(200);

    const number = another();
    await ann.ask(number);
    const ofBefore = await ann.code();
    await ann.ask(another());
    expect((await ann.confirm(ofBefore)).status).toBe(422);

    const tried = await user();
    await tried.ask(another());
    const code = await tried.code();
    const guesses = await Promise.all(Array.from({ length: 10 }, () => tried.confirm(notThat(code))));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([422]));
    expect((await tried.confirm(code)).status).toBe(422);
    expect((await tried.confirm(await tried.code())).status).toBe(200);

    const late = await user();
    await late.ask(another());
    const old = await late.code();
    here.advance(LONG);
    expect((await late.confirm(old)).status).toBe(422);
  });

  it('may be two people’s', async () => {
    const shared = another();
    for (const one of [await user(), await user()]) {
      await one.ask(shared);
      expect((await one.confirm(await one.code())).status).toBe(200);
    }
  });

  it('is sent few codes, whoever asks, and nobody has many sent', async () => {
    const number = another();
    const statuses = [];
    for (let n = 0; n < 5; n++) statuses.push((await (await user()).ask(number)).status);
    expect(statuses).toEqual([202, 202, 202, 202, 429]);
    const ann = await user();
    const own = [];
    for (let n = 0; n < 5; n++) own.push(await ann.ask(another()));
    expect(own.map(({ status }) => status)).toEqual([202, 202, 202, 202, 429]);
    expect(own[4]?.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('that one user has codes sent to leaves half of them to another one', async () => {
    const number = another();
    const [stranger, owner] = [await user(), await user()];
    const statuses = [];
    for (const one of [stranger, stranger, stranger, owner, owner]) statuses.push((await one.ask(number)).status);
    expect(statuses).toEqual([202, 202, 429, 202, 202]);
  });

  it('that one user has codes sent to leaves that user half of them, rounded up', async () => {
    const odd = await openInstallation({ sendsSms: true, limits: { 'sms-codes': 3 } });
    try {
      const one = await user(odd);
      const statuses = [];
      for (let n = 0; n < 3; n++) statuses.push((await one.ask('+4915112345678')).status);
      expect(statuses).toEqual([202, 202, 429]);
    } finally {
      await odd.close();
    }
  });

  it('is sent ten codes a day', async () => {
    const number = another();
    const statuses = [];
    for (let n = 0; n < 11; n++) {
      statuses.push((await (await user()).ask(number)).status);
      await here.identityOptions.limits.reset('sms-codes', number);
    }
    expect(statuses).toEqual([...Array(10).fill(202), 429]);
  });

  it('is changed by who has logged in lately', async () => {
    const ann = await user();
    here.advance(LONG);
    expect((await ann.ask(another())).body).toMatchObject({ status: 403, type: FRESH_LOGIN_NEEDED });
    expect((await ann.types()).length).toBe(1);
  });

  it.each([
    '',
    'hello',
    '0151 12345678',
    '+0151123456',
    '+49',
    '+49151123456789012',
    `+49${'1'.repeat(60)}`,
    '+4915112345678; +4915112345679',
    '\ud800',
  ])('%j is none', async (text) => {
    const ann = await user();
    const { status, body } = await ann.ask(text);
    expect([status, body.errors?.[0].pointer]).toEqual([422, '/phone']);
    expect((await ann.types()).length).toBe(1);
  });

  it('is asked for by nobody where no SMS are sent', async () => {
    const without = await openInstallation();
    try {
      const ann = await user(without);
      const { status, body } = await ann.ask(NUMBER);
      expect([status, body.detail]).toEqual([409, expect.stringContaining('sends no SMS')]);
      expect(await ann.me()).toMatchObject({ sms: false });
    } finally {
      await without.close();
    }
  });
});
