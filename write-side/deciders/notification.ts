/** Notification: the rules of requests, leases and outcomes. */
import type { Actor, Command } from '../../contracts/aggregate.ts';
import { utc } from '../../contracts/fields.ts';
import {
  type Content,
  filled,
  type NotificationEvent,
  type NotificationRequest,
  type NotificationStatus,
  notificationTopics,
  type Recipient,
  recipientOf,
} from '../../contracts/notification.ts';
import type { Channel } from '../../contracts/notifications/kind.ts';
import { type Kind, kinds } from '../../contracts/notifications/kinds.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { withoutUnseen } from '../../contracts/typed-text.ts';
import { countedAttempts } from '../../platform/work/backoff.ts';
import { decider, type Facts } from '../decider.ts';
import { isDue, isOver } from './due.ts';
import type { UserState } from './user.ts';

export interface NotificationState {
  exists: boolean;
  status: NotificationStatus;
  channel: Channel;
  kind: Kind;
  recipient: Recipient;
  /** The id of the user who is told, also where an operator corrected the address since; null where the recipient never was a user. */
  reader: string | null;
  about: { stream: string; revision: number };
  content: Content | null;
  /** Number of attempts begun. */
  attempts: number;
  /** Number of attempts begun before an operator's last retry: the limit does not count them. */
  forgiven: number;
  /** Number of attempts since then that the limit does not count: nothing was tried, as where the process had to end. */
  uncounted: number;
  /** The time since which it has waited for a provider (ISO 8601); null where none was away or unusable at its last attempt. */
  waitsSince: string | null;
  /** The worker that leased the notification, and the lease's end (ISO 8601); null without a lease. */
  lease: { worker: string; until: string } | null;
  /** The time before which no attempt may begin (ISO 8601); null: at once. */
  nextAttemptAt: string | null;
  /** The provider's name for the last message handed over; null where none is known. */
  providerId: string | null;
  /** True where nobody knows how the last attempt ended. */
  unsure: boolean;
  discarded: boolean;
  read: boolean;
  /** The user or API key that asked for the notification; null where a policy did. */
  askedBy: string | null;
  /** The actor of the event for which a policy asked for the notification; null where none did, or an older release. */
  causedBy: string | null;
  /** The time since which the notification is held back (ISO 8601); null where it was not at its last attempt. */
  heldSince: string | null;
  /** True where an operator named another recipient. */
  corrected: boolean;
}

export const initial: NotificationState = {
  exists: false,
  status: 'pending',
  channel: 'email',
  kind: 'task_created',
  recipient: {},
  reader: null,
  about: { stream: '', revision: 0 },
  content: null,
  attempts: 0,
  forgiven: 0,
  uncounted: 0,
  waitsSince: null,
  lease: null,
  nextAttemptAt: null,
  providerId: null,
  unsure: false,
  discarded: false,
  read: false,
  askedBy: null,
  causedBy: null,
  heldSince: null,
  corrected: false,
};

/**
 * The commands of a worker: it wants the next attempt, or tells how its attempt goes or went. `lease`, `wait`: milliseconds until `until` and
 * `nextAttemptAt`; `waited`: the time for which the offer has waited; `attempts`: the most attempts in all; `hold`: after an unknown attempt the
 * message is not sent again by itself; `unknown`: the connection broke before the answer, so the message may have been taken; `uncounted`: nothing was
 * tried, so that the limit of attempts does not count this one.
 */
export type DeliveryCommand =
  | Command<'LeaseNotification', { worker: string; until: string; lease?: number; waited?: string; attempts: number; hold?: boolean }>
  /** Renews the lease of an attempt that is alive. */
  | Command<'RenewNotification', { attempt: number; worker: string; until: string; lease: number }>
  | Command<'SucceedNotification', { attempt: number; providerId?: string; provider?: string }>
  | Command<'DeferNotification', DeferredAttempt & { wait?: number; hold?: boolean; uncounted?: true; waitsSince?: string; heldSince?: string }>
  | Command<'FailNotification', { attempt: number; error: string; worker: string; unknown: boolean; hold?: boolean }>
  /** Cancels the notification: there is nobody to be told any more. */
  | Command<'WithdrawNotification', { attempt: number; reason: string }>
  /** What held the notification back is over. */
  | Command<'ReleaseNotification', null>
  | Command<'ReportNotification', { status: string; delivered: boolean; error?: string }>;

interface DeferredAttempt {
  attempt: number;
  error: string;
  nextAttemptAt: string;
  worker: string;
  unknown: boolean;
}

export type NotificationCommand = DeliveryCommand | NotificationRequest;

type Decision = NotificationEvent[] | Refusal;

