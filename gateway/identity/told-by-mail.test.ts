/** What is told by mail is limited by user and hour, whichever change of an account it is of. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { SYSTEM_ITSELF } from './record-of-account.ts';
import { openUser, PASSWORD } from './second-factor/second-factor.fixture.ts';

let here: Installation;
beforeAll(async () => {
  here = await openInstallation({ limits: { 'security-mails': 4, mails: 1 } });
});
afterAll(() => here.close());

it('changes of second factor and password share the mails of an hour, and one that is refused changes and records nothing', async () => {
  const ann = await openUser(here);
  const renew = () => here.call('POST /api/me/second-factor/recovery-codes', undefined, as(ann.first));
  const change = (current: string, next: string) => here.call('PUT /api/me/password', { current, new: next }, as(ann.first));
  // The first was the mail that the second factor is on.
  expect([(await renew()).status, (await renew()).status, (await change(PASSWORD, 'staple of the month')).status]).toEqual([200, 200, 204]);
  const before = await ann.types();
  const late = [
    await renew(),
    await change('staple of the month', PASSWORD),
    await here.call('DELETE /api/me/second-factor', undefined, as(ann.first)),
  ];
  expect(late.map(({ status }) => status)).toEqual([429, 429, 429]);
  expect(late.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true);
  expect(await ann.types()).toEqual(before);
  expect(await ann.status()).toMatchObject({ on: true });
});

it('a password that is wrong takes none of them, and an admin has as many as there are', async () => {
  const [ben, root] = [await openUser(here, { second: false }), await openUser(here, { second: false })];
  const change = (of: typeof ben, current: string, next: string) => here.call('PUT /api/me/password', { current, new: next }, as(of.first));
  for (let n = 0; n < 5; n++) expect((await change(ben, `wrong number ${n}`, 'staple of the month')).status).toBe(422);
  expect((await change(ben, PASSWORD, 'staple of the month')).status).toBe(204);
  const command = { type: 'ChangeUserRole', stream: `user-${root.id}`, id: root.id, data: { role: 'admin' }, commandId: crypto.randomUUID() };
  await here.commands.handle({ ...command, actor: SYSTEM_ITSELF, now: new Date().toISOString() }, { correlationId: root.id });
  await here.identity.onUserChanged(root.id);
  const passwords = [PASSWORD, ...Array.from({ length: 6 }, (_, n) => `staple of month ${n}`)];
  for (const [n, next] of passwords.slice(1).entries()) expect((await change(root, passwords[n] ?? '', next)).status).toBe(204);
});
