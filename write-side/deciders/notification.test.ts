import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type NotificationEvent, notificationContract } from '../../contracts/notification.ts';
import { command, given, NOW } from '../spec.ts';
import { initial, type NotificationCommand, type NotificationState, notification } from './notification.ts';

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
const unknown = (attempt: number, worker = 'a'): NotificationEvent => ({ type: 'NotificationAttemptUnknown', data: { attempt, worker } });
const sent = (attempt: number): NotificationEvent => ({ type: 'NotificationSent', data: { attempt } });
const failed = (attempt: number, error: string): NotificationEvent => ({ type: 'NotificationFailed', data: { attempt, error } });

function tell(type: NotificationCommand['type'], data: object, now = NOW) {
  return command<NotificationCommand>(type, data, { now });
}
const lease = (worker = 'b', now = NOW) => tell('LeaseNotification', { worker, until: LATER, attempts: 5 }, now);
const about = (attempt: number, more: object = {}) => ({ attempt, error: 'refused', worker: 'a', unknown: false, ...more });

describe('a lease', () => {
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

describe('an outcome', () => {
  const leased = given(notification, requested, processing(1));
  it('is sent', () => leased.when(tell('SucceedNotification', { attempt: 1 })).then(sent(1)));
  it('is deferred', () => leased.when(tell('DeferNotification', about(1, { nextAttemptAt: LATER }))).then(deferred(1)));
  it('is failed', () => leased.when(tell('FailNotification', about(1))).then(failed(1, 'refused')));
  it('invariant 11: shows a deferred attempt as unknown where the message may have been taken', () =>
    leased.when(tell('DeferNotification', about(1, { nextAttemptAt: LATER, unknown: true }))).then(unknown(1), deferred(1)));
  it('invariant 11: shows the last attempt as unknown where the message may have been taken', () =>
    leased.when(tell('FailNotification', about(1, { unknown: true }))).then(unknown(1), failed(1, 'refused')));
  it('counts when it comes late and nobody leased it meanwhile', () =>
    leased.when(tell('SucceedNotification', { attempt: 1 }, AFTERWARDS)).then(sent(1)));
  it('of an attempt that another worker has overtaken is refused', () =>
    given(notification, requested, processing(1), unknown(1), processing(2, 'b'))
      .when(tell('SucceedNotification', { attempt: 1 }))
      .refuses('conflict'));
  it('without a lease is refused', () =>
    given(notification, requested)
      .when(tell('SucceedNotification', { attempt: 1 }))
      .refuses('conflict'));
});

/** Any worker at any time wants anything. */
const anyCommand: fc.Arbitrary<NotificationCommand> = fc
  .record({
    type: fc.constantFrom('LeaseNotification', 'SucceedNotification', 'DeferNotification', 'FailNotification'),
    attempt: fc.integer({ min: 1, max: 6 }),
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