/** Statuses in which the notification stays until somebody outside acts. */
const ENDED: ReadonlySet<NotificationStatus> = new Set(['sent', 'failed', 'cancelled', 'unknown']);
const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });

function decide(command: NotificationCommand, state: NotificationState, facts: Facts): Decision {
  if (command.type === 'SendNotification') return send(command, state, facts.recipient as UserState | undefined);
  if (!state.exists) return { refused: 'not_found', detail: 'There is no such notification.' };
  switch (command.type) {
    case 'CancelNotification':
      return cancel(state, command.actor);
    case 'ReadNotification':
      return read(command.data.read, state, command.actor);
    case 'RetryNotification':
      return retry(command.data.recipient, state, facts.recipient as UserState | undefined);
    case 'DiscardNotification':
      return discard(state);
    case 'ReportNotification':
      return report(command.data, state);
    case 'ReleaseNotification':
      return release(state);
    default:
      return work(command, state);
  }
}

function send(
  { data, stream, actor }: Extract<NotificationRequest, { type: 'SendNotification' }>,
  state: NotificationState,
  user: UserState | undefined,
): Decision {
  if (state.exists) return conflict('There is a notification with this id already.');
  if (data.type === 'in-app' && !isActive(user)) return nobody();
  const { type, sendAt, variables } = data;
  const text = filled(data.content, variables);
  const subject = data.subject === undefined ? {} : { subject: withoutUnseen(filled(data.subject, variables)).trim() };
  const requested: NotificationEvent = {
    type: 'NotificationRequested',
    data: {
      channel: type,
      kind: 'message',
      recipient: recipientOf(type, data.recipient),
      about: { stream, revision: 0 },
      content: { ...subject, text },
      ...(sendAt ? { sendAt: utc(sendAt) } : {}),
      askedBy: actor.id,
    },
  };
  return type === 'in-app' && !sendAt ? [requested, { type: 'NotificationSent', data: { attempt: 1 } }] : [requested];
}

function isActive(user: UserState | undefined): boolean {
  return user?.exists === true && !user.deleted;
}

function nobody(): Refusal {
  return { refused: 'invalid', detail: 'There is no such user.', errors: [{ pointer: '/recipient', detail: 'is no active user' }] };
}

function cancel({ status, kind, askedBy }: NotificationState, { id, role }: Actor): Decision {
  if (role === 'service' && !(askedBy === id || (askedBy === null && kind === 'message')))
    return { refused: 'forbidden', detail: 'An API key cancels what it asked for itself.' };
  if (status === 'cancelled') return [];
  if (status === 'pending' || status === 'scheduled') return [{ type: 'NotificationCancelled', data: {} }];
  return conflict(status === 'processing' ? 'A worker is sending it right now.' : `It is ${status} already.`);
}

function read(wanted: boolean, { channel, status, recipient, read: before }: NotificationState, { id }: Actor): Decision {
  if (recipient.userId !== id) return { refused: 'not_found', detail: 'There is no such notification.' };
  if (channel !== 'in-app' || status !== 'sent') return conflict('Only what is in the inbox can be read there.');
  return wanted === before ? [] : [{ type: 'NotificationRead', data: { read: wanted } }];
}

const isDead = ({ status, discarded }: NotificationState) => !discarded && (status === 'failed' || status === 'unknown');

function retry(corrected: string | undefined, state: NotificationState, user: UserState | undefined): Decision {
  if (!isDead(state)) return conflict(state.discarded ? 'It was discarded.' : `It is ${state.status}: there is nothing to try again.`);
  if (corrected === undefined) return [{ type: 'NotificationRetried', data: { channel: state.channel, recipient: state.recipient } }];
  if ('holdsCode' in kinds[state.kind]) return notTheirs();
  if (state.channel === 'in-app' && !isActive(user)) return nobody();
  try {
    return [{ type: 'NotificationRetried', data: { channel: state.channel, recipient: recipientOf(state.channel, corrected) } }];
  } catch {
    return {
      refused: 'invalid',
      detail: 'This is no recipient for its channel.',
      errors: [{ pointer: '/recipient', detail: `is not valid for ${state.channel}` }],
    };
  }
}

/** The refusal of another recipient for a message with a one-time code: whoever opens its link is taken for the user. */
function notTheirs(): Refusal {
  const detail =
    'Its link goes to the address that the user has. Correct that (PATCH /api/users/:id, as an admin), and have it tried again without a recipient.';
  return { refused: 'invalid', detail, errors: [{ pointer: '/recipient', detail: 'cannot be another one here' }] };
}

function discard(state: NotificationState): Decision {
  if (state.discarded) return [];
  return isDead(state) ? [{ type: 'NotificationDiscarded', data: {} }] : conflict(`It is ${state.status}: there is nothing to discard.`);
}

