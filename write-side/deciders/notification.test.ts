import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type NotificationEvent, notificationContract } from '../../contracts/notification.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { evolve, initial, type NotificationCommand, type NotificationState, notification } from './notification.ts';
import { initial as nobody } from './user.ts';

const LATER = '2026-11-21T09:02:00.000Z';
const AFTERWARDS = '2026-11-21T09:02:00.001Z';
const { NotificationRequested } = notificationContract.events;

const requested = { type: 'NotificationRequested', data: NotificationRequested.example } as NotificationEvent;
const processing = (attempt: number, worker = 'a', until = LATER): NotificationEvent => ({
  type: 'NotificationProcessing',
  data: { attempt, worker, until },
});
const deferred = (attempt: number): NotificationEvent => ({
  type: 'NotificationDeferred',
  data: { attempt, error: 'refused', nextAttemptAt: LATER },
});
const unknown = (attempt: number, more: { worker?: string; error?: string } = {}): NotificationEvent => ({
  type: 'NotificationAttemptUnknown',
  data: { attempt, worker: 'a', ...more },
});
const sent = (attempt: number): NotificationEvent => ({ type: 'NotificationSent', data: { attempt } });
const failed = (attempt: number, error: string): NotificationEvent => ({ type: 'NotificationFailed', data: { attempt, error } });

const retried = (recipient: object = { address: 'ann@example.org' }, channel: 'email' | 'sms' = 'email'): NotificationEvent => ({
  type: 'NotificationRetried',
  data: { channel, recipient },
});
const discarded: NotificationEvent = { type: 'NotificationDiscarded', data: {} };

function tell(type: NotificationCommand['type'], data: object, now = NOW) {
  return command<NotificationCommand>(type, data, { now });
}
const lease = (worker = 'b', now = NOW) => tell('LeaseNotification', { worker, until: LATER, attempts: 5 }, now);
const about = (attempt: number, more: object = {}) => ({ attempt, error: 'refused', worker: 'a', unknown: false, ...more });

describe('a lease', () => {
  it('counts as over for who has watched it to its end, whatever the clock shows', () => {
    const watched = (waited: string, now: string) => tell('LeaseNotification', { worker: 'b', until: LATER, attempts: 5, waited }, now);
    const held = given(notification, requested, processing(1));
    const { until } = processing(1).data as { until: string };
    held.when(watched(until, '2000-01-01T00:00:00.000Z')).then(unknown(1), processing(2, 'b'));
    held.when(watched('2000-01-01T00:00:00.000Z', '2999-01-01T00:00:00.000Z')).refuses('conflict');
    given(notification, requested, processing(1), deferred(1)).when(watched(LATER, '2000-01-01T00:00:00.000Z')).then(processing(2, 'b'));
  });
  it('begins the first attempt', () => given(notification, requested).when(lease()).then(processing(1, 'b')));
  it('is refused where nothing was requested', () => given(notification).when(lease()).refuses('not_found'));
  it('is refused while another one holds', () => given(notification, requested, processing(1)).when(lease()).refuses('conflict'));
  it('is refused before the next attempt is due', () => given(notification, requested, processing(1), deferred(1)).when(lease()).refuses('conflict'));
  it('begins the next attempt when that is due', () =>
    given(notification, requested, processing(1), deferred(1)).when(lease('b', LATER)).then(processing(2, 'b')));
  it('invariant 11: after one that ran out shows that attempt as unknown, and sends again', () =>
    given(notification, requested, processing(1)).when(lease('b', AFTERWARDS)).then(unknown(1), processing(2, 'b')));
  it('after the last one that ran out ends it: what ends every worker does not go on for ever', () =>
    given(notification, requested, processing(5))
      .when(lease('b', AFTERWARDS))
      .then(unknown(5), failed(5, 'no attempt told how it went; it may have been sent')));
});

