import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Server } from 'socket.io';
import { afterEach, describe, expect, test } from 'vitest';
import type { Change } from '../../contracts/live.ts';
import { ALICE, BOB, eventually, type Rig, type RigOptions, session, startRig, TASK } from '../../system/realtime.fixture.ts';
import { connectLive, type Live, type LiveOptions, type LiveState, type SubscribeOptions } from './live.ts';

const RETRY = { first: 5, longest: 50 };
const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options?: RigOptions): Promise<Rig> {
  const rig = await startRig(options);
  ends.push(() => rig.stop());
  return rig;
}

function connect(url: string, more: Partial<LiveOptions> = {}): { live: Live; states: LiveState[] } {
  const states: LiveState[] = [];
  const live = connectLive({ url, token: () => 'alice', retry: RETRY, onState: (state) => states.push(state), ...more });
  ends.push(() => live.close());
  return { live, states };
}

/** Subscribes and collects what comes; a snapshot is not expected unless an answer to it is given. */
function collect(live: Live, topic: string, more: Partial<SubscribeOptions> = {}) {
  const changes: Change[] = [];
  const left: string[] = [];
  const subscription = live.subscribe(topic, {
    onChange: (change) => changes.push(change),
    onSnapshotNeeded: () => Promise.reject(new Error('no snapshot expected')),
    onLeft: (reason) => left.push(reason),
    ...more,
  });
  return { changes, left, subscription, positions: () => changes.map(({ position }) => position) };
}

type Step = { do: 'append'; n: number } | { do: 'cut' | 'restart' | 'breathe' | 'resubscribe' | 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('append' as const), n: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('cut' as const, 'breathe' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'resubscribe' as const, 'reopen' as const) }) },
);

/** Follows `tasks` after a position, and lives through what may happen to it. */
function readerOf(rig: Rig, after: string) {
  const seen: string[] = [];
  let { live } = connect(rig.url);
  const follow = (from: string | undefined) =>
    live.subscribe('tasks', {
      ...(from === undefined ? {} : { after: from }),
      onChange: (change) => seen.push(change.position),
      onSnapshotNeeded: () => Promise.reject(new Error('no snapshot expected')),
    });
  let subscription = follow(after);
  return {
    seen,
    cut: () => rig.cut(),
    restart: () => rig.restart(),
    breathe: () => new Promise<void>((resolve) => setTimeout(resolve, 10)),
    resubscribe() {
      subscription.close();
      subscription = follow(subscription.position());
    },
    reopen() {
      live.close();
      live = connect(rig.url).live;
      subscription = follow(subscription.position());
    },
    close: () => live.close(),
  };
}

/** Takes a step; answers the positions that it added to the log. */
async function take(one: Step, rig: Rig, reader: ReturnType<typeof readerOf>): Promise<string[]> {
  if (one.do === 'append') return (await rig.comments(one.n)).map(({ position }) => position);
  await reader[one.do]();
  return [];
}

describe('resuming', () => {
  test('whatever is cut, closed and restarted while events flow: every change once and in order', async () => {
    const rig = await start();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const [before] = await rig.comments(1);
        const reader = readerOf(rig, before?.position ?? '');
        const expected: string[] = [];
        for (const one of steps) expected.push(...(await take(one, rig, reader)));
        await eventually(() => expect(reader.seen.length).toBeGreaterThanOrEqual(expected.length));
        reader.close();
        expect(reader.seen).toEqual(expected);
      }),
      { numRuns: 20, interruptAfterTimeLimit: 25_000 },
    );
  });

  test('many topics, cut again and again, each brings what is its own', async () => {
    const rig = await start();
    const { live, states } = connect(rig.url);
    const others = Array.from({ length: 120 }, (_, i) => `task:${TASK.slice(0, -3)}${i + 100}`);
    const topics = ['tasks', `task:${TASK}`, `user:${ALICE}`, ...others];
    const all = topics.map((topic) => ({ topic, ...collect(live, topic, { after: '' }) }));
    for (let n = 0; n < 150; n++) {
      const topic = topics[(n * 7) % topics.length] ?? 'tasks';
      await rig.append('TaskCommented', { topics: [...new Set(['tasks', topic])] });
      if (n % 40 === 39) rig.cut();
    }
    await eventually(() => expect(all[0]?.changes).toHaveLength(150));
    await eventually(() => expect(all.slice(1).flatMap(({ changes }) => changes)).toHaveLength(148));
    for (const { topic, changes, positions } of all) {
      expect(changes.filter((one) => one.topic !== topic)).toEqual([]);
      expect(positions()).toEqual([...positions()].sort());
    }
    expect(states).toContain('offline');
    expect(live.state()).toBe('live');
  });

  test('after an absence longer than the ring asks for a snapshot, again when that fails, and goes on after it', async () => {
    const rig = await start({ ring: 10 });
    const { live } = connect(rig.url);
    const [first] = await rig.comments(1);
    const head = (await rig.comments(20)).at(-1);
    await rig.pushed();
    let asked = 0;
    const one = collect(live, 'tasks', {
      after: first?.position ?? '',
      async onSnapshotNeeded() {
        if (++asked === 1) throw new Error('the query failed');
        return head?.position ?? '';
      },
    });
    await eventually(() => expect(asked).toBe(2));
    const later = await rig.comments(3);
    await eventually(() => expect(one.positions()).toEqual(later.map(({ position }) => position)));
  });

  test('a snapshot newer than what was pushed is not followed by what it holds already', async () => {
    const rig = await start();
    const events = await rig.comments(5);
    const { live } = connect(rig.url);
    const one = collect(live, 'tasks', { after: events[3]?.position ?? '' });
    await eventually(() => expect(one.changes).toHaveLength(1));
    expect(one.subscription.position()).toBe(events[4]?.position);
  });

  test('a quiet topic moves on with the log', async () => {
    const rig = await start({ ring: 20 });
    const { live } = connect(rig.url);
    const [one] = await rig.comments(1);
    await rig.pushed();
    const quiet = collect(live, 'notifications');
    await eventually(() => expect(quiet.subscription.position()).toBe(one?.position));
    for (let n = 0; n < 10; n++) await rig.comments(10);
    await eventually(() => expect((quiet.subscription.position() ?? '') > (one?.position ?? '')).toBe(true));
    rig.cut();
    await rig.append('NotificationSent', { topics: [`notifications:${ALICE}`] });
    await eventually(() => expect(quiet.changes).toHaveLength(1));
  });
});

