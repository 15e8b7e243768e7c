/** What requests at the door tell the audit log: of which kind they are, and whom they are about. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openUser } from './second-factor/second-factor.fixture.ts';

let here: Installation;
let admin: Record<string, string>;
beforeAll(async () => {
  here = await openInstallation();
  await here.identity.ensureAdmin('admin@example.org', 'the first of all');
  admin = as((await here.call('POST /api/login', { email: 'admin@example.org', password: 'the first of all' })).body.accessToken);
});
afterAll(() => here.close());

/** The entries about a user, as `login done 200`; by those of a row alone where one is named. */
const of = (user: string, path = '') =>
  here.audited.filter(({ about, row }) => about === user && row.includes(path)).map(({ kind, outcome, status }) => `${kind} ${outcome} ${status}`);

it('a password is a proof where a second factor is asked for, and the login is the code, which also fails', async () => {
  const ann = await openUser(here);
  const before = of(ann.id).length;
  const ticket = await ann.ticket();
  expect((await ann.finish(ticket, { code: '000000' })).status).toBe(422);
  expect((await ann.finish(ticket, { code: ann.code() })).status).toBe(200);
  expect(of(ann.id).slice(before)).toEqual(['proof done 200', 'login refused 422', 'login done 200']);
});

it('second factors that are set up, and sessions that an admin ends, are of their kinds', async () => {
  const ann = await openUser(here);
  const setUp = here.audited.filter(({ user, kind }) => user === ann.id && kind === 'second-factor').map(({ row }) => row);
  expect(setUp).toEqual(['POST /api/me/second-factor', 'POST /api/me/second-factor/confirm']);
  expect((await here.call(`DELETE /api/users/${ann.id}/sessions`, undefined, admin)).status).toBe(204);
  expect((await here.call(`DELETE /api/users/${ann.id}/second-factor`, undefined, admin)).status).toBe(204);
  expect([of(ann.id, '/:id/sessions'), of(ann.id, '/:id/second-factor')]).toEqual([['session done 204'], ['second-factor done 204']]);
});

it('an invitation that is made, and one that is accepted, and an account that is edited are there, with whose it is', async () => {
  const { id } = (await here.call('POST /api/invitations', { email: 'invited@example.org', role: 'member' }, admin)).body;
  const made = here.audited.find(({ row }) => row === 'POST /api/invitations');
  expect(made).toMatchObject({ kind: 'invitation', outcome: 'done' });
  const code = await here.identity.issueCode(id, 'invitation');
  const accepted = await here.call('POST /api/invitations/accept', { code, name: 'Anna', password: 'correct horse battery' });
  expect(of(accepted.body.id)).toEqual(['invitation done 201']);
  expect((await here.call(`PATCH /api/users/${accepted.body.id}`, { name: 'Anne' }, admin)).status).toBe(200);
  expect(of(accepted.body.id, 'PATCH')).toEqual(['account done 200']);
});
