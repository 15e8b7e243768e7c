import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../platform/event-store/event-store.ts';
import { as, type Installation, openInstallation } from './identity/identity.fixture.ts';

const ADMIN = { email: 'admin@example.org', password: 'the admin of the tests' };
const ALICE = { name: 'Alice', email: 'alice@example.org', password: 'correct horse battery' };
const MAIL = {
  type: 'email',
  recipient: 'ann@example.org',
  subject: 'Your parcel',
  content: 'Dear {{name}}, it is here.',
  variables: { name: 'Ann' },
};
const SEND = 'POST /api/v1/notifications/send';

let here: Installation;
let admin: Record<string, string>;
let backend: Record<string, string>;
let alice: Record<string, string>;
let aliceId: string;
beforeAll(async () => {
  here = await openInstallation();
  await here.identity.ensureAdmin(ADMIN.email, ADMIN.password);
  aliceId = (await here.call('POST /api/users', ALICE)).body.id;
  const tokens = await Promise.all([ADMIN, ALICE].map(({ email, password }) => here.call('POST /api/login', { email, password })));
  [admin = {}, alice = {}] = tokens.map(({ body }) => as(body.accessToken));
  backend = as((await here.call('POST /api/admin/api-keys', { name: 'web shop', requestsPerMinute: 1_000 }, admin)).body.key);
});
afterAll(() => here.close());
afterEach(() => vi.restoreAllMocks());

const send = (body: object, headers: Record<string, string> = {}) => here.call(SEND, body, { ...backend, ...headers });
const eventsOf = (id: string) => here.events(`notification-${id}`);
const count = async () => (await here.events()).length;