describe('a renewal', () => {
  const renew = (attempt: number, worker = 'a', now = NOW) => tell('RenewNotification', { attempt, worker, until: AFTERWARDS }, now);
  it('of the attempt at work ends its lease later', () =>
    given(notification, requested, processing(1))
      .when(renew(1))
      .then(processing(1, 'a', AFTERWARDS)));
  it('counts when it comes late and nobody leased it meanwhile', () =>
    given(notification, requested, processing(1))
      .when(renew(1, 'a', AFTERWARDS))
      .then(processing(1, 'a', AFTERWARDS)));
  it('is no attempt: the outcome is of the same', () =>
    given(notification, requested, processing(1), processing(1, 'a', AFTERWARDS))
      .when(tell('SucceedNotification', { attempt: 1 }))
      .then(sent(1)));
  it.each([
    ['of another worker', [processing(1)], renew(1, 'b')],
    ['of an attempt that another worker has overtaken', [processing(1), unknown(1), processing(2, 'b')], renew(1)],
    ['of what is sent', [processing(1), sent(1)], renew(1)],
    ['of what waits for its next attempt', [processing(1), deferred(1)], renew(1)],
  ] as const)('%s is refused', (_, events, command) =>
    given(notification, requested, ...events)
      .when(command)
      .refuses('conflict'),
  );
});

describe('an attempt in which nothing was tried', () => {
  const uncounted = (attempt: number): NotificationEvent => ({
    type: 'NotificationDeferred',
    data: { attempt, error: 'refused', nextAttemptAt: NOW, uncounted: true },
  });
  it('is told from others', () =>
    given(notification, requested, processing(1))
      .when(tell('DeferNotification', about(1, { nextAttemptAt: NOW, uncounted: true })))
      .then(uncounted(1)));
  it('is not counted by the limit of attempts', () => {
    const events = [1, 2, 3, 4, 5].flatMap((attempt) => [processing(attempt), uncounted(attempt)]);
    given(notification, requested, ...events, processing(6))
      .when(lease('b', AFTERWARDS))
      .then(unknown(6), processing(7, 'b'));
  });
});

describe('an outcome', () => {
  const leased = given(notification, requested, processing(1));
  it('is sent', () => leased.when(tell('SucceedNotification', { attempt: 1 })).then(sent(1)));
  it('is deferred', () => leased.when(tell('DeferNotification', about(1, { nextAttemptAt: LATER }))).then(deferred(1)));
  it('is failed', () => leased.when(tell('FailNotification', about(1))).then(failed(1, 'refused')));
  it('invariant 11: shows a deferred attempt as unknown where the message may have been taken', () =>
    leased.when(tell('DeferNotification', about(1, { nextAttemptAt: LATER, unknown: true }))).then(unknown(1, { error: 'refused' }), deferred(1)));
  it('invariant 11: shows the last attempt as unknown where the message may have been taken', () =>
    leased.when(tell('FailNotification', about(1, { unknown: true }))).then(unknown(1, { error: 'refused' }), failed(1, 'refused')));
  it('counts when it comes late and nobody leased it meanwhile', () =>
    leased.when(tell('SucceedNotification', { attempt: 1 }, AFTERWARDS)).then(sent(1)));
  it('of an attempt that another worker has overtaken is refused', () =>
    given(notification, requested, processing(1), unknown(1), processing(2, 'b'))
      .when(tell('SucceedNotification', { attempt: 1 }))
      .refuses('conflict'));
  it('is withdrawn where nobody is there any more', () =>
    leased
      .when(tell('WithdrawNotification', { attempt: 1, reason: 'the recipient is no user any more' }))
      .then({ type: 'NotificationCancelled', data: { reason: 'the recipient is no user any more' } }));
  it('without a lease is refused', () =>
    given(notification, requested)
      .when(tell('SucceedNotification', { attempt: 1 }))
      .refuses('conflict'));
});

const BACKEND = { id: 'a91cce00-0000-4000-8000-000000000005', role: 'service', seesAll: false } as const;
const THERE = { recipient: { ...nobody, exists: true } };

