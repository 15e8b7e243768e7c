/** The store on a network that fails, through a TCP proxy before the double. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { NO_STREAM, type RecordedEvent } from '../../../contracts/message.ts';
import { type Rig, startRig } from '../double/rig.fixture.ts';
import { all, events } from '../event-store.suite.ts';
import { AppendUnknown, type EventStore, StoreUnavailable } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openConnection } from './connection.ts';
import { openEventStoreDb } from './eventstoredb.ts';
import { notConnected } from './ready.ts';

const stream = () => `task-${randomUUID()}`;
const SHORT = { patience: 400 };
const QUIET = { info: () => {}, warn: () => {} };
let rig: Rig;
let store: EventStore;

beforeEach(async () => {
  rig = await startRig();
  store = await rig.open();
});
afterEach(() => rig.end());

/** Repeats work until it succeeds, as it soon does on a store that was cut off. */
const again = <T>(work: () => Promise<T>) => vi.waitFor(work, { timeout: 20_000, interval: 20 });

describe('an append whose connection is cut', () => {
  it('invariant 3: is unknown when it was recorded but not answered, and repeated is answered as the first time', async () => {
    const [name, batch] = [stream(), events(2)];
    rig.proxy.swallow('to the client');
    const appending = store.append(name, NO_STREAM, batch);
    appending.catch(() => {});
    const other = await recordedBehindTheProxy(name, 2);
    rig.proxy.cut();
    await expect(appending).rejects.toBeInstanceOf(AppendUnknown);
    rig.proxy.pass();
    const appended = await again(() => store.append(name, NO_STREAM, batch));
    expect(appended).toEqual({ revision: 1, position: other.at(-1)?.position });
    expect(await all(store.readStream(name))).toHaveLength(2);
  });

  it('invariant 3: is unknown when it was sent but not recorded, and repeated is recorded', async () => {
    const [name, batch] = [stream(), events(2)];
    await store.append(stream(), NO_STREAM, events(1));
    rig.proxy.swallow('to the server');
    const appending = store.append(name, NO_STREAM, batch);
    appending.catch(() => {});
    // The client writes to the socket within this turn of the event loop or the next ones.
    await new Promise((resolve) => setImmediate(resolve));
    rig.proxy.cut();
    await expect(appending).rejects.toBeInstanceOf(AppendUnknown);
    rig.proxy.pass();
    expect(await again(() => store.append(name, NO_STREAM, batch))).toMatchObject({ revision: 1 });
  });

  it('invariant 3: is unknown when the server is silent, and the next one finds another connection', async () => {
    const hurried = await rig.open(SHORT);
    const [name, batch] = [stream(), events(1)];
    await hurried.append(stream(), NO_STREAM, events(1));
    rig.proxy.swallow('both ways');
    await expect(hurried.append(name, NO_STREAM, batch)).rejects.toBeInstanceOf(AppendUnknown);
    rig.proxy.pass();
    expect(await again(() => hurried.append(name, NO_STREAM, batch))).toMatchObject({ revision: 0 });
  });

  it('never ends the process: hundreds in flight, more than the socket takes, are each answered or unknown', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    try {
      const large = () => [anEvent('x'.repeat(20_000))];
      const names = Array.from({ length: 300 }, stream);
      const appends = names.map((name) => store.append(name, NO_STREAM, large()));
      await Promise.race(appends);
      rig.proxy.cut();
      const outcomes = await Promise.allSettled(appends);
      const lost = outcomes.filter((one) => one.status === 'rejected');
      expect(lost.length).toBeGreaterThan(0);
      for (const { reason } of lost) expect(reason).toBeInstanceOf(AppendUnknown);
      for (const [index, outcome] of outcomes.entries())
        if (outcome.status === 'fulfilled') expect(await again(() => all(store.readStream(names[index] ?? '')))).toHaveLength(1);
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off('unhandledRejection', unhandled);
    }
  });

  it('is surely not recorded where there was no connection to send it on', async () => {
    const name = stream();
    await store.append(name, NO_STREAM, events(1));
    await rig.proxy.refuse();
    await again(() => expect(store.append(name, 0, events(1))).rejects.toBeInstanceOf(StoreUnavailable));
    await rig.proxy.listen();
    expect(await again(() => store.append(name, 0, events(1)))).toMatchObject({ revision: 1 });
  });

  it('invariant 2: what was acknowledged is there after the server was restarted', async () => {
    const name = stream();
    const batch = events(3);
    await store.append(name, NO_STREAM, batch);
    await rig.restart();
    expect(await again(() => all(store.readStream(name)))).toMatchObject(batch);
    expect(await again(() => store.append(name, NO_STREAM, batch))).toMatchObject({ revision: 2 });
  });
});

