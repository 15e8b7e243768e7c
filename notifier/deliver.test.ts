import { beforeEach, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import { ERASED_ADDRESS, ERASED_PHONE } from '../contracts/personal.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { DeadLetter } from '../platform/event-bus/event-bus.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { stableId } from '../platform/stable-id.ts';
import { commandsOn } from '../system/commands.fixture.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import type { StrangerMails } from './addressee.ts';
import { mailChannel, smsChannel } from './channels.ts';
import { type DeliverContext, deliverer } from './deliver.ts';
import type { Mail, Mailer } from './mailer/mailer.ts';
import { FateUnknown, NotNow, NotYet, ReceiverAway, Refused, Unusable } from './sending.ts';
import type { Text, Texter } from './texter/texter.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const TASK = exampleEvent('TaskCreated').stream;
const ID = '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a09';
const STREAM = `notification-${ID}`;
const START = Date.parse('2026-11-21T09:00:00.000Z');
const LEASE = 120_000;

let store: EventStore;
let clock: number;
/** Milliseconds by which somebody set the time of day. */
let set: number;
let sent: Mail[];
let texts: Text[];
let commands: CommandHandler;

async function given(stream: string, type: string, data: unknown = exampleEvent(type).data, revision = NO_STREAM): Promise<void> {
  const { id: _, ...event } = exampleEvent(type);
  await store.append(stream, revision, [{ ...event, id: `${stream}@${revision + 1}`, data } as NewEvent]);
}

beforeEach(async () => {
  store = inMemoryStore();
  commands = commandsOn(store);
  clock = START;
  set = 0;
  sent = [];
  texts = [];
  await given(`user-${BOB}`, 'UserCreated', { name: 'Bob', email: 'bob@example.org', role: 'member' });
  await given(TASK, 'TaskCreated');
  await given(TASK, 'TaskAssigned', { userId: BOB, previous: null, atCreation: true }, 0);
  await given(STREAM, 'NotificationRequested', {
    channel: 'email',
    kind: 'task_created',
    recipient: { userId: BOB },
    about: { stream: TASK, revision: 0 },
  });
});

/** What becomes of each mail, in turn; the last goes on for ever. */
type Fate = Error | 'taken' | Promise<never>;

/** Counts mails to strangers, so many to each address. */
function strangerMailsOf(most: number): StrangerMails {
  const counts = new Map<string, number>();
  const add = (address: string, more: number) => counts.set(address, (counts.get(address) ?? 0) + more);
  return {
    take: async (address) => {
      if ((counts.get(address) ?? 0) >= most) throw new NotYet('it has had enough', 1_800_000);
      add(address, 1);
    },
    giveBack: async (address) => void add(address, -1),
  };
}

interface Scene extends Partial<DeliverContext> {
  sms?: boolean;
  /** The notification; default STREAM. */
  stream?: string;
  /** Mails to strangers; missing: nothing is held back. */
  strangerMails?: StrangerMails;
  /** What the mailer says of itself. */
  isUsable?: () => boolean;
}

/** Answers what rejected the offer, undefined where it was taken. */
function worker({ sms = false, isUsable = () => true, ...more }: Scene = {}, fates: Fate[] = ['taken']) {
  let n = 0;
  const { commands: ours = commands, strangerMails, stream = STREAM } = more;
  const compose = {
    commands: ours,
    strangerMails,
    issueCode: async () => 'c0de',
    publicUrl: () => 'https://tasks.example.org',
    site: 'The House',
    seesAll: () => true,
    store,
    now: () => new Date(clock),
  };
  const sending = async () => {
    const fate = fates[Math.min(n++, fates.length - 1)];
    if (fate !== 'taken') await (fate instanceof Error ? Promise.reject(fate) : fate);
  };
  const mailer: Mailer = {
    isUsable,
    send: async (mail) => {
      sent.push(mail);
      await sending();
      return {};
    },
    close: async () => {},
  };
  const texter: Texter = {
    send: async (text) => {
      texts.push(text);
      await sending();
      return { providerId: `SM${texts.length}` };
    },
    close: async () => {},
  };
  const deliver = deliverer({
    store,
    commands,
    channel: sms ? smsChannel(texter, compose, (id) => `https://tasks.example.org/${id}`) : mailChannel(mailer, compose),
    hold: sms,
    worker: 'a',
    attempts: 5,
    log,
    now: () => new Date(clock + set),
    clock: () => clock,
    random: () => 0.5,
    lease: LEASE,
    ...more,
  });
  return (due?: string) =>
    deliver({ stream, due }).catch((error: unknown) => {
      if (!(error instanceof DeadLetter)) throw error;
      return error.message;
    });
}

type Told = RecordedEvent & NotificationEvent;

/** The notification's events after it was requested. */
async function history(): Promise<Told[]> {
  const events: Told[] = [];
  for await (const page of store.readStream(STREAM, { from: 1 })) events.push(...(page as Told[]));
  return events;
}
const types = async () => (await history()).map(({ type }) => type.replace('Notification', ''));

describe('a delivery worker', () => {
  it('leases, sends what the contract and the newest names say, and records it', async () => {
    await given(`user-${BOB}`, 'UserEdited', { name: 'Robert', email: 'robert@example.org' }, 0);
    await worker()();
    expect(sent).toMatchObject([{ to: { name: 'Robert', address: 'robert@example.org' }, messageId: `${ID}@tasks.example.org` }]);
    expect(sent[0]?.subject).toContain('Replace the lamp in the hall');
    expect(sent[0]?.text).toContain(`https://tasks.example.org/#task=${TASK.slice('task-'.length)}`);
    expect((await history()).map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'NotificationProcessing', data: { attempt: 1, worker: 'a', until: new Date(START + LEASE).toISOString(), lease: LEASE } },
      { type: 'NotificationSent', data: { attempt: 1 } },
    ]);
  });

  it('carries the correlation id on, and acts as a worker', async () => {
    await worker()();
    const { $correlationId } = exampleEvent('NotificationRequested').metadata;
    expect((await history()).map(({ metadata }) => [metadata.$correlationId, metadata.actor])).toEqual([
      [$correlationId, 'worker:a'],
      [$correlationId, 'worker:a'],
    ]);
  });

  it('makes the code of a confirmation when it sends it, and nothing that is kept holds it', async () => {
    store = inMemoryStore();
    commands = commandsOn(store);
    await given(`user-${BOB}`, 'UserCreated', { name: 'Bob', email: 'bob@example.org', role: 'member' });
    await given(STREAM, 'NotificationRequested', {
      channel: 'email',
      kind: 'confirm_registration',
      recipient: { userId: BOB },
      about: { stream: `user-${BOB}`, revision: 0 },
    });
    await worker()();
    expect(sent[0]?.text).toContain('https://tasks.example.org/#confirm=c0de');
    expect(JSON.stringify(await history())).not.toContain('c0de');
  });

  it('invariant 11: sends one mail, however often it is offered and to however many workers', async () => {
    const workers = ['a', 'b', 'c'].map((name) => worker({ worker: name }));
    await Promise.all([...workers, ...workers, ...workers].map((deliver) => deliver()));
    for (const deliver of workers) await deliver();
    expect([sent.length, await types()]).toEqual([1, ['Processing', 'Sent']]);
  });

  it('does nothing with an offer of what does not exist', async () => {
    store = inMemoryStore();
    commands = commandsOn(store);
    await worker()();
    expect(sent).toEqual([]);
  });

  it('invariant 11: when it dies between sending and recording, the attempt is shown as unknown and sent again with the same Message-ID', async () => {
    const never = new Promise<never>(() => {});
    const dying: CommandHandler = {
      ...commands,
      handle: (it, context) => (it.type === 'SucceedNotification' ? never : commands.handle(it, context)),
    };
    void worker({ worker: 'dying', commands: dying })();
    await expect.poll(() => sent.length).toBe(1);
    const next = worker({ worker: 'next' });
    clock = START + LEASE - 1;
    await next();
    expect(sent).toHaveLength(1);
    clock = START + LEASE;
    await next();
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Processing', 'Sent']);
    expect((await history())[1]?.data).toEqual({ attempt: 1, worker: 'dying' });
    expect(new Set(sent.map(({ messageId }) => messageId))).toEqual(new Set([`${ID}@tasks.example.org`]));
  });

  it('tries again later and later when the failure may pass, and fails after the last attempt', async () => {
    const deliver = worker({}, [new Error('connect ECONNREFUSED')]);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt++) {
      await deliver();
      await deliver();
      const last = (await history()).at(-1);
      if (last?.type !== 'NotificationDeferred') break;
      waits.push(Date.parse(last.data.nextAttemptAt) - clock);
      clock = Date.parse(last.data.nextAttemptAt);
    }
    expect(waits).toEqual([1_000, 10_000, 60_000, 600_000]);
    expect(sent).toHaveLength(5);
    expect((await history()).at(-1)).toMatchObject({ type: 'NotificationFailed', data: { attempt: 5, error: 'connect ECONNREFUSED' } });
  });

  it('comes no sooner again than the other side asked for', async () => {
    const deliver = worker({}, [new NotNow('429', 30_000), new NotNow('503', 0)]);
    await deliver();
    expect((await history()).at(-1)?.data).toMatchObject({ nextAttemptAt: new Date(START + 33_000).toISOString() });
    clock += 33_000;
    await deliver();
    expect((await history()).at(-1)?.data).toMatchObject({ nextAttemptAt: new Date(clock + 10_000).toISOString() });
  });

  it('gives the offer of what has failed up, with the reason; also that of a worker which died after it had recorded that', async () => {
    expect(await worker({}, [new Refused('550 no such mailbox')])()).toBe('550');
    expect(await worker({ worker: 'next' })()).toBe('550');
    expect(sent).toHaveLength(1);
  });

  it('begins to count anew when an operator has it tried again', async () => {
    const deliver = worker({ attempts: 2 }, [new Error('no'), new Error('no'), new Error('no'), 'taken']);
    const again = async () => {
      clock += 60_000;
      return deliver();
    };
    expect([await again(), await again()]).toEqual([undefined, 'no']);
    await commands.handle(
      {
        ...{ type: 'RetryNotification', stream: STREAM, id: ID, data: {}, commandId: 'again' },
        actor: { id: BOB, role: 'admin', seesAll: true },
        now: new Date(clock).toISOString(),
      },
      { correlationId: 'again' },
    );
    expect([await again(), await again()]).toEqual([undefined, undefined]);
    expect((await types()).slice(-4)).toEqual(['Processing', 'Deferred', 'Processing', 'Sent']);
  });

  it('does not work on what belongs on another channel, and buries such an offer', async () => {
    expect(await worker({ sms: true })()).toBe('there is nothing like that to work on');
    expect([texts, await types()]).toEqual([[], []]);
  });

  it('fails at once when it is refused for good', async () => {
    await worker({}, [new Refused('550 no such mailbox')])();
    expect(await types()).toEqual(['Processing', 'Failed']);
  });

  it('takes it back, and sends nothing, when the user is deleted', async () => {
    await given(`user-${BOB}`, 'UserDeleted', {}, 0);
    await worker()();
    expect([sent, await types()]).toEqual([[], ['Processing', 'Cancelled']]);
    expect((await history()).at(-1)?.data).toEqual({ reason: 'the recipient is no user any more' });
  });

  it.each([
    ['email', 'mails', { address: ERASED_ADDRESS }],
    ['sms', 'SMS', { phone: ERASED_PHONE }],
  ] as const)(
    'takes %s back, and sends no %s, where the recipient reads as erased: what was asked for is old',
    async (channel, _words, recipient) => {
      const id = '3f1f7f8e-6d1c-5c36-9d5c-6f6f3f0c1a0a';
      const about = { stream: `notification-${id}`, revision: 0 };
      const content = { text: 'Your lamp is here.' };
      await given(about.stream, 'NotificationRequested', { channel, kind: 'message', recipient, about, content, askedBy: BOB });
      await worker({ sms: channel === 'sms', stream: about.stream })();
      expect([sent, texts]).toEqual([[], []]);
      const { state } = await commands.load<NotificationState>(about.stream);
      expect(state.status).toBe('cancelled');
    },
  );

  it('invariant 11: shows an attempt as unknown when the connection went after the content', async () => {
    const deliver = worker({}, [new FateUnknown('Connection closed'), 'taken']);
    await deliver();
    clock += 2_000;
    await deliver();
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Deferred', 'Processing', 'Sent']);
  });

  it('records errors without any address', async () => {
    await worker({}, [new Refused('550 <Bob@Example.org>: no mailbox bob@example.org, ask postmaster@example.org')])();
    expect((await history()).at(-1)?.data).toMatchObject({ error: '550' });
  });

  it('records errors without the names of servers', async () => {
    await worker({}, [new Error('connect ECONNREFUSED 10.1.2.3:2525 (mail.internal.example.org)')])();
    expect((await history()).at(-1)?.data).toMatchObject({ error: 'connect ECONNREFUSED <server> (<server>)' });
  });

  it('gives up a mailer that hangs for longer than an attempt may take, even one that does not hear', async () => {
    await worker({ longest: 100 }, [new Promise<never>(() => {})])();
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Deferred']);
  });

  it('gives up what hangs when the process must end, and records that', async () => {
    const ending = new AbortController();
    const working = worker({ ending: ending.signal }, [new Promise<never>(() => {})])();
    await expect.poll(() => sent.length).toBe(1);
    ending.abort();
    await working;
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Deferred']);
  });

  it('repeats the recording, not the sending, when the event store is away', async () => {
    let away = 2;
    const shaky: CommandHandler = {
      ...commands,
      handle: (it, context) =>
        it.type === 'SucceedNotification' && away-- > 0 ? Promise.reject(new StoreUnavailable('away')) : commands.handle(it, context),
    };
    await worker({ commands: shaky })();
    expect([sent.length, await types()]).toEqual([1, ['Processing', 'Sent']]);
  });

  it('asks again when the event store goes just as it leased: else everybody would wait until its lease is over', async () => {
    let troubles = 2;
    const flaky: CommandHandler = {
      ...commands,
      handle: async (command, context) => {
        const outcome = await commands.handle(command, context);
        if (command.type === 'LeaseNotification' && troubles-- === 2) throw new StoreUnavailable('the answer was lost');
        return outcome;
      },
      load: async <State>(stream: string) => {
        if (stream === STREAM && troubles-- === 1) throw new StoreUnavailable('away');
        return commands.load<State>(stream);
      },
    };
    await worker({ commands: flaky })();
    expect(await types()).toEqual(['Processing', 'Sent']);
    expect(sent).toHaveLength(1);
  });

  it('invariant 11: renews its lease while the mail server takes its time, and sends it once', async () => {
    const slow = Promise.withResolvers<never>();
    const working = worker({ lease: 60, now: () => new Date(clock++) }, [slow.promise])();
    await expect.poll(async () => (await types()).length).toBeGreaterThanOrEqual(3);
    slow.resolve(undefined as never);
    await working;
    expect(new Set((await types()).slice(0, -1))).toEqual(new Set(['Processing']));
    expect([sent.length, (await types()).at(-1), (await history()).map(({ data }) => (data as { attempt: number }).attempt)]).toEqual([
      1,
      'Sent',
      (await history()).map(() => 1),
    ]);
  });

  it('invariant 11: gives an attempt up when another worker has the item before the lease is renewed', async () => {
    const renewing = Promise.withResolvers<void>();
    const late: CommandHandler = {
      ...commands,
      handle: async (it, context) => {
        if (it.type === 'RenewNotification') await renewing.promise;
        return commands.handle(it, context);
      },
    };
    const working = worker({ worker: 'late', lease: 300, commands: late }, [new Promise<never>(() => {})])();
    await expect.poll(() => sent.length).toBe(1);
    clock += 300;
    const next = worker({ worker: 'next' })();
    await expect.poll(types).toEqual(['Processing', 'AttemptUnknown', 'Processing', 'Sent']);
    renewing.resolve();
    await Promise.all([working, next]);
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Processing', 'Sent']);
  });

  it('after a sleep, or a step of the clock, it sends nothing before its lease is renewed', async () => {
    let lookups = 0;
    const load: CommandHandler['load'] = async (stream) => {
      const loaded = await commands.load(stream);
      // The second look is at the lease that was recorded just now.
      if (stream === STREAM && ++lookups === 2) clock += 24 * 3_600_000;
      return loaded as never;
    };
    await worker({ commands: { ...commands, load } })();
    expect([sent.length, await types()]).toEqual([1, ['Processing', 'Processing', 'Sent']]);
    expect((await history())[1]?.data).toMatchObject({ attempt: 1, until: new Date(clock + LEASE).toISOString() });
  });

  it('takes no attempt when what a mail is made of cannot be looked up', async () => {
    let away = 10;
    const load: CommandHandler['load'] = (stream) =>
      stream.startsWith('user-') && away-- > 0 ? Promise.reject(new StoreUnavailable('the connection was lost')) : commands.load(stream);
    const deliver = worker({ commands: { ...commands, load } });
    for (let offers = 0; offers < 10; offers++) await expect(deliver()).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await types()).toEqual([]);
    await deliver();
    expect(await types()).toEqual(['Processing', 'Sent']);
  });

  it('takes an attempt for a mail that our own fault keeps from being made: it is not tried for ever', async () => {
    const load: CommandHandler['load'] = (stream) =>
      stream.startsWith('user-') ? Promise.reject(new TypeError('x is undefined')) : commands.load(stream);
    await worker({ commands: { ...commands, load }, attempts: 1 })();
    expect(await types()).toEqual(['Processing', 'Failed']);
  });

  it('takes no attempt where nothing can be sent as the provider is set, however often', async () => {
    const deliver = worker({}, [...Array.from({ length: 9 }, () => new Unusable('it offers no TLS')), new Error('connect ECONNREFUSED'), 'taken']);
    for (let offers = 0; offers < 11; offers++) {
      await deliver();
      clock += 40_000;
    }
    expect((await types()).filter((type) => type === 'Deferred')).toHaveLength(10);
    expect((await types()).at(-1)).toBe('Sent');
  });

  it('takes no attempt while the provider is away, however often it was tried, and says since when the message waits', async () => {
    const away = () => new ReceiverAway('smtp', new Error('connect ECONNREFUSED'));
    const deliver = worker({ attempts: 1 }, [...Array.from({ length: 9 }, away), 'taken']);
    for (let offers = 0; offers < 10; offers++) {
      await deliver();
      clock += 10_000;
    }
    const deferred = (await history()).filter(({ type }) => type === 'NotificationDeferred');
    expect(deferred).toHaveLength(9);
    for (const { data } of deferred) expect(data).toMatchObject({ uncounted: true, waitsSince: new Date(START).toISOString() });
    expect((await types()).at(-1)).toBe('Sent');
  });

  it('leaves no event of a message while nobody can be reached', async () => {
    const deliver = worker({ isUsable: () => false });
    for (let offers = 0; offers < 100; offers++) {
      await deliver(new Date(START).toISOString());
      clock += 60_000;
    }
    expect([await types(), sent]).toEqual([[], []]);
  });

  it.each([1, 5])('gives a message up that has waited for over %d days from the time when it was due, with that reason', async (days) => {
    const due = new Date(START).toISOString();
    const deliver = worker({ days, isUsable: () => false });
    clock = START + days * 86_400_000;
    expect([await deliver(due), await types()]).toEqual([undefined, []]);
    clock++;
    expect(await deliver(due)).toBe(`nobody could be reached for ${days} days`);
    expect([await types(), sent]).toEqual([['Processing', 'Failed'], []]);
  });

  it('counts the days of a message anew when it is tried again by an operator, and from its first failure where it was tried between', async () => {
    let usable = true;
    const deliver = worker({ days: 1, isUsable: () => usable }, [new ReceiverAway('smtp', new Error('no'))]);
    await deliver(new Date(START).toISOString());
    clock = START + 86_400_000 / 2;
    await deliver(new Date(clock).toISOString());
    usable = false;
    clock = START + 86_400_001;
    const due = new Date(clock).toISOString();
    expect(await deliver(due)).toBe('nobody could be reached for 1 days');
    await given(STREAM, 'NotificationRetried', { channel: 'email', recipient: { userId: BOB } }, (await history()).length);
    expect(await deliver(due)).toBeUndefined();
    expect((await types()).at(-1)).toBe('Retried');
  });

  it('takes no attempt where the process had to end before the message was given away', async () => {
    const ending = new AbortController();
    const sending = Promise.withResolvers<never>();
    const working = worker({ ending: ending.signal }, [sending.promise])();
    await expect.poll(() => sent.length).toBe(1);
    ending.abort();
    sending.reject(new Error('aborted while it connected'));
    await working;
    expect((await history()).at(-1)).toMatchObject({ type: 'NotificationDeferred', data: { attempt: 1, uncounted: true } });
  });
});