/** A body as it comes in: by the contract's schema. */
function send(more: object): NotificationCommand {
  const body = { type: 'email', recipient: 'ann@example.org', content: 'It is here.', ...more };
  return command('SendNotification', notificationContract.commands.SendNotification.body.parse(body), { actor: BACKEND });
}
const message = (data: object): NotificationEvent => ({
  type: 'NotificationRequested',
  data: {
    channel: 'email',
    kind: 'message',
    recipient: { address: 'ann@example.org' },
    about: { stream: send({}).stream, revision: 0 },
    content: { text: 'It is here.' },
    ...data,
  },
});
/** As it is recorded for the backend. */
const asked = (data: object) => message({ ...data, askedBy: BACKEND.id });
const inInbox = message({ channel: 'in-app', recipient: { userId: ALICE.id } });

describe('what another backend asks for', () => {
  const nothing = given(notification);
  it('is recorded with its variables filled in, and nothing else', () => {
    const variables = { name: '{{secret}}', count: 3, secret: 'never shown' };
    nothing
      .when(send({ subject: 'For {{ name }}', content: '{{name}}: {{count}} parcels', variables }))
      .then(asked({ content: { subject: 'For {{secret}}', text: '{{secret}}: 3 parcels' } }));
  });
  it('has a subject that is stored as it was measured: without what nobody sees in the variables, and without what turns it round', () => {
    const variables = { name: ` \u202egpj.\u202c${'\u200b'.repeat(1_900)}exe\u200e ` };
    nothing
      .when(send({ subject: '{{name}} is {{name}}', variables }))
      .then(asked({ content: { subject: 'gpj.exe  is  gpj.exe', text: 'It is here.' } }));
  });
  it('goes to a number by SMS', () =>
    nothing.when(send({ type: 'sms', recipient: '+4915112345678' })).then(asked({ channel: 'sms', recipient: { phone: '+4915112345678' } })));
  it('waits for its time, which is kept in UTC', () =>
    nothing.when(send({ sendAt: '2026-11-21T12:00:00.000Z' })).then(asked({ sendAt: '2026-11-21T12:00:00.000Z' })));
  it('is in the inbox at once', () =>
    nothing.when(send({ type: 'in-app', recipient: ALICE.id }), THERE).then(asked({ channel: 'in-app', recipient: { userId: ALICE.id } }), sent(1)));
  it.each([
    ['nobody', {}],
    ['somebody deleted', { recipient: { ...nobody, exists: true, deleted: true } }],
  ])('is refused for the inbox of %s', (_, facts) =>
    nothing.when(send({ type: 'in-app', recipient: ALICE.id }), facts).refuses('invalid', '/recipient'),
  );
  it('looks up the user of an inbox, and nobody else', () => {
    expect(notification.needs?.(send({ type: 'in-app', recipient: ALICE.id.toUpperCase() }), notification.initial)).toEqual({
      recipient: `user-${ALICE.id}`,
    });
    expect(notification.needs?.(send({}), notification.initial)).toEqual({});
  });
  it('is not leased before its time', () =>
    given(notification, message({ sendAt: LATER }))
      .when(lease('b', NOW))
      .refuses('conflict'));
  it('is leased when its time has come', () =>
    given(notification, message({ sendAt: LATER }))
      .when(lease('b', LATER))
      .then(processing(1, 'b')));
});

describe('the user who is told', () => {
  const fold = (...events: NotificationEvent[]) => events.reduce(evolve, initial).reader;
  const ofBob: NotificationEvent = {
    type: 'NotificationRequested',
    data: { ...NotificationRequested.example, recipient: { userId: BOB.id } } as never,
  };
  it('stays the same when an operator corrects the address', () => expect(fold(ofBob, retried({ address: 'right@example.org' }))).toBe(BOB.id));
  it('is the one whom an operator names instead', () => expect(fold(ofBob, retried({ userId: ALICE.id }))).toBe(ALICE.id));
  it('is nobody where it goes to an address', () => expect(fold(message({}), retried())).toBeNull());
});

