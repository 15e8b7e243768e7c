import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { DEAD_LETTER_QUEUES, type DeadLetterSummary, deadLetterSummary, deadLetterView } from '../contracts/dead-letter.ts';
import type { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import type { Caller, RouteRequest } from '../platform/http/route.ts';
import { validBody } from '../platform/http/validate.ts';
import { eventId, stableId } from '../platform/stable-id.ts';
import { commandsOn } from '../system/commands.fixture.ts';
import { openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import { ADMIN, ALICE, type Ask, asking, BOB } from './ask.fixture.ts';
import { notificationStatusView } from './queries/notification-status.ts';
import { type RetryAllAnswer, retryDeadLetters } from './retry-dead-letters.ts';

const SHOP: Caller = { id: 'a91cce00-0000-4000-8000-000000000005', role: 'service', seesAll: false, sessionId: 'e' };
const UNTIL = '2027-01-30T12:02:00.000Z';

let rig: Rig;
let projected: Projected;
let ask: Ask;
let commands: CommandHandler;
beforeAll(async () => {
  rig = await openRig();
  projected = await rig.project();
  ask = asking({ ...rig, ...projected });
  commands = commandsOn(rig.store);
});
afterAll(() => rig.close());

type Happening = [type: string, data: object];
const requested = (data: object = {}): Happening => [
  'NotificationRequested',
  {
    channel: 'email',
    kind: 'message',
    recipient: { address: 'ann@example.org' },
    about: { stream: 'task-x', revision: 0 },
    content: { text: 'Hi' },
    ...data,
  },
];
const processing = (attempt = 1): Happening => ['NotificationProcessing', { attempt, worker: 'mail-1', until: UNTIL }];
const deferred = (attempt = 1): Happening => ['NotificationDeferred', { attempt, error: '451 later', nextAttemptAt: UNTIL }];
const unknown = (attempt = 1): Happening => ['NotificationAttemptUnknown', { attempt, worker: 'mail-1' }];
const failed = (attempt = 1, error = '550 no such mailbox'): Happening => ['NotificationFailed', { attempt, error }];
const held = (attempt = 1): Happening => ['NotificationHeld', { attempt }];
const sent = (attempt = 1): Happening => ['NotificationSent', { attempt }];

let made = 0;
/** Appends a stream of its own, in a millisecond of its own; answers its id. */
async function put(category: 'notification' | 'order', happenings: readonly Happening[]): Promise<string> {
  for (const before = Date.now(); Date.now() === before; );
  const id = stableId('dead', String(made++));
  const stream = `${category}-${id}`;
  const { metadata } = exampleEvent('NotificationRequested');
  await rig.store.append(
    stream,
    -1,
    happenings.map(([type, data], n) => ({ id: eventId(id, stream, n), type, data, metadata: { ...metadata, commandId: id } })),
  );
  return id;
}
const notification = (...happenings: Happening[]) => put('notification', happenings);
const deadOrder = () =>
  put('order', [
    ['OrderPlaced', exampleEvent('OrderPlaced').data as object],
    ['OrderProcessing', { attempt: 1, worker: 'orders-1', until: UNTIL }],
    ['OrderFailed', { attempt: 1, reason: 'the price list cannot be read' }],
  ]);

const asNewAsTheLog = async (path: string, as = ADMIN) => (await ask(path, { as, headers: { 'read-after': await rig.store.head() } })).body;
const listed = async (queue: string): Promise<DeadLetterSummary[]> => (await asNewAsTheLog(`/api/admin/dead-letters?queue=${queue}&limit=100`)).items;
const shown = async (queue: string) => (await listed(queue)).map(({ id }) => id);
const refusal = (path: string, as = ADMIN) =>
  ask(path, { as }).then(
    () => 'it was answered',
    (error: ProblemError) => `${error.status} ${error.errors?.[0]?.pointer ?? error.message}`,
  );

/** `meanwhile`: between the list and each of its commands. */
async function retryAll(body: object, meanwhile = async () => {}): Promise<RetryAllAnswer> {
  const handle: CommandHandler['handle'] = async (command, context) => {
    await meanwhile();
    return commands.handle(command, context);
  };
  const { row, answer } = retryDeadLetters;
  const head = await rig.store.head();
  const header = (name: string) => (name === 'read-after' ? head : undefined);
  const request: RouteRequest = {
    params: {},
    query: {},
    body: validBody(row.body ?? expect.fail(), body),
    caller: ADMIN,
    header,
    ip: '',
    requestId: 'test',
  };
  return (await answer({ ...rig, ...projected, commands: { handle } }, request)).body as RetryAllAnswer;
}

describe('GET /api/notifications/:id/status', () => {
  it('tells every status with its time, every error, and when the next attempt is due', async () => {
    const id = await notification(requested(), processing(), deferred(), processing(2), unknown(2), deferred(2));
    const { position, body } = await ask(`/api/notifications/${id}/status`, { as: ADMIN });
    expect(notificationStatusView.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      id,
      type: 'email',
      status: 'pending',
      recipient: 'ann@example.org',
      attempts: 2,
      lastError: '451 later',
      nextAttemptAt: UNTIL,
    });
    expect(body.history.map(({ time: _, ...step }: { time: string }) => step)).toEqual([
      { status: 'pending' },
      { status: 'processing', attempt: 1, worker: 'mail-1' },
      { status: 'pending', attempt: 1, error: '451 later' },
      { status: 'processing', attempt: 2, worker: 'mail-1' },
      { status: 'unknown', attempt: 2, worker: 'mail-1', error: 'the attempt ended without an outcome; it may have been sent' },
      { status: 'pending', attempt: 2, error: '451 later' },
    ]);
    expect(body.errors.map(({ attempt, error }: { attempt: number; error: string }) => [attempt, error])).toEqual([
      [1, '451 later'],
      [2, 'the attempt ended without an outcome; it may have been sent'],
      [2, '451 later'],
    ]);
    expect(position).toBe(await rig.store.head());
  });

  it('tells what the provider and operators did, and the recipient as corrected', async () => {
    const retried: Happening = ['NotificationRetried', { channel: 'sms', recipient: { phone: '+4915112345678' } }];
    const reported: Happening = ['NotificationReported', { status: 'undelivered', delivered: false, error: '30003' }];
    const sms = requested({ channel: 'sms', recipient: { phone: '+4900000000' }, sendAt: UNTIL });
    const id = await notification(sms, processing(), failed(), retried, processing(2), sent(2), reported, ['NotificationDiscarded', {}]);
    const { body } = await ask(`/api/notifications/${id}/status`, { as: SHOP });
    expect(body).toMatchObject({ type: 'sms', status: 'failed', recipient: '+4915112345678', lastError: '30003' });
    expect(body.history.map(({ status, detail, error }: Record<string, string>) => [status, detail ?? error])).toEqual([
      ['scheduled', undefined],
      ['processing', undefined],
      ['failed', '550 no such mailbox'],
      ['pending', 'tried again by an operator, to +4915112345678 (before: +4900000000)'],
      ['processing', undefined],
      ['sent', undefined],
      ['failed', '30003'],
      ['failed', 'given up by an operator'],
    ]);
  });

  it('is for admins, services and the user it is for, who is not told an address', async () => {
    const id = await notification(requested({ recipient: { userId: ALICE.id } }), processing(), sent());
    expect((await ask(`/api/notifications/${id}/status`, { as: ALICE })).body).not.toHaveProperty('recipient');
    expect((await ask(`/api/notifications/${id}/status`, { as: SHOP })).body.recipient).toBe(ALICE.id);
    const others = await notification(requested());
    for (const [one, as] of [
      [id, BOB],
      [others, ALICE],
      [stableId('never'), ADMIN],
    ] as const)
      expect(await refusal(`/api/notifications/${one}/status`, as)).toBe('404 There is no such notification.');
  });
});

describe('GET /api/notifications', () => {
  it('is filtered by channel, kind and death; services see all as admins do', async () => {
    const only = requested({ kind: 'overdue', recipient: { userId: BOB.id } });
    const dead = await notification(only, processing(), failed());
    const alive = await notification(only, processing(), sent());
    const text = await notification(requested({ channel: 'sms', kind: 'overdue', recipient: { userId: BOB.id } }));
    const ids = async (query: string) =>
      (await asNewAsTheLog(`/api/notifications?userId=${BOB.id}${query}`, SHOP)).items.map(({ id }: { id: string }) => id);
    expect(await ids('')).toEqual([text, alive, dead]);
    expect(await ids('&type=sms')).toEqual([text]);
    expect(await ids('&type=email,in-app&kind=overdue')).toEqual([alive, dead]);
    expect(await ids('&kind=message')).toEqual([]);
    expect(await ids('&dead')).toEqual([dead]);
    expect(await ids('&dead=true&status=sent')).toEqual([]);
    expect(await ids('&dead=false')).toEqual([text, alive]);
    expect((await asNewAsTheLog('/api/notifications?all', SHOP)).items.length).toBeGreaterThan(3);
    expect(await refusal('/api/notifications?type=pigeon', SHOP)).toBe('400 ?type');
    expect(await refusal('/api/notifications?kind=message,gossip', SHOP)).toBe('400 ?kind');
    expect(await refusal('/api/notifications?dead=yes', SHOP)).toBe('400 ?dead');
    expect(await refusal(`/api/notifications?userId=${BOB.id}`, ALICE)).toMatch(/^403/);
  });
});

describe('dead letters', () => {
  it('are listed by queue, newest first, in pages: what failed or is unknown, until somebody tries it again or gives it up', async () => {
    const [older, unsure, newer] = [
      await notification(requested(), processing(), failed()),
      await notification(requested(), processing(), unknown(), held()),
      await notification(requested(), processing(), failed()),
    ];
    const sms = await notification(requested({ channel: 'sms', recipient: { phone: '+4915112345678' } }), processing(), failed());
    const order = await deadOrder();
    const gone = [
      await notification(requested(), processing(), failed(), ['NotificationDiscarded', {}]),
      await notification(requested(), processing(), failed(), [
        'NotificationRetried',
        { channel: 'email', recipient: { address: 'bea@example.org' } },
      ]),
      await notification(requested(), processing(), sent()),
    ];
    const all = await shown('email_notifications');
    expect(all.slice(0, 3)).toEqual([newer, unsure, older]);
    for (const one of gone) expect(all).not.toContain(one);
    expect((await shown('sms_notifications'))[0]).toBe(sms);
    expect((await listed('orders'))[0]).toMatchObject({
      id: order,
      queue: 'orders',
      status: 'failed',
      reason: 'the price list cannot be read',
      kind: 'order',
    });
    for (const queue of DEAD_LETTER_QUEUES) for (const one of await listed(queue)) expect(deadLetterSummary.parse(one)).toEqual(one);
    const first = await asNewAsTheLog('/api/admin/dead-letters?queue=email_notifications&limit=2');
    const second = await asNewAsTheLog(`/api/admin/dead-letters?queue=email_notifications&limit=2&cursor=${first.next}`);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(all.slice(0, 4));
    expect(await refusal(`/api/admin/dead-letters?queue=orders&cursor=${first.next}`)).toBe('400 ?cursor');
    const everything = await asNewAsTheLog('/api/admin/dead-letters?limit=100');
    const idsOf = ({ items }: { items: DeadLetterSummary[] }) => items.map(({ id }) => id);
    expect(idsOf(everything).slice(0, 5)).toEqual([order, sms, newer, unsure, older]);
    const few = await asNewAsTheLog('/api/admin/dead-letters?limit=1');
    const more = await asNewAsTheLog(`/api/admin/dead-letters?limit=4&cursor=${few.next}`);
    expect([...few.items, ...more.items]).toEqual(everything.items.slice(0, 5));
    expect(idsOf(await asNewAsTheLog('/api/admin/dead-letters?status=unknown&limit=100'))).toContain(unsure);
    expect(idsOf(await asNewAsTheLog('/api/admin/dead-letters?status=failed&limit=100'))).not.toContain(unsure);
    expect(await refusal(`/api/admin/dead-letters?status=failed&cursor=${few.next}`)).toBe('400 ?cursor');
    expect(await refusal('/api/admin/dead-letters?queue=projections')).toBe('400 ?queue');
  });

  it('are shown with reason, every error, history and whom they were for', async () => {
    const id = await notification(requested(), processing(), deferred(), processing(2), failed(2));
    const { body } = await ask(`/api/admin/dead-letters/${id}`, { as: ADMIN });
    expect(deadLetterView.parse(body)).toEqual(body);
    expect(body).toMatchObject({
      queue: 'email_notifications',
      reason: '550 no such mailbox',
      attempts: 2,
      recipient: 'ann@example.org',
      kind: 'message',
    });
    expect(body.errors.map(({ error }: { error: string }) => error)).toEqual(['451 later', '550 no such mailbox']);
    expect(body.history).toHaveLength(5);
    const order = (await ask(`/api/admin/dead-letters/${await deadOrder()}`, { as: ADMIN })).body;
    expect(deadLetterView.parse(order)).toEqual(order);
    expect(order).toMatchObject({
      queue: 'orders',
      recipient: 'alice@example.org',
      errors: [{ attempt: 1, error: 'the price list cannot be read' }],
    });
    expect(order.history.map(({ status }: { status: string }) => status)).toEqual(['placed', 'processing', 'failed']);
  });

  it('are not what is none: it says what has become of it', async () => {
    const done = await notification(requested(), processing(), sent());
    expect(await refusal(`/api/admin/dead-letters/${done}`)).toBe('404 It is no dead letter: it is sent.');
    const given = await notification(requested(), processing(), failed(), ['NotificationDiscarded', {}]);
    expect(await refusal(`/api/admin/dead-letters/${given}`)).toBe('404 It is no dead letter: it is failed (given up by an operator).');
    expect(await refusal(`/api/admin/dead-letters/${stableId('never')}`)).toMatch(/^404/);
  });
});

describe('POST /api/admin/dead-letters/retry', () => {
  it('has all of a queue tried again, in as many requests as the limit makes it', async () => {
    const before = (await shown('sms_notifications')).length;
    for (let n = 0; n < 7; n++) await notification(requested({ channel: 'sms', recipient: { phone: `+49151000000${n}0` } }), processing(), failed());
    const first = await retryAll({ queue: 'sms_notifications', limit: 4 });
    expect(first).toEqual({ retried: 4, skipped: 0, next: expect.any(String) });
    const second = await retryAll({ queue: 'sms_notifications', cursor: first.next });
    expect(second).toEqual({ retried: before + 3, skipped: 0 });
    expect(await shown('sms_notifications')).toEqual([]);
    expect(await retryAll({ queue: 'sms_notifications' })).toEqual({ retried: 0, skipped: 0 });
  });

  it('does not try again what was tried meanwhile and died again: that is another death', async () => {
    await retryAll({ queue: 'email_notifications' });
    const id = await notification(requested(), processing(), failed());
    const stream = `notification-${id}`;
    const tell = (type: string, data: object) =>
      commands.handle({ type, stream, id, data, actor: ADMIN, now: UNTIL, commandId: stableId(type, id) }, { correlationId: 'test' });
    const answer = await retryAll({ queue: 'email_notifications' }, async () => {
      await tell('RetryNotification', {});
      await tell('LeaseNotification', { worker: 'mail-1', until: UNTIL, attempts: 5 });
      await tell('FailNotification', { attempt: 2, error: 'again', worker: 'mail-1', unknown: false });
    });
    expect(answer).toEqual({ retried: 0, skipped: 1 });
    expect((await ask(`/api/notifications/${id}/status`, { as: ADMIN })).body).toMatchObject({ status: 'failed', lastError: 'again' });
  });

  it('leaves alone what may have been sent, unless that is asked for', async () => {
    await retryAll({ unknown: true });
    const unsure = await notification(requested(), processing(), unknown(), held());
    const refused = await notification(requested(), processing(), failed());
    expect(await retryAll({})).toEqual({ retried: 1, skipped: 0 });
    expect(await shown('email_notifications')).toEqual([unsure]);
    expect((await ask(`/api/notifications/${refused}/status`, { as: ADMIN })).body.status).toBe('pending');
    expect(await retryAll({ unknown: true })).toEqual({ retried: 1, skipped: 0 });
    expect(await shown('email_notifications')).toEqual([]);
  });

  it('asked for by two at once tries each again once', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, deadOrder));
    const before = (await shown('orders')).length;
    const answers = await Promise.all([retryAll({ queue: 'orders' }), retryAll({ queue: 'orders' })]);
    expect(answers.reduce((sum, { retried }) => sum + retried, 0)).toBe(before);
    for (const id of ids) {
      const types: string[] = [];
      for await (const page of rig.store.readStream(`order-${id}`)) types.push(...page.map(({ type }) => type));
      expect(types.filter((type) => type === 'OrderRetried')).toHaveLength(1);
    }
    expect(await shown('orders')).toEqual([]);
  });
});