describe.each([5 * 3_600_000, -5 * 3_600_000])('where the clock is set by %d ms in the middle of an attempt, a delivery worker', (step) => {
  const REQUESTED = exampleEvent('NotificationRequested').time;
  const never = new Promise<never>(() => {});
  /** Commands under which the clock is set when the message is made. */
  const setting = (): CommandHandler => ({
    ...commands,
    load: (stream) => {
      if (stream.startsWith('user-')) set = step;
      return commands.load(stream);
    },
  });
  const dying = (): CommandHandler => ({
    ...setting(),
    handle: (it, context) => (it.type === 'SucceedNotification' ? never : commands.handle(it, context)),
  });
  const dataOf = async (at: number) => (await history())[at]?.data as { until?: string; nextAttemptAt?: string; wait?: number };

  it('keeps its right, sends its message and records that', async () => {
    await worker({ commands: setting() })(REQUESTED);
    expect([sent.length, await types()]).toEqual([1, ['Processing', 'Sent']]);
  });

  it('is left alone by who gets the same offer again', async () => {
    void worker({ worker: 'slow', commands: dying() })(REQUESTED);
    await expect.poll(() => sent.length).toBe(1);
    await worker({ worker: 'next' })(REQUESTED);
    expect([sent.length, await types()]).toEqual([1, ['Processing']]);
  });

  it('that died is followed by the next one as soon as somebody has watched its lease to the end', async () => {
    void worker({ worker: 'dying', commands: dying() })(REQUESTED);
    await expect.poll(() => sent.length).toBe(1);
    clock += LEASE;
    await worker({ worker: 'next' })((await dataOf(0)).until);
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Processing', 'Sent']);
  });

  it('puts off what failed for as long as ever, and takes it when that is over', async () => {
    await worker({ commands: setting() }, [new Error('away')])(REQUESTED);
    const { nextAttemptAt, wait = 0 } = await dataOf(1);
    expect(wait).toBe(1_000);
    set -= step;
    clock += wait;
    await worker()(nextAttemptAt);
    expect(await types()).toEqual(['Processing', 'Deferred', 'Processing', 'Sent']);
  });
});

