/** Addresses with international domains and local parts, as they are registered, found and shown; and those that earlier releases took. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewEvent } from '../../contracts/message.ts';
import { stableId } from '../../platform/stable-id.ts';
import { openCredentials } from './credentials.ts';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openPasswords } from './passwords.ts';

const PASSWORD = 'correct horse battery';
let here: Installation;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());

const register = (email: string, more = {}) => here.call('POST /api/users', { name: 'Anna', email, password: PASSWORD, ...more });
const login = (email: string) => here.call('POST /api/login', { email, password: PASSWORD });
const storedOf = async (id: string) => (await here.events(`user-${id}`)).map(({ data }) => (data as { email?: string }).email);

describe('an address with an international domain', () => {
  it.each([
    [
      'Anna@Bücher.example',
      'Anna@xn--bcher-kva.example',
      'Anna@bücher.example',
      ['anna@BÜCHER.example', 'anna@xn--bcher-kva.EXAMPLE', 'anna@bu\u0308cher.example'],
    ],
    ['anna@xn--80a1acny.xn--p1ai', 'anna@xn--80a1acny.xn--p1ai', 'anna@почта.рф', ['ANNA@ПОЧТА.РФ']],
    ['a&b/c=d@faß.example', 'a&b/c=d@xn--fa-hia.example', 'a&b/c=d@faß.example', ['A&B/C=D@xn--fa-hia.example']],
    ['jose\u0301@例え.テスト', 'josé@xn--r8jz45g.xn--zckzah', 'josé@例え.テスト', ['JOSÉ@例え。テスト']],
  ])('%s is stored as %s and shown as %s, and is one address however it is written', async (written, stored, shown, others) => {
    const { status, body } = await register(written);
    expect([status, await storedOf(body.id)]).toEqual([201, [stored]]);
    for (const other of [written, stored, shown, ...others]) {
      const entry = await login(other);
      expect([other, entry.status, entry.body.user?.id]).toEqual([other, 200, body.id]);
      const again = await register(other);
      expect([other, again.status, again.body.errors?.[0].pointer]).toEqual([other, 409, '/email']);
    }
    const { accessToken } = (await login(shown)).body;
    expect((await here.call('GET /api/me', undefined, as(accessToken))).body.email).toBe(shown);
    const same = await here.call(`PATCH /api/users/${body.id}`, { email: shown }, as(accessToken));
    expect([same.status, (await storedOf(body.id)).length]).toEqual([200, 1]);
  });

  it('may be changed to, and frees the one before', async () => {
    const { body } = await register('before@bücher.example');
    const { accessToken } = (await login('before@bücher.example')).body;
    expect((await here.call(`PATCH /api/users/${body.id}`, { email: 'after@müller.example' }, as(accessToken))).status).toBe(202);
    expect((await here.call('GET /api/me', undefined, as(accessToken))).body.pendingEmail).toBe('after@müller.example');
    const token = await here.identity.issueCode(body.id, 'address');
    expect((await here.call('POST /api/email-changes/finish', { token }, as(accessToken))).body.email).toBe('after@müller.example');
    expect((await storedOf(body.id)).at(-1)).toBe('after@xn--mller-kva.example');
    expect([(await login('after@xn--mller-kva.example')).status, (await login('before@bücher.example')).status]).toEqual([200, 401]);
    expect((await register('before@xn--bcher-kva.example')).status).toBe(201);
  });

  it('may be the first admin’s', async () => {
    const own = await openInstallation();
    await own.identity.ensureAdmin('Chefin@bücher.example', PASSWORD);
    expect((await own.call('POST /api/login', { email: 'chefin@xn--bcher-kva.example', password: PASSWORD })).status).toBe(200);
    await own.close();
  });
});

it.each([`${'x'.repeat(65)}@example.org`, 'anna@example-.org', 'anna@bücher-.example', 'an na@example.org', 'anna@localhost'])(
  '%s is refused',
  async (email) => {
    const { status, body } = await register(email);
    expect([status, body.errors[0].pointer]).toEqual([422, '/email']);
  },
);

describe('an address that an earlier release took', () => {
  const event = (id: string, type: string, data: object): NewEvent => {
    const metadata = { $correlationId: id, $causationId: id, commandId: id, actor: 'system', schema: 1, topics: [] };
    return { id: stableId(id, type), type, data, metadata };
  };

  /** Records a user as an earlier release did, with the reservation under the address in lower case. */
  async function recorded(email: string): Promise<string> {
    const id = stableId('earlier', email);
    const { hmac } = here.identityOptions.keys;
    const value = email.normalize('NFKC').toLowerCase();
    await here.store.append(`_email-${hmac(`email:${value}`)}`, -1, [event(id, 'ValueReserved', { stream: `user-${id}` })], { keep: 2 });
    await here.store.append(`user-${id}`, -1, [event(id, 'UserCreated', { name: 'Old', email, role: 'member' })]);
    await openCredentials(here.secrets, await openPasswords()).setFirst(id, PASSWORD);
    return id;
  }

  it.each([
    ['Old.Times@Example.NET', ['old.times@example.net']],
    ['hyphen@example-.org', ['HYPHEN@example-.org']],
    [`${'y'.repeat(70)}@example.org`, [`${'Y'.repeat(70)}@example.org`]],
    ['Unicode@Zürich.example', ['unicode@zürich.example', 'unicode@xn--zrich-kva.example']],
    ['unicode@xn--grn-ioa.example', ['unicode@grün.example']],
    ['ju\u0308rgen@ko\u0308ln.example', ['jürgen@köln.example', 'jürgen@xn--kln-sna.example']],
  ])('%s still logs in, and nobody else gets it', async (email, others) => {
    const id = await recorded(email);
    for (const one of [email, ...others]) {
      expect([one, (await login(one)).body.user?.id]).toEqual([one, id]);
      expect([one, [409, 422].includes((await register(one)).status)]).toEqual([one, true]);
    }
    const { accessToken } = (await login(email)).body;
    expect((await here.call(`PATCH /api/users/${id}`, { name: 'Still here' }, as(accessToken))).status).toBe(200);
    // Once it is given up, it is free.
    expect((await here.call(`PATCH /api/users/${id}`, { email: `${id}@example.org` }, as(accessToken))).status).toBe(202);
    const token = await here.identity.issueCode(id, 'address');
    expect((await here.call('POST /api/email-changes/finish', { token }, as(accessToken))).status).toBe(200);
    expect((await login(email)).status).toBe(401);
  });
});
