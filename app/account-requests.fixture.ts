/** Valid requests of accounts, of those who have one and of those who do not yet. */
import { codeOfApp } from '../gateway/identity/second-factor/second-factor.fixture.ts';
import { caller, type User } from '../system/client.fixture.ts';
import { type Asked, type Make, one, stranger } from './asked.fixture.ts';
import type { Furnished } from './furnished.fixture.ts';

const somebody = one(async (make) => (await make.user()).id);
/** Asked by a user of their own about themselves. */
const self =
  (more: (user: User, world: Furnished) => Asked | Promise<Asked> = () => ({})): Make =>
  async (world) => {
    const user = await world.make.user();
    return { by: user, id: user.id, ...(await more(user, world)) };
  };
const withApp =
  (on: boolean, more: (secret: string) => Asked = () => ({})): Make =>
  async ({ make }) => {
    const { user, secret } = await make.withApp({ on });
    return { by: user, id: user.id, ...more(secret) };
  };

export const ACCOUNT_REQUESTS: Readonly<Record<string, Make>> = {
  'DELETE /api/users/:id/email-change': self(async (user, { make }) => {
    await user.ok(`PATCH /api/users/${user.id}`, { email: make.address() });
    return {};
  }),
  'DELETE /api/users/:id': somebody,
  'POST /api/users/:id/confirm': somebody,
  'PUT /api/users/:id/role': somebody,
  'PUT /api/users/:id/posts': somebody,
  'PATCH /api/users/:id': somebody,
  'GET /api/users/:id': somebody,
  'GET /api/users/:id/posts': somebody,
  'GET /api/users/:id/export': self(),
  'GET /api/users/:id/sessions': somebody,
  'DELETE /api/users/:id/sessions': somebody,
  'DELETE /api/users/:id/sessions/:session': async ({ make }) => {
    const user = await make.user();
    return { id: user.id, params: { session: await make.sessionOf(user) } };
  },
  'GET /api/users/:id/second-factor': somebody,
  'DELETE /api/users/:id/second-factor': one(async (make) => (await make.withApp()).user.id),
  'GET /api/users/:id/erasure': ({ erased }) => ({ id: erased.id }),
  'GET /api/erasure': ({ erased }) => ({ query: `?person=${erased.id}&proof=${erased.proof}` }),
  'POST /api/admin/erasures/verify': ({ erased }) => ({ body: { certificate: erased.certificate } }),

  'POST /api/invitations': ({ make }) => ({ body: { email: make.address(), role: 'member' } }),
  'POST /api/invitations/:id/send-again': one(async (make) => (await make.invitation()).id),
  'DELETE /api/invitations/:id': one(async (make) => (await make.invitation()).id),
  'GET /api/invitations/:id': one(async (make) => (await make.invitation()).id),
  'POST /api/invitations/accept': stranger(async ({ make }) => {
    const code = await make.codeTo((await make.invitation()).email, 'invitation');
    return { body: { code, name: 'Anna', password: make.password } };
  }),

  'POST /api/users': stranger(({ make }) => ({ body: { name: 'Dan', email: make.address(), password: make.password } })),
  'POST /api/login': stranger(async ({ make }) => ({ body: { email: (await make.user()).email, password: make.password } })),
  'POST /api/login/second-factor': stranger(async ({ make, process }) => {
    const { user, secret } = await make.withApp();
    const { body } = await caller(() => process.url)('POST /api/login', { email: user.email, password: make.password });
    return { body: { ticket: body.secondFactor.ticket, code: codeOfApp(secret, new Date(), 1) } };
  }),
  'POST /api/token/refresh': stranger(async ({ make }) => ({ body: { refreshToken: (await make.user()).refreshToken } })),
  'POST /api/logout': self(),
  'GET /api/sessions': self(),
  'DELETE /api/sessions': self(),
  'DELETE /api/sessions/:id': self(async (user, { make }) => ({ id: await make.sessionOf(user) })),
  'GET /api/me': self(),
  'PUT /api/me/password': self((_, { make }) => ({ body: { current: make.password, new: 'another long phrase' } })),
  'POST /api/me/proof': self((_, { make }) => ({ body: { password: make.password } })),
  'GET /api/me/second-factor': self(),
  'POST /api/me/second-factor': self(),
  'POST /api/me/second-factor/confirm': withApp(false, (secret) => ({ body: { code: codeOfApp(secret, new Date()) } })),
  'POST /api/me/second-factor/recovery-codes': withApp(true),
  'DELETE /api/me/second-factor': withApp(true),
  'GET /api/me/notifications': self(),
  'PUT /api/me/notifications': self(),
  'PUT /api/me/phone': self(),
  'POST /api/me/phone/confirm': async ({ make, provider }) => {
    const { user, code } = await make.withPhone(provider, { confirmed: false });
    return { by: user, body: { code } };
  },
  'DELETE /api/me/phone': async ({ make, provider }) => ({ by: (await make.withPhone(provider)).user }),
  'POST /api/confirmations': stranger(async (world) => {
    const { token } = await registered(world);
    return { body: { token, password: world.make.password } };
  }),
  'POST /api/me/confirmation': async (world) => {
    const { user, token } = await registered(world);
    return { by: user, body: { token } };
  },
  'POST /api/confirmation-mails': stranger(async (world) => ({ body: { email: (await registered(world)).user.email } })),
  'POST /api/link-checks': stranger(async (world) => ({ body: { purpose: 'confirm', token: (await registered(world)).token } })),
  'POST /api/password-resets': stranger(async ({ make }) => ({ body: { email: (await make.user()).email } })),
  'POST /api/password-resets/finish': stranger(async ({ make, process }) => {
    const { email } = await make.user();
    await caller(() => process.url)('POST /api/password-resets', { email });
    return { body: { token: await make.codeTo(email, 'reset'), password: 'another long phrase' } };
  }),
  'POST /api/email-changes/finish': self(async (user, { make }) => {
    const email = make.address();
    await user.ok(`PATCH /api/users/${user.id}`, { email });
    return { body: { token: await make.codeTo(email, 'address') } };
  }),
};

/** Somebody who has registered, and has not yet confirmed their address, with the code that was mailed to them. */
async function registered({ make, process }: Furnished) {
  const account = { name: 'Dan', email: make.address(), password: make.password };
  const call = caller(() => process.url);
  await call('POST /api/users', account);
  const { body } = await call('POST /api/login', { email: account.email, password: account.password });
  return { user: { ...account, call: caller(() => process.url, body.accessToken) }, token: await make.codeTo(account.email, 'confirm') };
}