it.each([5, -5])(
  'a clock that is set by %d hours while the server is away, and again when it is back, keeps no append, read or subscription waiting',
  async (hours) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const name = stream();
    const follower = following(store);
    await store.append(name, NO_STREAM, events(1));
    await rig.proxy.refuse();
    await again(() => expect(store.append(name, 0, events(1))).rejects.toBeInstanceOf(StoreUnavailable));
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    await again(() => expect(store.append(name, 0, events(1))).rejects.toBeInstanceOf(StoreUnavailable));
    await rig.proxy.listen();
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    expect(await again(() => store.append(name, 0, events(1)))).toMatchObject({ revision: 1 });
    expect(await again(() => all(store.readStream(name)))).toHaveLength(2);
    await vi.waitFor(() => expect(follower.seen).toHaveLength(2), { timeout: 20_000 });
    await follower.end();
  },
);

describe('a subscription whose connection is cut', () => {
  it('invariant 13: goes on with nothing missing and nothing twice, however often and whenever it is cut', async () => {
    const writer = await openBeside();
    const follower = following(store);
    const written: string[] = [];
    for (let round = 0; round < 8; round++) {
      for (const event of events(40)) {
        await writer.append(stream(), NO_STREAM, [event]);
        written.push(event.id);
      }
      rig.proxy.cut();
      if (round % 3 === 2) await rig.proxy.refuse().then(rig.proxy.listen);
    }
    await vi.waitFor(() => expect(follower.seen).toHaveLength(written.length), { timeout: 20_000 });
    await follower.end();
    expect(follower.seen.map(({ id }) => id)).toEqual(written);
    await writer.close();
  });

  it('invariant 13: goes on when the server was restarted', async () => {
    const follower = following(store);
    const [before, after] = [events(3), events(3)];
    await store.append(stream(), NO_STREAM, before);
    await vi.waitFor(() => expect(follower.seen).toHaveLength(3));
    await rig.restart();
    await again(() => store.append(stream(), NO_STREAM, after));
    await vi.waitFor(() => expect(follower.seen).toHaveLength(6), { timeout: 20_000 });
    await follower.end();
    expect(follower.seen).toMatchObject([...before, ...after]);
  });

  it('invariant 13: notices silence, and goes on', async () => {
    const writer = await openBeside();
    const follower = following(await rig.open(SHORT));
    await writer.append(stream(), NO_STREAM, events(1));
    await vi.waitFor(() => expect(follower.seen).toHaveLength(1));
    rig.proxy.swallow('both ways');
    await writer.append(stream(), NO_STREAM, events(2));
    await vi.waitFor(() => expect(rig.said.join()).toMatch(/silent/), { timeout: 20_000 });
    rig.proxy.pass();
    await vi.waitFor(() => expect(follower.seen).toHaveLength(3), { timeout: 20_000 });
    await follower.end();
    await writer.close();
  });

  it('ends without an error when its signal aborts while there is no server', async () => {
    const follower = following(store);
    await rig.proxy.refuse();
    await vi.waitFor(() => expect(rig.said.join()).toMatch(/the event store cannot be used/));
    await follower.end();
  });
});

