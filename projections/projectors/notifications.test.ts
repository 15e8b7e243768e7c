import { describe, expect, it } from 'vitest';
import { notificationContract, notificationView } from '../../contracts/notification.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { notifications } from './notifications.ts';

const requested = { type: 'NotificationRequested' };
const processing = (attempt: number) => ({ type: 'NotificationProcessing', data: { attempt } });
const { nextAttemptAt, error } = notificationContract.events.NotificationDeferred.example;

describe('a notification', () => {
  it('begins pending, for its recipient', () => {
    const { userId } = notificationContract.events.NotificationRequested.example.recipient;
    given(notifications, requested).becomes({ status: 'pending', attempts: 0, recipientId: userId, createdAt: minute(0), lastError: null });
  });
  it('is being processed during an attempt, and then sent', () => {
    given(notifications, requested, processing(1)).becomes({ status: 'processing', attempts: 1 });
    given(notifications, requested, processing(1), { type: 'NotificationSent' }).becomes({ status: 'sent', attempts: 1, revision: 2 });
  });
  it('waits for the next attempt with the error of the last one', () => {
    given(notifications, requested, processing(1), { type: 'NotificationDeferred' }).becomes({ status: 'pending', nextAttemptAt, lastError: error });
  });
  it('forgets both once a later attempt went well', () => {
    const later = [processing(2), { type: 'NotificationSent', data: { attempt: 2 } }];
    given(notifications, requested, processing(1), { type: 'NotificationDeferred' }, ...later).becomes({
      status: 'sent',
      attempts: 2,
      nextAttemptAt: null,
      lastError: null,
    });
  });
  it('shows attempts nobody knows the outcome of', () => {
    given(notifications, requested, processing(1), { type: 'NotificationAttemptUnknown' }).becomes({ status: 'pending', unknownAttempts: [1] });
  });
  it('tells why such an attempt ended, where that is known', () => {
    const unknown = { type: 'NotificationAttemptUnknown', data: { error: 'socket hang up' } };
    given(notifications, requested, processing(1), unknown, { type: 'NotificationHeld' }).becomes({ status: 'unknown', lastError: 'socket hang up' });
  });
  it('is no dead letter again, once it was given up, by what the provider says later', () => {
    const gone = [requested, processing(1), { type: 'NotificationAttemptUnknown' }, { type: 'NotificationHeld' }, { type: 'NotificationDiscarded' }];
    const undelivered = { type: 'NotificationReported', data: { status: 'undelivered', delivered: false } };
    given(notifications, ...gone, undelivered).becomes({ status: 'failed', dead: false, deadAt: null });
    given(notifications, ...gone.slice(0, -1), undelivered).becomes({ status: 'failed', dead: true, deadAt: minute(4) });
  });
  it('is in the inbox when it is sent, after its one attempt', () => {
    const inbox = { ...requested, data: { channel: 'in-app' as const } };
    given(notifications, inbox).becomes({ inbox: null, arrivedAt: null });
    given(notifications, inbox, { type: 'NotificationSent' }).becomes({ attempts: 1, inbox: 'unread', createdAt: minute(0), arrivedAt: minute(1) });
  });
  it('that is read before it came, as was possible once, is not in the inbox for that, and is read when it comes', () => {
    const early = [{ ...requested, data: { channel: 'in-app' as const } }, { type: 'NotificationRead' }];
    given(notifications, ...early).becomes({ inbox: null, arrivedAt: null });
    given(notifications, ...early, { type: 'NotificationSent' }).becomes({ inbox: 'read', read: true });
  });
  it('is a dead letter of unknown fate where its last attempt was', () => {
    const unsure = [requested, processing(1), { type: 'NotificationAttemptUnknown' }, { type: 'NotificationFailed', data: { attempt: 1 } }];
    given(notifications, ...unsure).becomes({ status: 'failed', fate: 'unknown' });
    given(notifications, requested, processing(1), { type: 'NotificationFailed' }).becomes({ status: 'failed', fate: 'failed' });
  });
  it('says why it was taken back', () => {
    given(notifications, requested, processing(1), { type: 'NotificationCancelled', data: { reason: 'gone' } }).becomes({
      status: 'cancelled',
      lastError: 'gone',
      due: null,
    });
  });
  it('has failed for good with an error', () => {
    given(notifications, requested, processing(5), { type: 'NotificationFailed' }).becomes({
      status: 'failed',
      attempts: 5,
      lastError: '550 no such mailbox',
    });
  });
  it('is due at once, when its lease ends, at its next attempt, and then never', () => {
    const { until } = notificationContract.events.NotificationProcessing.example;
    given(notifications, requested).becomes({ due: minute(0) });
    given(notifications, requested, processing(1)).becomes({ due: until });
    given(notifications, requested, processing(1), { type: 'NotificationDeferred' }).becomes({ due: nextAttemptAt });
    given(notifications, requested, processing(1), { type: 'NotificationAttemptUnknown' }).becomes({ due: until });
    given(notifications, requested, processing(1), { type: 'NotificationSent' }).becomes({ due: null });
    given(notifications, requested, processing(1), { type: 'NotificationFailed' }).becomes({ due: null });
  });
  it('is what the contract shows, but for the id and the keys to query by', () => {
    const {
      recipientId: _,
      due: __,
      inbox: ___,
      deadAt: ____,
      arrivedAt: _____,
      fate: ______,
      within: _within,
      waits: _waits,
      held: _held,
      ...document
    } = folded(notifications, stream(requested, processing(1))) ?? {};
    const view = { id: '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a02', ...document };
    expect(notificationView.safeParse(view).error).toBeUndefined();
  });
});

describe('invariant 8: an event that cannot follow is an error, never half a document', () => {
  it.each(notifications.events.filter((type) => type !== 'NotificationRequested'))('%s on a notification nobody requested', (type) => {
    given(notifications, { type }).outOfPlace();
  });
});
