/** Notifications under load: those that are sent, the answers of the receiving sides, and the checks in the end. */
import { expect } from 'vitest';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { NotificationEvent } from '../../contracts/notification.ts';
import { type Provider, startProvider } from '../../notifier/texter/http/provider.fixture.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import type { Chance } from '../../platform/event-bus/unreliable.fixture.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { stableId } from '../../platform/stable-id.ts';
import { type MailServer, startMailServer } from './whole-path.fixture.ts';

/** True where the n-th notification is an SMS: every third is. */
export const isSms = (n: number) => n % 3 === 0;
export const streamOf = (n: number) => `notification-${stableId('load', String(n))}`;
/** 1 % is refused for good, 5 % when it first comes; and some of the first whenever they come, so that the others are sent while these wait. */
const isRefused = (n: number) => n % 100 === 7;
const isBusyFirst = (n: number) => n % 20 === 4;
const isBusyAlways = (n: number) => n % 100 === 11 && n < 500;

/** The most attempts in all: a recipient that is always busy has failed after eleven seconds. */
export const ATTEMPTS = 3;

const SENDING_AT_ONCE = 32;

/** Asks for the notifications from one number to another, each once, however often it is called. */
export async function sendAll(commands: CommandHandler, { from, to, now }: { from: number; to: number; now(): Date }): Promise<void> {
  let next = from;
  const one = async () => {
    for (let n = next++; n < to; n = next++) await send(n);
  };
  const send = async (n: number) => {
    const stream = streamOf(n);
    const commandId = stableId('load', stream);
    const recipient = isSms(n) ? `+4915${String(n).padStart(9, '0')}` : `person-${n}@example.org`;
    const data = { type: isSms(n) ? 'sms' : 'email', recipient, content: `Message ${n}.` };
    const actor = { id: 'service', role: 'service', seesAll: true } as const;
    await commands.handle(
      { type: 'SendNotification', stream, id: stream.slice('notification-'.length), data, commandId, actor, now: now().toISOString() },
      { correlationId: commandId },
    );
  };
  await Promise.all(Array.from({ length: SENDING_AT_ONCE }, one));
}

/** The bus, but each fifth offer comes twice. */
export function twice(bus: EventBus, chance: Chance): EventBus {
  return {
    ...bus,
    offer: async (queue, offer) => {
      await bus.offer(queue, offer);
      if (chance() < 0.2) await bus.offer(queue, offer);
    },
  };
}

const FINAL = ['NotificationSent', 'NotificationFailed', 'NotificationHeld'];

/** Makes the function that counts the decided notifications. It reads only events since the last call. */
export function countingFinal(store: Pick<EventStore, 'readAll'>): () => Promise<number> {
  const final = new Set<string>();
  let from = '';
  return async () => {
    for await (const page of store.readAll(from ? { from } : {})) {
      page.filter(({ type }) => FINAL.includes(type)).forEach(({ stream }) => void final.add(stream));
      from = page.at(-1)?.position ?? from;
    }
    return final.size;
  };
}

export interface Receivers {
  mail: MailServer;
  provider: Provider;
  stop(): Promise<void>;
}

/** Starts a mail server and an SMS provider that refuse some messages for good, some the first time and some every time. `got`: called for each. */
export async function startReceivers(got: () => void): Promise<Receivers> {
  const seen = new Set<number>();
  const verdict = (text: string): 'take' | 'refuse' | 'busy' => {
    got();
    const n = numberIn(text);
    const first = !seen.has(n);
    seen.add(n);
    if (isRefused(n)) return 'refuse';
    if (isBusyAlways(n)) return 'busy';
    return first && isBusyFirst(n) ? 'busy' : 'take';
  };
  const busy = [500, { status: 429, retryAfter: '1' }];
  const mail = await startMailServer(({ raw }) => ({ take: 'take', refuse: 550, busy: 451 })[verdict(raw)] as 'take' | number);
  const provider = await startProvider(({ body }, before) => {
    const what = verdict(body);
    return { take: 'take' as const, refuse: 400, busy: busy[before % 2] ?? 500 }[what];
  });
  return { mail, provider, stop: async () => void (await Promise.all([mail.stop(), provider.stop()])) };
}

function numberIn(text: string): number {
  return Number(/Message (\d+)\./.exec(text)?.[1] ?? Number.NaN);
}

/** The number of times that each message was taken. */
function timesTaken({ mail, provider }: Receivers): Map<number, number> {
  const times = new Map<number, number>();
  for (const text of [...mail.taken.map(({ raw }) => raw), ...provider.taken.map(({ body }) => body)])
    times.set(numberIn(text), (times.get(numberIn(text)) ?? 0) + 1);
  return times;
}

type Told = RecordedEvent & NotificationEvent;

export interface Checked {
  /** The number of attempts of unknown fate. */
  unknown: number;
  /** The number of messages that were sent once more. */
  again: number;
  /** The number of failed notifications, by the queue of their notes. */
  failed: Record<string, number>;
}

/** Checks all notifications in the log against the messages that were taken. */
export async function checkAll(store: Pick<EventStore, 'readAll'>, count: number, receivers: Receivers): Promise<Checked> {
  const all: Told[] = [];
  for await (const page of store.readAll())
    all.push(...page.filter(({ stream }) => stream.startsWith('notification-')).map((event) => event as Told));
  const histories = Map.groupBy(all, ({ stream }) => stream);
  const times = timesTaken(receivers);
  const ends = Array.from({ length: count }, (_, n): End => {
    const events = histories.get(streamOf(n)) ?? [];
    const types = events.map(({ type }) => type);
    const unknown = types.filter((type) => type === 'NotificationAttemptUnknown').length;
    // A lease that was renewed is the same attempt.
    const attempts = Math.max(0, ...events.map((event) => (event.type === 'NotificationProcessing' ? event.data.attempt : 0)));
    return { n, last: types.at(-1), attempts, unknown, taken: times.get(n) ?? 0 };
  });
  expect(ends.filter((end) => !isRight(end))).toEqual([]);
  expect([histories.size, [...times.keys()].filter((n) => !(n < count))]).toEqual([count, []]);
  const sum = (of: (end: End) => number) => ends.reduce((total, end) => total + of(end), 0);
  const failed = (sms: boolean) => sum(({ n, last }) => (last === 'NotificationFailed' && isSms(n) === sms ? 1 : 0));
  return {
    unknown: sum(({ unknown }) => unknown),
    again: sum(({ taken }) => Math.max(taken - 1, 0)),
    failed: { 'email_notifications.dead': failed(false), 'sms_notifications.dead': failed(true) },
  };
}

interface End {
  n: number;
  /** Type of its last event. */
  last: string | undefined;
  attempts: number;
  unknown: number;
  taken: number;
}

function isRight(end: End): boolean {
  const { n, last, unknown, taken } = end;
  // An SMS is held after an attempt of which nobody knows, and a mail sent again.
  if (last === 'NotificationHeld') return isSms(n) && unknown === 1 && taken <= 1;
  if (last === 'NotificationFailed') return isRightlyFailed(end);
  return last === 'NotificationSent' && !isRefused(n) && !isBusyAlways(n) && taken >= 1 && taken <= (isSms(n) ? 1 : 1 + unknown);
}

/** Refused for good, or after its last attempt; kills may have been at these, too. */
function isRightlyFailed({ n, attempts, unknown, taken }: End): boolean {
  if (isRefused(n)) return taken === 0 && attempts <= ATTEMPTS;
  return attempts === ATTEMPTS && (isBusyAlways(n) ? taken === 0 : unknown > 0 && taken <= unknown);
}