describe('a cluster that is looked for', () => {
  it('invariant 13: may be gone for a while: nothing ends the process, and subscriptions go on', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const url = `esdb+discover://127.0.0.1:${rig.double.port}?tls=false&maxDiscoverAttempts=1`;
    const found = await openEventStoreDb(url, { log: QUIET });
    const followers = [following(found), following(found), following(found)];
    await found.append(stream(), NO_STREAM, events(1));
    for (const { seen } of followers) await vi.waitFor(() => expect(seen).toHaveLength(1));
    await rig.double.stop();
    const attempt = () => Promise.allSettled([found.head(), found.append(stream(), NO_STREAM, events(1)), all(found.readAll())]);
    for (let n = 0; n < 10; n++) expect((await attempt()).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await rig.restart();
    await again(() => found.append(stream(), NO_STREAM, events(1)));
    for (const { seen, end } of followers) {
      await vi.waitFor(() => expect(seen).toHaveLength(2), { timeout: 20_000 });
      await end();
    }
    await found.close();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('the client', () => {
  it('ends no process when a call fails while the cluster is looked for in vain, because of a call that failed before', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const connection = openConnection(`esdb+discover://127.0.0.1:${rig.double.port}?tls=false&maxDiscoverAttempts=1`);
    const streams = await connection.streams();
    await rig.double.stop();
    connection.failed(streams, notConnected('the first call'));
    await new Promise((resolve) => setImmediate(resolve));
    const looking = connection.streams();
    connection.failed(streams, notConnected('the second call'));
    await expect(looking).rejects.toThrow(/discover/);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
    await connection.close();
  });
});

describe('a read', () => {
  it('does not end as if it were whole when the connection is cut', async () => {
    const name = stream();
    for (let at = 0; at < 3_000; at += 500) await store.append(name, at - 1, events(500));
    const reading = store.readStream(name)[Symbol.asyncIterator]();
    await reading.next();
    rig.proxy.cut();
    const rest = async () => {
      for (let step = await reading.next(); !step.done; step = await reading.next());
    };
    await expect(rest()).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await again(() => all(store.readStream(name)))).toHaveLength(3_000);
  });

  it('does not end as if it were whole when the store is closed', async () => {
    for (let n = 0; n < 5; n++) await store.append(stream(), NO_STREAM, events(500));
    const reading = store.readAll({ page: 10 })[Symbol.asyncIterator]();
    await reading.next();
    await store.close();
    const rest = async () => {
      for (let step = await reading.next(); !step.done; step = await reading.next());
    };
    await expect(rest()).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it('does not wait for ever for a server that is silent', async () => {
    const hurried = await rig.open(SHORT);
    await hurried.append(stream(), NO_STREAM, events(1));
    rig.proxy.swallow('both ways');
    await expect(hurried.head()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(all(hurried.readAll())).rejects.toBeInstanceOf(StoreUnavailable);
    rig.proxy.cut();
    rig.proxy.pass();
    await again(() => hurried.head());
  });

  it('finds the server again after a long time without it', async () => {
    const hurried = await rig.open(SHORT);
    await rig.proxy.refuse();
    for (let n = 0; n < 30; n++) await expect(hurried.head()).rejects.toBeInstanceOf(StoreUnavailable);
    await rig.proxy.listen();
    await again(() => hurried.head());
  });
});

/** Waits until the double holds `count` events of a stream, read without the proxy. */
async function recordedBehindTheProxy(name: string, count: number): Promise<RecordedEvent[]> {
  const beside = await openBeside();
  const found = await vi.waitFor(async () => {
    const there = await all(beside.readStream(name));
    expect(there).toHaveLength(count);
    return there;
  });
  await beside.close();
  return found;
}

/** Opens a store that is not behind the proxy. */
function openBeside(): Promise<EventStore> {
  return openEventStoreDb(rig.double.url, { log: QUIET });
}

/** Subscribes until told to end; answers the events seen so far. */
function following(from: EventStore) {
  const ending = new AbortController();
  const seen: RecordedEvent[] = [];
  const done = (async () => {
    for await (const page of from.subscribe({ signal: ending.signal })) seen.push(...page);
  })();
  const end = async () => {
    ending.abort();
    await done;
  };
  return { seen, end };
}