describe('subscriptions', () => {
  test('two on one topic each get what comes after their own position', async () => {
    const rig = await start();
    const events = await rig.comments(10);
    const { live } = connect(rig.url);
    const late = collect(live, 'tasks', { after: events[7]?.position ?? '' });
    await eventually(() => expect(late.changes).toHaveLength(2));
    const early = collect(live, 'tasks', { after: events[1]?.position ?? '' });
    events.push(...(await rig.comments(5)));
    await eventually(() => expect(early.changes).toHaveLength(13));
    await eventually(() => expect(late.changes).toHaveLength(7));
    expect(early.positions()).toEqual(events.slice(2).map(({ position }) => position));
    expect(late.positions()).toEqual(events.slice(8).map(({ position }) => position));
    early.subscription.close();
    await rig.comments(1);
    await eventually(() => expect(late.changes).toHaveLength(8));
    expect(early.changes).toHaveLength(13);
  });

  test('one that may not be, or is no topic, says left, and the others of the message go on', async () => {
    const rig = await start();
    const { live } = connect(rig.url, { token: () => 'bob' });
    const [foreign, nonsense, mine] = [collect(live, `user:${ALICE}`), collect(live, 'nonsense'), collect(live, `user:${BOB}`)];
    await eventually(() => expect([foreign.left, nonsense.left]).toEqual([['forbidden'], ['forbidden']]));
    await eventually(() => expect(mine.subscription.position()).toBe(''));
    await rig.append('TaskCommented', { topics: [`user:${BOB}`] });
    await eventually(() => expect(mine.changes).toHaveLength(1));
  });

  test('one whose topic is lost says left and why', async () => {
    const rig = await start();
    rig.tasks.set(`task-${TASK}`, { maker: ALICE, assignee: BOB });
    const { live } = connect(rig.url, { token: () => 'bob' });
    const one = collect(live, `task:${TASK}`);
    await eventually(() => expect(one.subscription.position()).toBe(''));
    rig.tasks.set(`task-${TASK}`, { maker: ALICE, assignee: null });
    await rig.append('TaskAssigned', { data: { userId: null, previous: BOB } });
    await eventually(() => expect(one.left).toEqual(['unassigned']));
    expect(one.changes).toHaveLength(1);
  });
});