describe('cancelling', () => {
  const cancel = tell('CancelNotification', {});
  const cancelled: NotificationEvent = { type: 'NotificationCancelled', data: {} };
  it('ends what nobody has taken', () => given(notification, requested).when(cancel).then(cancelled));
  it('ends what waits for its next attempt, or was tried again by an operator', () => {
    given(notification, requested, processing(1), deferred(1)).when(cancel).then(cancelled);
    given(notification, message({}), processing(1), failed(1, 'refused'), retried()).when(cancel).then(cancelled);
  });
  it('ends what waits for its time', () =>
    given(notification, message({ sendAt: LATER }))
      .when(cancel)
      .then(cancelled));
  it('is for an API key of what it asked for itself; for admins, of all', () => {
    const byBackend = command<NotificationCommand>('CancelNotification', {}, { actor: BACKEND });
    given(notification, asked({})).when(byBackend).then(cancelled);
    given(notification, requested).when(byBackend).refuses('forbidden');
    given(notification, message({ askedBy: ALICE.id }))
      .when(byBackend)
      .refuses('forbidden');
    given(notification, asked({}))
      .when(command<NotificationCommand>('CancelNotification', {}, { actor: ADMIN }))
      .then(cancelled);
  });
  it('twice changes nothing', () => given(notification, requested, cancelled).when(cancel).then());
  it.each([
    ['a worker has', [processing(1)]],
    ['was sent', [processing(1), sent(1)]],
    ['failed', [processing(1), failed(1, 'refused')]],
  ])('is refused for what %s', (_, events) =>
    given(notification, requested, ...events)
      .when(cancel)
      .refuses('conflict'),
  );
  it('of what is not there is refused', () => given(notification).when(cancel).refuses('not_found'));
  it('comes before every lease', () => given(notification, requested, cancelled).when(lease()).refuses('conflict'));
});

describe('reading', () => {
  const read = (is: boolean, actor: typeof ALICE = ALICE) => command<NotificationCommand>('ReadNotification', { read: is }, { actor });
  const wasRead = (is: boolean): NotificationEvent => ({ type: 'NotificationRead', data: { read: is } });
  const there = given(notification, inInbox, sent(1));
  it('marks what is in one’s inbox', () => there.when(read(true)).then(wasRead(true)));
  it('marks it unread again', () => given(notification, inInbox, sent(1), wasRead(true)).when(read(false)).then(wasRead(false)));
  it('of what is marked so already changes nothing', () => there.when(read(false)).then());
  it('is one’s own alone: for others, admins too, it is not there', () => {
    there.when(read(true, BOB)).refuses('not_found');
    there.when(read(true, ADMIN)).refuses('not_found');
  });
  it('is not for what has not come there yet, or never will', () => {
    given(notification, message({ channel: 'in-app', recipient: { userId: ALICE.id }, sendAt: LATER }))
      .when(read(true))
      .refuses('conflict');
    given(notification, inInbox, { type: 'NotificationCancelled', data: {} }).when(read(true)).refuses('conflict');
  });
  it('is not for mails', () =>
    given(notification, message({ recipient: { userId: ALICE.id } }))
      .when(read(true))
      .refuses('conflict'));
});