describe('an SMS worker', () => {
  const PHONE = '+4915112345678';
  async function asked(data: object): Promise<void> {
    store = inMemoryStore();
    commands = commandsOn(store);
    await given(TASK, 'TaskCreated');
    await given(STREAM, 'NotificationRequested', {
      ...{ channel: 'sms', kind: 'message', recipient: { phone: PHONE }, about: { stream: STREAM, revision: 0 } },
      ...data,
    });
  }

  it('sends the words that were given, and records what the provider calls them', async () => {
    await asked({ content: { text: 'The lift is mended.' } });
    await worker({ sms: true })();
    expect(texts).toEqual([{ to: PHONE, text: 'The lift is mended.', id: ID, statusCallback: `https://tasks.example.org/${ID}` }]);
    expect((await history()).at(-1)?.data).toEqual({ attempt: 1, providerId: 'SM1' });
  });

  it('says in short what it is about, and where to go, where there are no words', async () => {
    await asked({ kind: 'overdue', about: { stream: TASK, revision: 0 } });
    await worker({ sms: true })();
    expect(texts[0]?.text).toBe(`Overdue: Replace the lamp in the hall https://tasks.example.org/#task=${TASK.slice('task-'.length)}`);
  });

  it('takes it back where the recipient has no phone number', async () => {
    await asked({ recipient: { userId: BOB }, content: { text: 'Hello' } });
    await given(`user-${BOB}`, 'UserCreated', { name: 'Bob', email: 'bob@example.org', role: 'member' });
    await worker({ sms: true })();
    expect([texts, await types()]).toEqual([[], ['Processing', 'Cancelled']]);
    expect((await history()).at(-1)?.data).toEqual({ reason: 'the recipient has no phone number' });
  });

  it('records errors without the number, however it is written', async () => {
    await asked({ content: { text: 'Hello' } });
    await worker({ sms: true }, [new Refused(`400 21211 Invalid 'To' ${PHONE} (4915112345678)`)])();
    expect((await history()).at(-1)?.data).toMatchObject({ error: '400 21211' });
  });

  it('invariant 11: holds what may have been sent, and sends it never again by itself', async () => {
    await asked({ content: { text: 'Hello' } });
    const deliver = worker({ sms: true }, [new FateUnknown('socket hang up')]);
    await deliver();
    clock += 24 * 3_600_000;
    expect(await deliver()).toBeUndefined();
    expect([texts.length, await types()]).toEqual([1, ['Processing', 'AttemptUnknown', 'Held']]);
  });

  it('invariant 11: holds what a worker that died may have sent', async () => {
    await asked({ content: { text: 'Hello' } });
    const never = new Promise<never>(() => {});
    void worker({ sms: true, worker: 'dying' }, [never])();
    await expect.poll(() => texts.length).toBe(1);
    clock += LEASE;
    await worker({ sms: true, worker: 'next' })();
    expect([texts.length, await types()]).toEqual([1, ['Processing', 'AttemptUnknown', 'Held']]);
  });

  it('sends it again where that is what is wanted', async () => {
    await asked({ content: { text: 'Hello' } });
    const deliver = worker({ sms: true, hold: false }, [new FateUnknown('socket hang up'), 'taken']);
    await deliver();
    clock += 2_000;
    await deliver();
    expect(await types()).toEqual(['Processing', 'AttemptUnknown', 'Deferred', 'Processing', 'Sent']);
  });
});