describe('the token', () => {
  test('refused, is asked for anew until it is good', async () => {
    const rig = await start();
    const asked: boolean[] = [];
    const { live, states } = connect(rig.url, {
      token(refused) {
        asked.push(refused);
        if (asked.length === 3) throw new Error('not logged in');
        return asked.length > 3 ? 'alice' : 'expired';
      },
    });
    const one = collect(live, 'tasks', { after: '' });
    await rig.comments(1);
    await eventually(() => expect(one.changes).toHaveLength(1));
    expect(asked).toEqual([false, true, true, true]);
    expect(states).toEqual(['unauthorized', 'connecting', 'unauthorized', 'connecting', 'unauthorized', 'connecting', 'live']);
  });

  test('about to expire, is replaced without dropping the connection', async () => {
    const rig = await start({ limits: { grace: 0 } });
    rig.sessions.set('short', session(ALICE, { seesAll: true, expiresAt: Date.now() + 2_500 }));
    const { live, states } = connect(rig.url, { token: (refused) => (refused ? 'alice' : 'short') });
    const one = collect(live, 'tasks');
    await eventually(() => expect(one.subscription.position()).toBe(''));
    await eventually(() => expect((rig.sessions.get('short')?.expiresAt ?? 0) + 1_500 < Date.now()).toBe(true));
    await rig.comments(1);
    await eventually(() => expect(one.changes).toHaveLength(1));
    expect(states).toEqual(['live']);
  });

  test('of a session that ended leads to unauthorized, and on with the next one', async () => {
    const rig = await start();
    let token = 'bob';
    const { live, states } = connect(rig.url, { token: () => token });
    const one = collect(live, `user:${BOB}`);
    await eventually(() => expect(one.subscription.position()).toBe(''));
    rig.sessions.set('again', session(BOB, { sessionId: 'another' }));
    await rig.append('SessionEnded', { id: rig.sessions.get('bob')?.sessionId ?? '', data: { userId: BOB }, topics: [`user:${BOB}`] });
    rig.sessions.delete('bob');
    await eventually(() => expect(states).toContain('unauthorized'));
    token = 'again';
    live.reconnect();
    await rig.append('TaskCommented', { topics: [`user:${BOB}`] });
    await eventually(() => expect(one.changes.map(({ type }) => type)).toEqual(['SessionEnded', 'TaskCommented']));
  });
});

describe('against a server that errs', () => {
  /** What it does on a `subscribe`: changes by position and previous, then its acknowledgement. */
  type Turn = { changes?: [string, string | null][]; reply: object };

  /** `turns` one after the other; `lastWords` come before each acknowledgement of `unsubscribe`. */
  async function erring(turns: Turn[], lastWords: [string, string | null][] = []) {
    const server: HttpServer = createServer();
    const io = new Server(server);
    const orders: { after: unknown }[] = [];
    io.on('connection', (socket) => {
      const send = (changes: [string, string | null][] = []) => {
        for (const [position, previous] of changes) socket.emit('change', { topic: 'tasks', position, previous });
      };
      socket.on('unsubscribe', ({ topics }, ack) => {
        send(lastWords);
        ack({ topics });
      });
      socket.on('subscribe', (order, ack) => {
        const turn = turns[orders.push(order) - 1];
        send(turn?.changes);
        ack(turn?.reply);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => io.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, orders };
  }

  /** `1` after `0`, `2` after `1`, … */
  function chain(...positions: number[]): [string, string][] {
    return positions.map((position) => [String(position), String(position - 1)]);
  }

  function followed(position: string): object {
    return { topics: [{ topic: 'tasks', position }] };
  }

  test('a change twice is delivered once, and a gap is filled before what follows it', async () => {
    const { url, orders } = await erring([
      { changes: chain(1, 1, 2, 5, 6), reply: followed('0') },
      { changes: chain(3, 4, 5, 6), reply: followed('6') },
    ]);
    const one = collect(connect(url).live, 'tasks', { after: '0' });
    await eventually(() => expect(one.positions()).toEqual(['1', '2', '3', '4', '5', '6']));
    expect(orders.map(({ after }) => after)).toEqual([{ tasks: '0' }, { tasks: '2' }]);
  });

  test('what still comes of a subscription that was closed is nothing to the one that replaces it', async () => {
    const { url } = await erring([{ reply: followed('1') }, { changes: chain(2, 3), reply: followed('3') }], [['3', null]]);
    const { live } = connect(url);
    const first = collect(live, 'tasks', { after: '0' });
    await eventually(() => expect(first.subscription.position()).toBe('1'));
    first.subscription.close();
    const second = collect(live, 'tasks', { after: '1' });
    await eventually(() => expect(second.positions()).toEqual(['2', '3']));
    expect(first.changes).toEqual([]);
  });

  test('a problem that may pass is followed by another try', async () => {
    const limited = { problem: { code: 'limited' } };
    const { url, orders } = await erring([{ reply: limited }, { reply: limited }, { changes: chain(1), reply: followed('1') }]);
    const one = collect(connect(url).live, 'tasks', { after: '0' });
    await eventually(() => expect(one.changes).toHaveLength(1));
    expect(orders).toHaveLength(3);
  });

  test('and with no server at all, goes on trying until there is one', async () => {
    const rig = await start();
    await rig.comments(1);
    const { live, states } = connect(rig.url);
    const one = collect(live, 'tasks', { after: '' });
    await eventually(() => expect(one.changes).toHaveLength(1));
    await rig.realtime().stop();
    await eventually(() => expect(states.filter((state) => state === 'offline').length).toBeGreaterThan(3));
    await rig.restart();
    await rig.comments(1);
    await eventually(() => expect(one.changes).toHaveLength(2));
  });
});