/** Records a provider's report. Reports repeat and come in any order: the first report of a failed delivery counts. */
function report(data: Extract<DeliveryCommand, { type: 'ReportNotification' }>['data'], state: NotificationState): Decision {
  const isTold = data.delivered ? isHandedOver(state) || mayHaveArrived(state) : isHandedOver(state) && !state.discarded;
  return isTold ? [{ type: 'NotificationReported', data }] : [];
}

/** Releases a notification that is held back. One that a worker has in hand is looked at again by that worker. */
function release({ status, heldSince, channel }: NotificationState): Decision {
  return status === 'pending' && heldSince !== null ? [{ type: 'NotificationReleased', data: { channel } }] : [];
}

const isHandedOver = ({ status }: NotificationState) => status === 'sent' || status === 'unknown';

/** True where a message that counts as not sent may have been sent after all: a report of its delivery then ends the attempts. */
function mayHaveArrived({ status, attempts, forgiven, unsure }: NotificationState): boolean {
  return (status === 'pending' && attempts > forgiven) || (status === 'failed' && unsure);
}

type Attempted = Exclude<DeliveryCommand, { type: 'ReportNotification' | 'ReleaseNotification' }>;

function work(command: Attempted, state: NotificationState): Decision {
  if (ENDED.has(state.status)) return conflict(`It is ${state.status} already.`);
  if (command.type === 'LeaseNotification') return lease(command, state);
  if (state.status !== 'processing' || command.data.attempt !== state.attempts)
    return conflict(`Attempt ${command.data.attempt} is not the one at work.`);
  if (command.type === 'RenewNotification') return renew(command, state);
  return outcome(command);
}

/**
 * The reason why nobody can lease a notification now (ISO 8601), for an offer that has waited for the time `waited`; undefined where a worker can.
 */
export function whyNotLeased(state: NotificationState, now: string, waited?: string): string | undefined {
  if (ENDED.has(state.status)) return `It is ${state.status} already.`;
  if (state.lease && !isOver(state.lease, now, waited)) return 'Another worker has leased it.';
  return isDue(state.nextAttemptAt, now, waited) ? undefined : 'Its next attempt is not due.';
}

/** The same event as at the lease, with the same attempt and a later end: so every release reads it. */
function renew({ data }: Extract<DeliveryCommand, { type: 'RenewNotification' }>, { lease }: NotificationState): Decision {
  if (lease?.worker !== data.worker) return conflict('Another worker has leased it.');
  return [{ type: 'NotificationProcessing', data }];
}

function lease({ data, now }: Extract<DeliveryCommand, { type: 'LeaseNotification' }>, state: NotificationState): Decision {
  const refusal = whyNotLeased(state, now, data.waited);
  if (refusal) return conflict(refusal);
  const { worker, until, lease: length } = data;
  const leased = { attempt: state.attempts + 1, worker, until, ...(length === undefined ? {} : { lease: length }) };
  const processing: NotificationEvent = { type: 'NotificationProcessing', data: leased };
  if (!state.lease) return [processing];
  // The last lease ran out without an outcome: that attempt may have sent the message. Its fate is recorded as unknown, and the message is held or
  // sent again, as configured. The limit of attempts holds here, too: a message that kills every worker would otherwise go on for ever.
  const unknown = unknownAttempt(state.attempts, state.lease.worker);
  if (data.hold) return [unknown, { type: 'NotificationHeld', data: { attempt: state.attempts } }];
  return [unknown, countedAttempts(state) < data.attempts ? processing : failedAttempt(state.attempts, NO_OUTCOME)];
}

const NO_OUTCOME = 'no attempt told how it went; it may have been sent';

type Outcome = Exclude<Attempted, { type: 'LeaseNotification' | 'RenewNotification' }>;

function outcome(command: Outcome): NotificationEvent[] {
  switch (command.type) {
    case 'SucceedNotification':
      return [{ type: 'NotificationSent', data: command.data }];
    case 'DeferNotification': {
      const { worker: _, unknown: __, hold: ___, ...deferred } = command.data;
      return heldIf(command) ?? [...unknownIf(command), { type: 'NotificationDeferred', data: deferred }];
    }
    case 'FailNotification':
      return heldIf(command) ?? [...unknownIf(command), failedAttempt(command.data.attempt, command.data.error)];
    case 'WithdrawNotification':
      return [{ type: 'NotificationCancelled', data: { reason: command.data.reason } }];
    default:
      return command satisfies never;
  }
}

type WentWrong = Pick<Extract<DeliveryCommand, { type: 'DeferNotification' | 'FailNotification' }>, 'data'>;

