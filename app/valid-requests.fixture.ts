/** A valid request for each row. */
import { signatureOf } from '../notifier/texter/http/signature.ts';
import { reportUrl } from '../notifier/texter/report-routes.ts';
import { caller, type Reply } from '../system/client.fixture.ts';
import { upload } from '../system/form.fixture.ts';
import { ACCOUNT_REQUESTS } from './account-requests.fixture.ts';
import { type Asked, type Make, one } from './asked.fixture.ts';
import { type Furnished, REFUSED_NUMBER } from './furnished.fixture.ts';
import { PROPERTY_REQUESTS } from './property-requests.fixture.ts';
import { type ALL_ROWS, rowName } from './rows.ts';

export type Row = (typeof ALL_ROWS)[number];

const task = (body?: unknown) => one((make) => make.task(), body === undefined ? {} : { body });
const file = (body?: unknown) => one(async (make) => (await make.file()).id, body === undefined ? {} : { body });
const fileOfComment = one(async (make) => (await make.file('comment')).id);
/** The requests that are more than the row’s path, asked by the admin with its example. */
export const VALID: Readonly<Record<string, Make>> = {
  ...ACCOUNT_REQUESTS,
  ...PROPERTY_REQUESTS,

  'PATCH /api/tasks/:id': task(),
  'DELETE /api/tasks/:id': task(),
  'PUT /api/tasks/:id/assignee': async ({ make, admin }) => ({ id: await make.task(), body: { userId: admin.id } }),
  'PUT /api/tasks/:id/status': task(),
  'POST /api/tasks/:id/comments': task(),
  'PUT /api/tasks/:id/watchers/me': task(),
  'DELETE /api/tasks/:id/watchers/me': task(),
  'POST /api/tasks/:id/restore': async ({ make, admin }) => {
    const id = await make.task();
    await admin.ok(`DELETE /api/tasks/${id}`);
    return { id };
  },
  'GET /api/tasks/:id': task(),
  'GET /api/tasks/:id/history': task(),

  'POST /api/notifications/:id/cancel': one((make) => make.message('scheduled')),
  'PUT /api/notifications/:id/read': one((make) => make.line()),
  'GET /api/notifications/:id': one((make) => make.message('sent')),
  'GET /api/notifications/:id/status': one((make) => make.message('sent')),
  'POST /api/notifications/:id/sms-status': async ({ make, provider, process }) => {
    const phone = make.phone();
    const id = await make.message('sent', phone);
    const sid = provider.taken.find(({ to }) => to === phone)?.sid ?? '';
    const form = { MessageSid: sid, MessageStatus: 'delivered', To: phone };
    const signature = signatureOf(reportUrl(process.url, id), form, provider.token);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
    return { id, body: new URLSearchParams(form).toString(), headers };
  },
  'POST /api/admin/dead-letters/:id/retry': one((make) => make.message('failed', REFUSED_NUMBER), { body: {} }),
  'POST /api/admin/dead-letters/:id/discard': one((make) => make.message('failed', REFUSED_NUMBER)),
  'GET /api/admin/dead-letters/:id': one((make) => make.message('failed', REFUSED_NUMBER)),
  'GET /api/unsubscribe': async (world) => ({ query: await unsubscribing(world) }),
  'POST /api/unsubscribe': async (world) => ({
    query: await unsubscribing(world),
    body: 'List-Unsubscribe=One-Click',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),

  'POST /api/orders/:id/cancel': one((make) => make.order()),
  'POST /api/admin/orders/:id/retry': one((make) => make.order()),
  'GET /api/orders/:id': one((make) => make.order()),

  'POST /api/media': async ({ make, admin, process }) => {
    const form = { task: await make.task(), file: { name: 'plan.txt', bytes: Buffer.from('The plan of the hall.') } };
    return { ask: () => upload({ url: process.url, user: admin }, form) };
  },
  'PUT /api/media/:id/attachment': async ({ make }) => ({ id: (await make.file()).id, body: { of: { kind: 'task', id: await make.task() } } }),
  'DELETE /api/media/:id/attachment': file(),
  'PUT /api/media/:id/access': async ({ make, admin, process }) => {
    const form = { user: admin.id, file: { name: 'me.txt', bytes: Buffer.from('What I look like.') } };
    const own = await upload({ url: process.url, user: admin }, form);
    return { id: own.status < 300 ? own.body.id : (await make.file()).id };
  },
  'DELETE /api/media/:id': file(),
  'GET /api/media': async ({ make }) => ({ query: `?task=${await make.task()}` }),
  'GET /api/media/:id': fileOfComment,
  'GET /api/media/:id/url': fileOfComment,
  'GET /api/media/urls': async ({ make }) => ({ query: `?ids=${(await make.file('comment')).id}` }),
  'GET /media/:id/:size': async ({ make, process }) => {
    const { path } = await make.file('comment');
    return { ask: () => caller(() => process.url)(`GET ${path}`) };
  },

  'DELETE /api/admin/api-keys/:id': one(async (make) => (await make.apiKey()).id),
  'POST /api/admin/projections/:name/rebuild': () => ({ params: { name: 'task_list' } }),
  'GET /api/admin/projections/:name/rebuild': async ({ admin }) => {
    await admin.ok('POST /api/admin/projections/task_list/rebuild');
    return { params: { name: 'task_list' } };
  },
};

/** Rows of which no request ends well here, with the status of the answer, and the reason. */
export const REFUSED: Readonly<Record<string, { status: number; since: string }>> = {
  'POST /api/orders/:id/cancel': { status: 409, since: 'an order is decided before anybody can cancel it' },
  'POST /api/admin/orders/:id/retry': { status: 409, since: 'no order fails' },
  'POST /api/media/direct': { status: 404, since: 'embedded files take none from clients' },
  'POST /api/media/direct/finish': { status: 422, since: 'embedded files take none from clients' },
  'POST /api/admin/accounts': { status: 403, since: 'it is for the operator of the machine' },
  'POST /api/me/confirmation': { status: 409, since: 'everybody has a password' },
  'GET /api/oidc/start': { status: 404, since: 'there is no sign-in by another site' },
  'GET /api/oidc/callback': { status: 404, since: 'there is no sign-in by another site' },
  'POST /api/oidc/tokens': { status: 404, since: 'there is no sign-in by another site' },
  'DELETE /api/me/sign-ins/:id': { status: 404, since: 'there is no sign-in by another site' },
  'POST /api/admin/parked/:follower/:stream/release': { status: 404, since: 'nothing is parked' },
  'POST /api/admin/parked/:follower/:stream/discard': { status: 404, since: 'nothing is parked' },
  'GET /assets/:file': { status: 404, since: 'the pages are files that were read at the start' },
};

/** The query of the link that stops mails of a kind. */
async function unsubscribing({ make, admin }: Furnished): Promise<string> {
  await make.line();
  const { body } = await admin.ok('GET /outbox?limit=100');
  return new URL(body.items.find((mail: { listUnsubscribe?: string }) => mail.listUnsubscribe).listUnsubscribe).search;
}

/** Makes all that a row's request needs; resolves to a function that asks, in the name of somebody whom the process remembers. */
export async function readyToAsk(row: Row, world: Furnished): Promise<{ remembered(): Promise<unknown>; ask(): Promise<Reply> }> {
  const asked: Asked = (await VALID[rowName(row)]?.(world)) ?? {};
  const { id = NO_ID, params = {}, query = '', by = world.admin, headers } = asked;
  const path = row.path.replace(/:id\b/, id).replace(/:([a-zA-Z]+)/g, (_, name: string) => params[name] ?? NO_ID);
  const body = 'body' in asked ? asked.body : (row.example ?? undefined);
  const ask = asked.ask ?? (() => by.call(`${row.method} ${path}${query}`, body, headers));
  return { remembered: () => by.call('GET /api/me'), ask };
}

/** Of what is in a path without being a thing of ours. */
const NO_ID = '5f1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a02';