describe('a mail to an address that is not confirmed', () => {
  const DAY = 86_400_000;
  const strangerMails = strangerMailsOf(2);

  it('waits, is looked at again, later each time, and is sent once the address is confirmed', async () => {
    const waits: number[] = [];
    for (let look = 0; look < 6; look++) {
      await worker({ strangerMails })();
      const { data } = (await history()).at(-1) as RecordedEvent;
      const { nextAttemptAt, wait, uncounted, heldSince } = data as { nextAttemptAt: string; wait: number; uncounted: true; heldSince: string };
      expect([uncounted, heldSince, sent]).toEqual([true, new Date(START).toISOString(), []]);
      waits.push(wait);
      clock = Date.parse(nextAttemptAt);
    }
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    await given(`user-${BOB}`, 'UserConfirmed', {}, 0);
    await worker({ strangerMails })();
    expect([sent.length, (await types()).at(-1)]).toEqual([1, 'Sent']);
  });

  it('is cancelled after seven days, which says why', async () => {
    await worker({ strangerMails })();
    clock += 7 * DAY;
    await worker({ strangerMails })();
    expect((await history()).at(-1)).toMatchObject({ type: 'NotificationCancelled', data: { reason: 'the address is not confirmed, for 7 days' } });
    expect(sent).toEqual([]);
  });

  it('is released at once by who knows that the address is confirmed, and by nobody while it is not held back', async () => {
    const release = () =>
      commands.handle(
        {
          ...{ type: 'ReleaseNotification', stream: STREAM, id: ID, data: null, commandId: stableId(String(Math.random())) },
          ...{ actor: { id: 'system', role: 'system', seesAll: true }, now: new Date(clock).toISOString() },
        },
        { correlationId: ID },
      );
    await release();
    expect(await types()).toEqual([]);
    await worker({ strangerMails })();
    await given(`user-${BOB}`, 'UserConfirmed', {}, 0);
    await release();
    await worker({ strangerMails })();
    expect([sent.length, await types()]).toEqual([1, ['Processing', 'Deferred', 'Released', 'Processing', 'Sent']]);
  });

  it.each([
    ['an admin', [['UserCreated', { name: 'Ann', email: 'ann@example.org', role: 'admin' }]], 1],
    ['an API key', [], 1],
    ['a member', [['UserCreated', { name: 'Ann', email: 'ann@example.org', role: 'member' }]], 0],
    [
      'one who was an admin',
      [
        ['UserCreated', { name: 'Ann', email: 'ann@example.org', role: 'admin' }],
        ['UserDeleted', {}],
      ],
      0,
    ],
  ] as const)('that %s causes is sent: %#', async (_, events, count) => {
    const ann = '7e3f1b7e-2d79-4a5b-8f2a-8c9d0e1f2a04';
    for (const [revision, [type, data]] of events.entries()) await given(`user-${ann}`, type, data, revision - 1);
    const stream = `notification-${stableId('caused')}`;
    const about = { stream: TASK, revision: 0 };
    await given(stream, 'NotificationRequested', { channel: 'email', kind: 'task_created', recipient: { userId: BOB }, about, causedBy: ann });
    await await worker({ strangerMails, stream })();
    expect(sent).toHaveLength(count);
  });

  it('is counted where its words are fixed: one more than an address may have waits, one that was not taken does not count', async () => {
    const bounded = strangerMailsOf(2);
    const confirmations = [1, 2, 3].map((n) => `notification-${stableId(`confirmation ${n}`)}`);
    for (const stream of confirmations) {
      const about = { stream: `user-${BOB}`, revision: 0 };
      await given(stream, 'NotificationRequested', { channel: 'email', kind: 'confirm_registration', recipient: { userId: BOB }, about });
    }
    const [first, second, third] = confirmations as [string, string, string];
    await worker({ strangerMails: bounded, stream: first }, [new Error('busy')])();
    clock += 60_000;
    for (const stream of [first, second, third]) await worker({ strangerMails: bounded, stream })();
    expect(sent).toHaveLength(3);
    const { state } = await commands.load<NotificationState>(third);
    expect([state.status, state.heldSince]).toEqual(['pending', new Date(clock).toISOString()]);
    expect(Date.parse(state.nextAttemptAt ?? '') - clock).toBeGreaterThanOrEqual(1_800_000);
  });

  it('does not count where no lease came about: the next one who asks may have it', async () => {
    const bounded = strangerMailsOf(1);
    const stream = `notification-${stableId('a confirmation')}`;
    const about = { stream: `user-${BOB}`, revision: 0 };
    await given(stream, 'NotificationRequested', { channel: 'email', kind: 'confirm_registration', recipient: { userId: BOB }, about });
    const away: Partial<DeliverContext> = {
      ending: AbortSignal.abort(new Error('the process ends')),
      commands: { ...commands, handle: () => Promise.reject(new StoreUnavailable('away')) },
    };
    await expect(worker({ ...away, strangerMails: bounded, stream })()).rejects.toThrow('away');
    const taken = { ...commands, handle: () => Promise.reject(new ProblemError('conflict', 'another worker has it')) };
    await worker({ commands: taken, strangerMails: bounded, stream })();
    expect(sent).toEqual([]);
    await worker({ strangerMails: bounded, stream })();
    expect(sent).toHaveLength(1);
  });

  it('does not count where the lease is not sure any more once the mail is to go', async () => {
    const bounded = strangerMailsOf(1);
    const stream = `notification-${stableId('a confirmation')}`;
    const about = { stream: `user-${BOB}`, revision: 0 };
    await given(stream, 'NotificationRequested', { channel: 'email', kind: 'confirm_registration', recipient: { userId: BOB }, about });
    await worker({ ending: AbortSignal.abort(new Error('the process ends')), strangerMails: bounded, stream })();
    expect(sent).toEqual([]);
    clock += 60_000;
    await worker({ strangerMails: bounded, stream })();
    expect(sent).toHaveLength(1);
  });
});