function heldIf({ data }: WentWrong): NotificationEvent[] | undefined {
  if (!data.unknown || !data.hold) return undefined;
  return [...unknownIf({ data }), { type: 'NotificationHeld', data: { attempt: data.attempt } }];
}

function unknownIf({ data }: WentWrong): NotificationEvent[] {
  return data.unknown ? [unknownAttempt(data.attempt, data.worker, data.error)] : [];
}

function unknownAttempt(attempt: number, worker: string, error?: string): NotificationEvent {
  return { type: 'NotificationAttemptUnknown', data: { attempt, worker, ...(error === undefined ? {} : { error }) } };
}

function failedAttempt(attempt: number, error: string): NotificationEvent {
  return { type: 'NotificationFailed', data: { attempt, error } };
}

export function evolve(state: NotificationState, event: NotificationEvent): NotificationState {
  switch (event.type) {
    case 'NotificationRequested': {
      const { sendAt = null, content = null, askedBy = null, causedBy = null, ...data } = event.data;
      const status = sendAt ? 'scheduled' : 'pending';
      const reader = data.recipient.userId ?? null;
      return { ...initial, ...data, exists: true, status, reader, content, askedBy, causedBy, nextAttemptAt: sendAt };
    }
    case 'NotificationProcessing': {
      const { attempt, worker, until } = event.data;
      return { ...state, status: 'processing', attempts: attempt, lease: { worker, until }, nextAttemptAt: null, providerId: null, unsure: false };
    }
    case 'NotificationAttemptUnknown':
      return { ...state, status: 'pending', lease: null, unsure: true };
    case 'NotificationDeferred':
      return {
        ...state,
        ...{ status: 'pending', lease: null, nextAttemptAt: event.data.nextAttemptAt },
        uncounted: state.uncounted + (event.data.uncounted ? 1 : 0),
        waitsSince: event.data.waitsSince ?? null,
        heldSince: event.data.heldSince ?? null,
      };
    case 'NotificationReleased':
      return { ...state, heldSince: null, nextAttemptAt: null };
    default:
      return ended(state, event);
  }
}

type Beginning = 'NotificationRequested' | 'NotificationProcessing' | 'NotificationAttemptUnknown' | 'NotificationDeferred' | 'NotificationReleased';

function ended(state: NotificationState, event: Exclude<NotificationEvent, { type: Beginning }>): NotificationState {
  switch (event.type) {
    case 'NotificationSent':
      return { ...state, ...ofSent(event.data, state), status: 'sent', lease: null, nextAttemptAt: null };
    case 'NotificationFailed':
      return { ...state, status: 'failed', lease: null };
    case 'NotificationHeld':
      return { ...state, status: 'unknown', lease: null };
    case 'NotificationReported':
      return { ...state, status: event.data.delivered ? 'sent' : 'failed', nextAttemptAt: null };
    case 'NotificationCancelled':
      return { ...state, status: 'cancelled', nextAttemptAt: null };
    case 'NotificationRetried': {
      const { recipient } = event.data;
      const reader = recipient.userId ?? state.reader;
      const corrected = state.corrected || JSON.stringify(recipient) !== JSON.stringify(state.recipient);
      return {
        ...state,
        status: 'pending',
        recipient,
        reader,
        corrected,
        forgiven: state.attempts,
        uncounted: 0,
        waitsSince: null,
        nextAttemptAt: null,
      };
    }
    case 'NotificationDiscarded':
      return { ...state, discarded: true };
    case 'NotificationRead':
      return { ...state, read: event.data.read };
    default:
      // No event comes here: an unknown one is not given to a fold (invariant 17).
      event satisfies never;
      return state;
  }
}

/** The attempts and the provider's name after a message was sent. An item of the inbox is sent with its request, which counts as its attempt. */
function ofSent({ attempt, providerId }: { attempt: number; providerId?: string | undefined }, { attempts }: NotificationState) {
  return { attempts: Math.max(attempts, attempt), providerId: providerId ?? null };
}

/** The fact `recipient`: the user whom a request for the inbox, or the corrected recipient of a retry, names. */
function needs(command: NotificationCommand): Record<string, string> {
  const inbox = command.type === 'SendNotification' && command.data.type === 'in-app' ? command.data.recipient : undefined;
  const corrected = command.type === 'RetryNotification' && UUID.test(command.data.recipient ?? '') ? command.data.recipient : undefined;
  const userId = (inbox ?? corrected)?.toLowerCase();
  return userId ? { recipient: `user-${userId}` } : {};
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const notification = decider<NotificationState, NotificationCommand, NotificationEvent>({
  initial,
  stateVersion: 7,
  decide,
  evolve,
  needs,
  topics: (_stream, { after }) => notificationTopics(after.recipient.userId),
});
