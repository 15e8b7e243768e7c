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

/**
 * What a worker wants: the next attempt, or to say how its attempt went. `attempts`: how many there may be in all.
 * `unknown`: the connection went before the answer, so that the message may have been taken.
 */
export type NotificationCommand =
  | Command<'LeaseNotification', { worker: string; until: string; attempts: number }>
  | Command<'SucceedNotification', { attempt: number }>
  | Command<'DeferNotification', { attempt: number; error: string; nextAttemptAt: string; worker: string; unknown: boolean }>
  | Command<'FailNotification', { attempt: number; error: string; worker: string; unknown: boolean }>;

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
  const { worker, until, attempts } = data;
  const processing: NotificationEvent = { type: 'NotificationProcessing', data: { attempt: state.attempts + 1, worker, until } };
  if (!state.lease) return [processing];
  // A lease that ran out without an outcome: that attempt may have sent it. It is shown, and sent again; not without end, as what ends
  // every worker that takes it would go on for ever.
  return [unknownAttempt(state.attempts, state.lease.worker), state.attempts < attempts ? processing : failedAttempt(state.attempts, NO_OUTCOME)];
}

const NO_OUTCOME = 'no attempt told how it went; it may have been sent';

function outcome(command: Exclude<NotificationCommand, { type: 'LeaseNotification' }>): NotificationEvent[] {
  switch (command.type) {
    case 'SucceedNotification':
      return [{ type: 'NotificationSent', data: command.data }];
    case 'DeferNotification': {
      const { attempt, error, nextAttemptAt } = command.data;
      return [...unknownIf(command), { type: 'NotificationDeferred', data: { attempt, error, nextAttemptAt } }];
    }
    case 'FailNotification':
      return [...unknownIf(command), failedAttempt(command.data.attempt, command.data.error)];
    default:
      return command satisfies never;
  }
}

function unknownIf({ data }: Extract<NotificationCommand, { type: 'DeferNotification' | 'FailNotification' }>): NotificationEvent[] {
  return data.unknown ? [unknownAttempt(data.attempt, data.worker)] : [];
}

function unknownAttempt(attempt: number, worker: string): NotificationEvent {
  return { type: 'NotificationAttemptUnknown', data: { attempt, worker } };
}

function failedAttempt(attempt: number, error: string): NotificationEvent {
  return { type: 'NotificationFailed', data: { attempt, error } };
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