describe('POST /api/v1/notifications/send', () => {
  it('answers 202 with id and status once it is recorded, and where it can be seen', async () => {
    const { status, headers, body } = await send(MAIL);
    expect([status, body]).toEqual([202, { id: expect.any(String), status: 'pending', revision: 0, position: expect.any(String) }]);
    expect([headers.get('location'), headers.get('etag'), headers.get('position')]).toEqual([`/api/notifications/${body.id}`, '"0"', body.position]);
    const [event] = await eventsOf(body.id);
    expect(event).toMatchObject({
      type: 'NotificationRequested',
      data: {
        channel: 'email',
        kind: 'message',
        recipient: { address: 'ann@example.org' },
        content: { subject: 'Your parcel', text: 'Dear Ann, it is here.' },
      },
    });
  });

  it('takes one for later, which is scheduled', async () => {
    const { status, body } = await send({ ...MAIL, sendAt: '2099-01-01T10:00:00+01:00' });
    expect([status, body.status]).toEqual([202, 'scheduled']);
    expect((await eventsOf(body.id))[0]?.data).toMatchObject({ sendAt: '2099-01-01T09:00:00.000Z' });
  });

  it.each([
    ['sms', '+4915112345678', { phone: '+4915112345678' }],
    ['email', 'Ann@Example.org', { address: 'Ann@example.org' }],
  ])('takes what an %s is sent to', async (type, recipient, expected) => {
    const { status, body } = await send({ type, recipient, content: 'It is here.' });
    expect(status).toBe(202);
    expect((await eventsOf(body.id))[0]?.data).toMatchObject({ channel: type, recipient: expected });
  });

  it('puts it into an inbox at once', async () => {
    const { body } = await send({ type: 'in-app', recipient: aliceId, content: 'It is here.' });
    expect((await eventsOf(body.id)).map(({ type }) => type)).toEqual(['NotificationRequested', 'NotificationSent']);
  });

  it.each([
    ['a phone number for a mail', { recipient: '+4915112345678' }, ['/recipient']],
    ['an address for an SMS', { type: 'sms', subject: undefined }, ['/recipient']],
    ['a number that is not E.164', { type: 'sms', recipient: '015112345678', subject: undefined }, ['/recipient']],
    ['a name for the inbox', { type: 'in-app', recipient: 'alice' }, ['/recipient']],
    ['nobody’s id for the inbox', { type: 'in-app', recipient: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e99' }, ['/recipient']],
    ['no variables', { variables: undefined }, ['/variables/name']],
    ['a variable less, in the subject too', { subject: '{{a}} {{ b.c }}', variables: { name: 'Ann' } }, ['/variables/a', '/variables/b.c']],
    ['a variable that is inherited', { content: '{{toString}}' }, ['/variables/toString']],
    ['a subject for an SMS', { type: 'sms', recipient: '+4915112345678' }, ['/subject']],
    [
      'an SMS that is too long once it is filled in',
      { type: 'sms', recipient: '+4915112345678', subject: undefined, content: '{{name}}', variables: { name: 'x'.repeat(1_600) } },
      ['/content'],
    ],
    ['more than can be kept once it is filled in', { content: '{{name}}'.repeat(1_200), variables: { name: 'x'.repeat(2_000) } }, ['/content']],
    ['nothing to say once it is filled in', { content: '{{name}}', variables: { name: ' ' } }, ['/content']],
    ['a subject of two lines once it is filled in', { subject: 'For {{name}}', variables: { name: 'Ann\r\nBcc: all' } }, ['/subject']],
    ['a variable whose name is none', { content: '{{first name}} {{}}' }, ['/content']],
    ['a variable of another alphabet less', { content: '{{größe}}' }, ['/variables/größe']],
    ['a time that is beyond the year 9999 in UTC', { sendAt: '9999-12-31T23:59:59-01:00' }, ['/sendAt']],
    ['another channel', { type: 'pigeon' }, ['/type']],
    ['nothing to say', { content: '' }, ['/content']],
    ['a time that is none', { sendAt: 'tomorrow' }, ['/sendAt']],
    ['a template of ours', { kind: 'overdue' }, ['/kind']],
  ])('with %s is refused by name, and nothing recorded', async (_, more, pointers) => {
    const before = await count();
    const { status, body } = await send({ ...MAIL, ...more });
    expect([status, body.code, [...new Set(body.errors.map((one: { pointer: string }) => one.pointer))].toSorted()]).toEqual([
      422,
      'invalid',
      pointers,
    ]);
    expect(await count()).toBe(before);
  });

  it('fills in what a variable holds as it is: it is no template', async () => {
    const { body } = await send({ ...MAIL, content: '{{a}}', variables: { name: 'x', a: '{{name}} $& $1' } });
    expect((await eventsOf(body.id))[0]?.data).toMatchObject({ content: { text: '{{name}} $& $1' } });
  });

  it('is for admins and services alone', async () => {
    expect((await here.call(SEND, MAIL, admin)).status).toBe(202);
    expect((await here.call(SEND, MAIL, alice)).status).toBe(403);
    expect((await here.call(SEND, MAIL)).status).toBe(401);
  });

  it('with the same Idempotency-Key is one notification, and the answer the first one', async () => {
    const key = { 'idempotency-key': 'order 4711 shipped' };
    const first = await send(MAIL, key);
    const again = await send(MAIL, key);
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(await eventsOf(first.body.id)).toHaveLength(1);
    const other = await send({ ...MAIL, recipient: 'bea@example.org' }, key);
    expect([other.status, other.body.errors[0].pointer]).toEqual([422, 'Idempotency-Key']);
    expect((await here.call(SEND, MAIL, { ...admin, ...key })).body.id).not.toBe(first.body.id);
  });

  it('answers 503 where it cannot be recorded, and nothing is queued; the same key again sends it', async () => {
    const before = await count();
    const key = { 'idempotency-key': 'while the store is away' };
    vi.spyOn(here.store, 'append').mockRejectedValue(new StoreUnavailable('the event store is away'));
    const { status, headers, body } = await send(MAIL, key);
    expect([status, body.code, headers.get('content-type')]).toEqual([503, 'unavailable', 'application/problem+json']);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    vi.restoreAllMocks();
    // Queues are filled from the log alone, and that has nothing of it.
    expect(await count()).toBe(before);
    expect((await send(MAIL, key)).status).toBe(202);
    expect(await count()).toBe(before + 1);
  });
});

describe('POST /api/v1/notifications/:id/cancel', () => {
  it('ends one that nobody has taken, and says so again', async () => {
    const { id } = (await send({ ...MAIL, sendAt: '2099-01-01T09:00:00Z' })).body;
    for (const by of [backend, admin]) expect((await here.call(`POST /api/v1/notifications/${id}/cancel`, undefined, by)).status).toBe(200);
    expect((await eventsOf(id)).map(({ type }) => type)).toEqual(['NotificationRequested', 'NotificationCancelled']);
  });

  it('is refused where it was sent, where there is none, and to who only reads', async () => {
    const { id } = (await send({ type: 'in-app', recipient: aliceId, content: 'It is here.' })).body;
    expect((await here.call(`POST /api/v1/notifications/${id}/cancel`, undefined, backend)).status).toBe(409);
    expect((await here.call(`POST /api/v1/notifications/${aliceId}/cancel`, undefined, backend)).status).toBe(404);
    expect((await here.call(`POST /api/v1/notifications/${id}/cancel`, undefined, alice)).status).toBe(403);
  });
});
