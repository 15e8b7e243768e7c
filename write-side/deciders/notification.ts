/** Notification: the rules of leases and outcomes. Its commands come from workers, never over HTTP. */
import type { Command } from '../../contracts/catalog.ts';
import { type Channel, type Kind, type NotificationEvent, type NotificationStatus, notificationTopics } from '../../contracts/notification.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { decider } from '../decider.ts';

export interface NotificationState {
  exists: boolean;
  status: NotificationStatus;
  channel: Channel;
  kind: Kind;
  recipientId: string;
  about: { stream: string; revision: number };
  /** Attempts begun. */
  attempts: number;
  /** Who leased it, and until when; null where nobody has. */
  lease: { worker: string; until: string } | null;
  /** Not before this; null: at once. */
  nextAttemptAt: string | null;
}

export const initial: NotificationState = {
  exists: false,
  status: 'pending',
  channel: 'email',
  kind: 'task_created',
  recipientId: '',
  about: { stream: '', revision: 0 },
  attempts: 0,
  lease: null,
  nextAttemptAt: null,
};

/** What a worker wants: the next attempt, or to say how its attempt went. */
export type NotificationCommand =
  | Command<'LeaseNotification', { worker: string; until: string }>
  | Command<'SucceedNotification', { attempt: number }>
  | Command<'DeferNotification', { attempt: number; error: string; nextAttemptAt: string; worker: string; unknown: boolean }>
  | Command<'FailNotification', { attempt: number; error: string }>;

type Decision = NotificationEvent[] | Refusal;

function decide(command: NotificationCommand, state: NotificationState): Decision {
  if (!state.exists) return { refused: 'not_found', detail: 'There is no such notification.' };
  if (state.status === 'sent' || state.status === 'failed') return { refused: 'conflict', detail: `It is ${state.status} already.` };
  if (command.type === 'LeaseNotification') return lease(command, state);
  if (state.status !== 'processing' || command.data.attempt !== state.attempts) {
    return { refused: 'conflict', detail: `Attempt ${command.data.attempt} is not the one at work.` };
  }
  return outcome(command);
}

function lease({ data, now }: Extract<NotificationCommand, { type: 'LeaseNotification' }>, state: NotificationState): Decision {
  if (state.lease && state.lease.until > now) return { refused: 'conflict', detail: 'Another worker has leased it.' };
  if (state.nextAttemptAt && state.nextAttemptAt > now) return { refused: 'conflict', detail: 'Its next attempt is not due.' };
  const processing: NotificationEvent = {
    type: 'NotificationProcessing',
    data: { attempt: state.attempts + 1, worker: data.worker, until: data.until },
  };
  // A lease that ran out without an outcome: that attempt may have sent it. It is shown, and sent again.
  if (state.lease) return [{ type: 'NotificationAttemptUnknown', data: { attempt: state.attempts, worker: state.lease.worker } }, processing];
  return [processing];
}

function outcome(command: Exclude<NotificationCommand, { type: 'LeaseNotification' }>): NotificationEvent[] {
  switch (command.type) {
    case 'SucceedNotification':
      return [{ type: 'NotificationSent', data: command.data }];
    case 'DeferNotification':
      return defer(command.data);
    case 'FailNotification':
      return [{ type: 'NotificationFailed', data: command.data }];
    default:
      return command satisfies never;
  }
}

/** `unknown`: the connection went before the answer, so that the message may have been taken. */
function defer({
  attempt,
  error,
  nextAttemptAt,
  worker,
  unknown,
}: Extract<NotificationCommand, { type: 'DeferNotification' }>['data']): NotificationEvent[] {
  const deferred: NotificationEvent = { type: 'NotificationDeferred', data: { attempt, error, nextAttemptAt } };
  return unknown ? [{ type: 'NotificationAttemptUnknown', data: { attempt, worker } }, deferred] : [deferred];
}

export function evolve(state: NotificationState, event: NotificationEvent): NotificationState {
  switch (event.type) {
    case 'NotificationRequested': {
      const { channel, kind, recipient, about } = event.data;
      return { ...initial, exists: true, channel, kind, recipientId: recipient.userId, about };
    }
    case 'NotificationProcessing': {
      const { attempt, worker, until } = event.data;
      return { ...state, status: 'processing', attempts: attempt, lease: { worker, until }, nextAttemptAt: null };
    }
    case 'NotificationAttemptUnknown':
      return { ...state, status: 'pending', lease: null };
    case 'NotificationDeferred':
      return { ...state, status: 'pending', lease: null, nextAttemptAt: event.data.nextAttemptAt };
    case 'NotificationSent':
      return { ...state, status: 'sent', lease: null };
    case 'NotificationFailed':
      return { ...state, status: 'failed', lease: null };
    default:
      return event satisfies never;
  }
}

export const notification = decider<NotificationState, NotificationCommand, NotificationEvent>({
  category: 'notification',
  initial,
  stateVersion: 1,
  decide,
  evolve,
  topics: (_stream, _before, _event, after) => notificationTopics(after.recipientId),
});