describe('a dead letter', () => {
  const retry = (recipient?: string) => command<NotificationCommand>('RetryNotification', recipient === undefined ? {} : { recipient });
  const discard = tell('DiscardNotification', {});
  const held: NotificationEvent = { type: 'NotificationHeld', data: { attempt: 1 } };
  const died = [message({}), processing(1), failed(1, '550 no such mailbox')];

  it('of a confirmation goes to the user’s own address alone', () => {
    const confirmation = [message({ kind: 'confirm_registration', recipient: { userId: ALICE.id }, content: undefined }), ...died.slice(1)];
    given(notification, ...confirmation)
      .when(retry('right@example.org'))
      .refuses('invalid', '/recipient');
    given(notification, ...confirmation)
      .when(retry())
      .then(retried({ userId: ALICE.id }));
  });
  it('is tried again', () =>
    given(notification, ...died)
      .when(retry())
      .then(retried()));
  it('is tried again at a corrected recipient, in its channel’s form', () =>
    given(notification, ...died)
      .when(retry('bea@example.org'))
      .then(retried({ address: 'bea@example.org' })));
  it('is not corrected to what is no recipient there', () => {
    given(notification, ...died)
      .when(retry('+4915112345678'))
      .refuses('invalid', '/recipient');
    const inInboxFailed = [inInbox, processing(1), failed(1, 'refused')];
    given(notification, ...inInboxFailed)
      .when(retry(BOB.id))
      .refuses('invalid', '/recipient');
  });
  it('is tried again once: the second operator is refused', () =>
    given(notification, ...died, retried())
      .when(retry())
      .refuses('conflict'));
  it('whose fate is unknown is tried again when an operator says so', () =>
    given(notification, message({}), processing(1), unknown(1), held).when(retry()).then(retried()));
  it('is discarded, once', () => {
    given(notification, ...died)
      .when(discard)
      .then(discarded);
    given(notification, ...died, discarded)
      .when(discard)
      .then();
  });
  it('that was discarded is not tried again', () =>
    given(notification, ...died, discarded)
      .when(retry())
      .refuses('conflict'));
  it.each([
    ['waits', []],
    ['is at work', [processing(1)]],
    ['was sent', [processing(1), sent(1)]],
    ['was cancelled', [{ type: 'NotificationCancelled', data: {} } as NotificationEvent]],
  ])('is not what %s', (_, events) => {
    const it_ = given(notification, message({}), ...events);
    it_.when(retry()).refuses('conflict');
    it_.when(discard).refuses('conflict');
  });
  it('has all its attempts again, numbered on', () => {
    const again = [message({}), processing(1), deferred(1), processing(2), failed(2, 'refused'), retried()];
    given(notification, ...again)
      .when(tell('LeaseNotification', { worker: 'b', until: LATER, attempts: 2 }))
      .then(processing(3, 'b'));
    given(notification, ...again, processing(3))
      .when(tell('LeaseNotification', { worker: 'b', until: LATER, attempts: 2 }, AFTERWARDS))
      .then(unknown(3), processing(4, 'b'));
    given(notification, ...again, processing(3), unknown(3), processing(4))
      .when(tell('LeaseNotification', { worker: 'b', until: LATER, attempts: 2 }, AFTERWARDS))
      .then(unknown(4), failed(4, 'no attempt told how it went; it may have been sent'));
  });
});

describe('an attempt of which nobody knows how it ended', () => {
  const hold = { hold: true };
  const held: NotificationEvent = { type: 'NotificationHeld', data: { attempt: 1 } };
  const leased = given(notification, requested, processing(1));
  it('is held where that is configured: by the next lease', () =>
    leased.when(tell('LeaseNotification', { worker: 'b', until: LATER, attempts: 5, ...hold }, AFTERWARDS)).then(unknown(1), held));
  it('is held where that is configured: by its own worker, with the reason', () => {
    leased.when(tell('DeferNotification', about(1, { nextAttemptAt: LATER, unknown: true, ...hold }))).then(unknown(1, { error: 'refused' }), held);
    leased.when(tell('FailNotification', about(1, { unknown: true, ...hold }))).then(unknown(1, { error: 'refused' }), held);
  });
  it('whose error is known is not held', () => leased.when(tell('DeferNotification', about(1, { nextAttemptAt: LATER, ...hold }))).then(deferred(1)));
  it('is not sent again by any worker once it is held', () =>
    given(notification, requested, processing(1), unknown(1), held).when(lease('b', AFTERWARDS)).refuses('conflict'));
});

