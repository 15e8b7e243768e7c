import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';

let here: Installation;
beforeAll(async () => {
  here = await openInstallation();
});
afterAll(() => here.close());

it('no password, token, code or key is in a log line, an event or the bookkeeping, and none in the clear in the secrets', async () => {
  const email = 'somebody.special@example.org';
  const passwords = ['the first password 1', 'the second password 2', 'a wrong password 3', 'the third password 4'];
  const [first, second, wrong, third] = passwords;
  const key = { 'idempotency-key': 'once' };
  const { id } = (await here.call('POST /api/users', { name: 'Somebody', email, password: first }, key)).body;
  await here.call('POST /api/users', { name: 'Somebody', email, password: wrong }, key);
  await here.call('POST /api/login', { email, password: wrong });
  const login = (await here.call('POST /api/login', { email, password: first })).body;
  const again = (await here.call('POST /api/token/refresh', { refreshToken: login.refreshToken })).body;
  await here.call('PUT /api/me/password', { current: wrong, new: second }, as(again.accessToken));
  await here.call('PUT /api/me/password', { current: first, new: second }, as(again.accessToken));
  const code = await here.identity.issueCode(id, 'confirm');
  await here.call('POST /api/confirmations', { token: code, password: third });
  const unused = await here.identity.issueCode(id, 'reset');
  await here.call('POST /api/token/refresh', { refreshToken: again.refreshToken });
  await here.call('POST /api/token/refresh', { refreshToken: login.refreshToken });
  const last = (await here.call('POST /api/login', { email, password: third })).body;
  await here.call('POST /api/logout', undefined, as(last.accessToken));
  await here.call('POST /api/login', { email, password: `${second}\u0000` });
  await here.call('POST /api/login', `{"email":"${email}","password":"${second}"`);

  const tokens = [login, again, last].flatMap((one) => [one.accessToken, one.refreshToken, one.refreshToken.split('.')[1]]);
  const secrets = [...passwords, ...tokens, code, unused];
  const events = [...(await here.events()), ...(await here.bookkeeping())];
  expect(events.map((one) => one.type)).toEqual(expect.arrayContaining(['UserCreated', 'UserConfirmed', 'SessionEnded', 'ValueReserved']));
  expect(here.lines.length).toBeGreaterThan(10);
  const stored = ['secrets.db', 'secrets.db-wal'].map((file) => readFileSync(join(here.dataDir, file), 'latin1')).join('');
  const keys = (await here.secrets.list<string>('keys', 'installation')).map((one) => one.value);
  expect(keys).toHaveLength(2);
  for (const secret of [...secrets, ...keys]) {
    expect(JSON.stringify(events)).not.toContain(secret);
    expect(here.lines.join('')).not.toContain(secret);
  }
  for (const secret of secrets) expect(stored.includes(secret), secret).toBe(false);
  expect(here.lines.join('')).not.toContain('somebody.special');
  expect(JSON.stringify(await here.bookkeeping())).not.toContain('somebody.special');
});

it('the body’s hash in the log is one of the body without the password', async () => {
  const { body } = await here.call('POST /api/users', { name: 'A', email: 'a@example.org', password: 'one password' });
  const [created] = await here.events(`user-${body.id}`);
  const { hmac } = here.identityOptions.keys;
  expect(created?.metadata.bodyHash).toBe(hmac('body:{"name":"A","email":"a@example.org","password":true}'));
});