describe('the provider’s word', () => {
  const report = (delivered: boolean) => tell('ReportNotification', { status: delivered ? 'delivered' : 'undelivered', delivered });
  const reported = (delivered: boolean): NotificationEvent => ({
    type: 'NotificationReported',
    data: { status: delivered ? 'delivered' : 'undelivered', delivered },
  });
  it('counts for what was sent', () => given(notification, requested, processing(1), sent(1)).when(report(false)).then(reported(false)));
  it('counts once: what it said first', () => given(notification, requested, processing(1), sent(1), reported(false)).when(report(true)).then());
  it('ends what waits for another attempt and had arrived: it is not sent again', () => {
    const between = [requested, processing(1), unknown(1), deferred(1)];
    given(notification, ...between)
      .when(report(true))
      .then(reported(true));
    given(notification, ...between, reported(true))
      .when(lease('b', LATER))
      .refuses('conflict');
    given(notification, ...between)
      .when(report(false))
      .then();
  });
  it('that it did not arrive changes nothing of what an operator gave up', () => {
    const gone = given(notification, requested, processing(1), unknown(1), { type: 'NotificationHeld', data: { attempt: 1 } }, discarded);
    gone.when(report(false)).then();
    gone.when(report(true)).then(reported(true));
  });
  it('of an attempt before an operator had it tried again changes nothing', () =>
    given(notification, requested, processing(1), sent(1), reported(false), retried()).when(report(true)).then());
  it('changes nothing of what was not sent', () => given(notification, requested).when(report(true)).then());
});

/** Any worker at any time wants anything. */
const anyCommand: fc.Arbitrary<NotificationCommand> = fc
  .record({
    type: fc.constantFrom('LeaseNotification', 'LeaseNotification', 'SucceedNotification', 'DeferNotification', 'FailNotification'),
    attempt: fc.integer({ min: 1, max: 5 }),
    worker: fc.constantFrom('a', 'b'),
    unknown: fc.boolean(),
    minute: fc.integer({ min: 0, max: 59 }),
  })
  .map(({ type, attempt, worker, unknown: maybe, minute }) => {
    const at = (m: number) => new Date(Date.parse(NOW) + m * 60_000).toISOString();
    const until = at(minute + 2);
    return tell(type, { attempt, worker, unknown: maybe, until, nextAttemptAt: at(minute + 1), error: 'refused', attempts: 5 }, at(minute));
  });

interface Step {
  before: NotificationState;
  decided: NotificationEvent[];
  now: string;
}

/** What happens when these are told one after the other, each at its own time or the latest before it. */
function run(commands: NotificationCommand[]): Step[] {
  let state = notification.evolve(initial, requested);
  return commands
    .toSorted((a, b) => (a.now < b.now ? -1 : 1))
    .map((one) => {
      const before = state;
      const result = notification.decide(one, before, {});
      const decided = 'refused' in result ? [] : result;
      state = decided.reduce(notification.evolve, state);
      return { before, decided, now: one.now };
    });
}

describe('whatever is told', () => {
  const holds = (check: (step: Step) => void) => fc.assert(fc.property(fc.array(anyCommand, { maxLength: 40 }), (all) => run(all).forEach(check)));

  test('invariant 11: what is sent or failed accepts nothing more', () =>
    holds(({ before, decided }) => {
      if (before.status === 'sent' || before.status === 'failed') expect(decided).toEqual([]);
    }));
  test('invariant 11: attempts count up by one', () =>
    holds(({ before, decided }) => {
      for (const { type, data } of decided) if (type === 'NotificationProcessing') expect(data.attempt).toBe(before.attempts + 1);
    }));
  test('invariant 11: there are never two leases at once', () =>
    holds(({ before, decided, now }) => {
      if (decided.some(({ type }) => type === 'NotificationProcessing') && before.lease) expect(before.lease.until <= now).toBe(true);
    }));
  test('invariant 11: an attempt without an outcome is shown as unknown before the next', () =>
    holds(({ before, decided }) => {
      if (before.lease && decided.some(({ type }) => type === 'NotificationProcessing')) expect(decided[0]?.type).toBe('NotificationAttemptUnknown');
    }));
});

/** Any worker, asking backend, operator, reader or provider at any time wants anything. */
const anything: fc.Arbitrary<NotificationCommand> = fc.oneof(
  { weight: 2, arbitrary: anyCommand },
  fc
    .record({
      one: fc.constantFrom<[NotificationCommand['type'], object]>(
        ['CancelNotification', {}],
        ['RetryNotification', {}],
        ['RetryNotification', { recipient: 'bea@example.org' }],
        ['DiscardNotification', {}],
        ['ReadNotification', { read: true }],
        ['ReportNotification', { status: 'undelivered', delivered: false }],
        ['SendNotification', { type: 'email', recipient: 'ann@example.org', content: 'Again.' }],
      ),
      minute: fc.integer({ min: 0, max: 59 }),
    })
    .map(({ one: [type, data], minute }) => tell(type, data, new Date(Date.parse(NOW) + minute * 60_000).toISOString())),
);

describe('whoever tells whatever', () => {
  const FINAL = ['sent', 'failed', 'cancelled', 'unknown'];
  const holds = (check: (step: Step) => void) =>
    fc.assert(fc.property(fc.array(anything, { minLength: 30, maxLength: 80 }), (all) => run(all).forEach(check)));

  test('invariant 11: what has ended begins again by an operator’s retry alone', () =>
    holds(({ before, decided }) => {
      if (!FINAL.includes(before.status)) return;
      const after = decided.reduce(notification.evolve, before);
      expect(FINAL.includes(after.status)).toBe(!decided.some(({ type }) => type === 'NotificationRetried'));
    }));
  test('what was sent or cancelled is never tried again, but where the provider said that it did not arrive', () =>
    holds(({ before, decided }) => {
      if (before.status === 'sent' || before.status === 'cancelled' || before.discarded)
        expect(decided.map(({ type }) => type)).not.toContain('NotificationRetried');
    }));
  test('a retry forgives the attempts before it, and only those', () =>
    holds(({ before, decided }) => {
      const after = decided.reduce(notification.evolve, before);
      const isRetried = decided.some(({ type }) => type === 'NotificationRetried');
      expect(after.forgiven).toBe(isRetried ? before.attempts : before.forgiven);
      expect(after.attempts).toBeGreaterThanOrEqual(before.attempts);
      if (decided.some(({ type }) => type === 'NotificationFailed') && before.lease) expect(after.attempts).toBeGreaterThan(after.forgiven);
    }));
  test('there is one request, and it is the first event', () =>
    holds(({ decided }) => expect(decided.map(({ type }) => type)).not.toContain('NotificationRequested')));
});

const anyText = fc.string({ unit: fc.constantFrom('{{a}}', '{{ größe }}', '{', '}', ' ', '\n', 'x', 'ä', '\0') });
const anyBody = fc.record({
  type: fc.constantFrom('email', 'sms'),
  recipient: fc.constantFrom('ann@example.org', '+4915112345678'),
  subject: fc.option(anyText, { nil: undefined }),
  content: anyText,
  variables: fc.record({ a: fc.oneof(fc.string({ maxLength: 3_000 }), fc.integer()), größe: fc.constantFrom('', ' ', 'XL') }),
  sendAt: fc.option(fc.constantFrom('2020-11-21T12:00:00Z', '2099-11-21T12:00:00+05:00', '9999-12-31T23:59:59-01:00'), { nil: undefined }),
});

it('whatever may be sent is recorded within the limits of what is kept', () => {
  let taken = 0;
  fc.assert(
    fc.property(anyBody, (body) => {
      const { data } = notificationContract.commands.SendNotification.body.safeParse(body);
      if (!data) return;
      taken++;
      const decided = notification.decide(command('SendNotification', data, { actor: BACKEND }), initial, {});
      for (const { data: recorded } of decided as NotificationEvent[]) expect(NotificationRequested.schema.parse(recorded)).toEqual(recorded);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(50);
});
