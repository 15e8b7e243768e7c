/**
 * Faults on real servers, each with load running. FAULT_ROUNDS (1; `npm run faults`: 20) is how often each is done, FAULT_SEED repeats a run.
 * docs/FAULTS.md says what must hold after each.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, it, onTestFailed, vi } from 'vitest';
import { QUEUES } from '../app/queues.ts';
import { EVENTS } from '../platform/event-bus/rabbitmq/topology.ts';
import { type Chance, chanceOf } from '../platform/event-bus/unreliable.fixture.ts';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { DISTRIBUTED, type PartProcess } from './distributed.fixture.ts';
import { type FaultWorld, openFaultWorld, PROCESSES } from './faults.fixture.ts';
import * as broker from './faults-broker.fixture.ts';
import { checkAll } from './faults-checks.fixture.ts';
import { type Command, type Load, startLoad } from './faults-load.fixture.ts';
import { readStory, streamsOf } from './faults-log.fixture.ts';
import { activeOf, lastLoading, type SettledOptions } from './faults-settled.fixture.ts';

const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 1);
/** So many kills of single processes at random moments; each of them is killed in every round then. `npm run faults`: 500. */
const PART_KILLS = Number(process.env.PART_KILLS ?? 0);
/** Without it, a process is killed in one round of so many. */
const ROUNDS_TO_A_KILL = PART_KILLS > 0 ? 1 : 3;
/** Milliseconds within which the kills of a round begin. */
const KILLED_WITHIN = PART_KILLS > 0 ? 3_000 : 1_000;
const KILL_ROUNDS = Math.max(ROUNDS, ROUNDS_TO_A_KILL, Math.ceil((PART_KILLS * ROUNDS_TO_A_KILL) / PROCESSES));
/** What the last check awaits: the last lease of a killed process, and the last lost offer. */
const NOTHING_WAITS = { waiting: false, patience: 240_000 };
const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Rounds under one load, before all is compared: read models, and what was sent, keep what went wrong until then. */
const ROUNDS_OF_A_LOAD = 3;
/** Rounds before read models are compared with new ones, made from the log: each keeps until then what went wrong in it, so once in a world is enough. */
const ROUNDS_TO_A_REBUILD = 9;
/** Rounds that a world lives: its collections stay small. */
const ROUNDS_OF_A_WORLD = PART_KILLS > 0 ? 18 : ROUNDS_TO_A_REBUILD;
/** Commands at once, so that one of them is being appended. */
const BURST = 16;
/** Delivery workers: two in each process. */
const WORKERS = 4;
const PATIENCE = { timeout: 60_000, interval: 5 };

/** One fault under load: what is done, and mended. */
interface Round {
  world: FaultWorld;
  load: Load;
  chance: Chance;
  /** From 0. */
  round: number;
}

type Fault = (round: Round) => Promise<void>;

describeWith(DISTRIBUTED, 'faults, with load running', () => {
  let world: FaultWorld | undefined;
  let worldBroken = false;
  const figures = new Map<string, number[]>();

  async function theWorld(): Promise<FaultWorld> {
    if (world && (worldBroken || world.rounds + ROUNDS_OF_A_LOAD > ROUNDS_OF_A_WORLD)) {
      if (PART_KILLS > 0 && !worldBroken) await checkAll(world, '', NOTHING_WAITS);
      else if (world.rounds > world.compared.rounds && !worldBroken) await checkAll(world, world.compared.position);
      await closeWorld();
    }
    world ??= await openFaultWorld();
    return world;
  }
  async function closeWorld(): Promise<void> {
    const last = world;
    world = undefined;
    worldBroken = false;
    await last?.close();
  }
  afterAll(async () => {
    await closeWorld();
    const line = ([what, all]: [string, number[]]) => `${what}: ${all.map((ms) => Math.round(ms)).join(', ')} ms\n`;
    process.stdout.write([...figures].map(line).join(''));
  }, 120_000);

  /** How long something takes. */
  async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const result = await work();
    figures.set(what, [...(figures.get(what) ?? []), performance.now() - begun]);
    return result;
  }

  /** A test of a fault. */
  function fault(name: string, inject: Fault, { rounds = ROUNDS, ...options }: SettledOptions & { rounds?: number } = {}): void {
    it(`${name} (${rounds} times)`, { timeout: 300_000 + rounds * 120_000 }, async () => {
      process.stdout.write(`${name}: FAULT_SEED=${SEED}\n`);
      onTestFailed(() => {
        worldBroken = true;
      });
      const chance = chanceOf(SEED);
      for (let round = 0; round < rounds; round += ROUNDS_OF_A_LOAD) {
        await underLoad(await theWorld(), { chance, from: round, to: Math.min(round + ROUNDS_OF_A_LOAD, rounds) }, inject, options);
      }
    });
  }

  async function underLoad(
    it: FaultWorld,
    { chance, from, to }: { chance: Chance; from: number; to: number },
    inject: Fault,
    options: SettledOptions,
  ): Promise<void> {
    const begun = performance.now();
    const load = await startLoad(it);
    try {
      for (let round = from; round < to; round++) {
        it.rounds++;
        await load.answered(3);
        await inject({ world: it, load, chance, round });
        await load.answered(3);
      }
    } finally {
      await load.stop();
    }
    process.stdout.write(`  ${((performance.now() - begun) / 1_000).toFixed(1)} s of load; `);
    const rebuild = it.rounds - it.compared.rounds >= ROUNDS_TO_A_REBUILD;
    process.stdout.write(`${await checkAll(it, it.compared.position, { ...options, rebuild })}\n`);
    if (rebuild) it.compared = { rounds: it.rounds, position: await it.log.head() };
  }

  /** From now until the page that is open has seen a command that was given after now, and a query shows it: the whole path works again. */
  async function untilSeen({ live, commands, users }: FaultWorld, load: Load): Promise<void> {
    const { admin } = await users();
    await load.answered(3);
    const { task, position } = commands.at(-1) as Command;
    await live.reached(position);
    await vi.waitFor(() => admin.ok(`GET /api/tasks/${task}`, undefined, { 'read-after': position }), PATIENCE);
  }

  const ourProcess = async (one: PartProcess, { killed }: FaultWorld) => {
    killed.add(one.program().pid);
    await one.kill();
  };

  const killsOfEach = async ({ world, load, chance, round }: Round) => {
    const { parts } = world.system;
    // In so many rounds each of them once.
    const some = shuffled(parts, chanceOf(SEED)).filter((_, index) => index % ROUNDS_TO_A_KILL === round % ROUNDS_TO_A_KILL);
    const moments = some.map((one) => ({ one, kill: chance() * KILLED_WITHIN, start: chance() * 500 }));
    const killing = moments.map(async ({ one, kill, start }) => {
      await delay(kill);
      await ourProcess(one, world);
      await delay(start);
      await one.start();
    });
    await Promise.all(killing);
    await load.answered(5);
  };

  fault('each of our processes is killed (kill -9) at random moments, and started again', killsOfEach, { rounds: KILL_ROUNDS });

  /** Resolves once one of the commands that a burst is made of was recorded after this position. */
  const recorded = ({ log }: FaultWorld, after: string, timeout = PATIENCE.timeout) =>
    vi.waitFor(
      async () => {
        const types: string[] = [];
        for await (const page of log.readAll({ from: after })) types.push(...page.flatMap(({ position, type }) => (position > after ? type : [])));
        expect(types.includes('OrderPlaced') || types.includes('TaskCreated'), 'recorded').toBe(true);
      },
      { timeout, interval: 2 },
    );

  /** Cuts all ways to the event store but the forwarder's when a command is recorded and nobody was told. Meanwhile a process may be killed; it is started again. */
  async function cutInMidAppend({ world, load }: Round, killed?: PartProcess): Promise<void> {
    const { store: way } = world.ways;
    for (let isCut = false; !isCut; ) {
      const before = await world.log.head();
      const burst = load.burst(BURST);
      await recorded(world, before);
      // What is appended from here on is durable, and nobody is told.
      way.swallow('to the client');
      const head = await world.log.head();
      isCut = await recorded(world, head, 300).then(
        () => true,
        () => false,
      );
      if (isCut && killed) await ourProcess(killed, world);
      way.pass();
      way.cut();
      if (isCut) await killed?.start();
      await burst;
    }
  }

  fault('the write side is killed in mid-append, and started again', async (round) => {
    const [writeSide] = round.world.system.of('write-side');
    await cutInMidAppend(round, writeSide);
    await timed('the write side was started again → all of the path works', () => untilSeen(round.world, round.load));
  });

  const LOADING = 'projections: of that, reading the states of the read models';
  for (const part of ['forwarder', 'projections'] as const) {
    fault(`the active one of two processes of ${part} is killed, and the other takes over`, async ({ world, load }) => {
      const active = await vi.waitFor(async () => (await activeOf(world, part, part)) ?? Promise.reject(new Error('none is active')), PATIENCE);
      await ourProcess(active, world);
      await timed(`${part}: kill -9 of the active one → the other is active`, () =>
        vi.waitFor(async () => expect(await activeOf(world, part, part)).toBeDefined(), PATIENCE),
      );
      // The forwarder is no follower, and has none to tell.
      for (const ms of lastLoading(world, part)) figures.set(LOADING, [...(figures.get(LOADING) ?? []), ms]);
      await untilSeen(world, load);
      await active.start();
    });
  }

  /** Queues of offers; what they lose is offered again. */
  const WORKED_ON = ['email_notifications', 'orders'];
  /** Every queue that has a name: whichever of them loses what it holds, offers may be lost by that. */
  const OFFERS_LOST_BY = QUEUES.flatMap(({ name }) => name ?? []);
  fault('queues are deleted', async ({ world, load, chance }) => {
    for (const queue of shuffled(OFFERS_LOST_BY, chance)) {
      await broker.deleteQueue(world.broker, queue);
      await load.answeredWithOrder(1);
    }
    world.offersLost = new Date().toISOString();
    await timed('queues were deleted → all of the path works', () => untilSeen(world, load));
  });

  fault('a work queue is full', async ({ world, load }) => {
    const { mails } = world;
    const refusals = () => world.system.output().split('the queue takes no offers').length;
    const before = refusals();
    const widen = await broker.narrow(world.broker, 'email_notifications');
    mails.hold();
    try {
      // Every worker waits for its mail to be taken.
      await vi.waitFor(() => expect(mails.held()).toBeGreaterThanOrEqual(WORKERS), PATIENCE);
      await broker.fill(world.broker, 'email_notifications', () => `notification-${crypto.randomUUID()}`);
      // What stands in the queue is not offered again before a minute is over.
      await vi.waitFor(() => expect(refusals(), 'offers refused').toBeGreaterThan(before), { ...PATIENCE, timeout: 3 * PATIENCE.timeout });
      await load.answered(3);
    } finally {
      mails.release();
      await widen();
    }
  });

  fault('RabbitMQ is killed, and started again', async ({ world, load }) => {
    await world.broker.kill();
    await load.answeredWithOrder(5);
    await world.broker.restart();
    await timed('RabbitMQ answers again → all of the path works', () => untilSeen(world, load));
  });

  fault('RabbitMQ loses all that it kept', async ({ world, load }) => {
    const burst = load.burst(BURST);
    await world.broker.wipe();
    await burst;
    world.offersLost = new Date().toISOString();
    await timed('RabbitMQ answers again, empty → all of the path works', () => untilSeen(world, load));
  });

  fault('RabbitMQ closes connections', async ({ world, load, chance }) => {
    await broker.closeConnections(world.broker, chance);
    await timed('connections were closed → all of the path works', () => untilSeen(world, load));
  });

  fault(
    'RabbitMQ closes channels: of who publishes to what is deleted, and of who keeps a delivery for too long',
    async ({ world, load }) => {
      const { mails } = world;
      const missing = broker.closedChannels(world.broker, 'not_found');
      const late = broker.closedChannels(world.broker, 'precondition_failed');
      const expectMore = ({ now, before }: typeof late) => vi.waitFor(() => expect(now(), 'channels closed').toBeGreaterThan(before), PATIENCE);
      await broker.deleteExchange(world.broker, EVENTS);
      await load.answeredWithOrder(3);
      await expectMore(missing);
      await timed('the exchange of all events was deleted → all of the path works', () => untilSeen(world, load));
      const mend = await broker.closeSlowChannels(world.broker);
      mails.hold();
      try {
        await vi.waitFor(() => expect(mails.held()).toBeGreaterThan(0), PATIENCE);
        await load.answered(3);
        await expectMore(late);
      } finally {
        mails.release();
        // Queues are bound again by who consumes them, once their connections are new.
        await mend();
      }
      world.offersLost = new Date().toISOString();
      await timed('channels were closed → all of the path works', () => untilSeen(world, load));
    },
    { rounds: Math.ceil(ROUNDS / 3) },
  );

  fault('the network to RabbitMQ swallows what is sent, for a while', async ({ world, load, chance }) => {
    const { broker: way } = world.ways;
    way.swallow(chance() < 0.5 ? 'both ways' : 'to the client');
    await load.answeredWithOrder(5);
    way.pass();
    await timed('the network to RabbitMQ passes new connections → all of the path works', () => untilSeen(world, load));
  });

  fault('messages come twice, in another order, and offers twice', async ({ world, load, chance }) => {
    const before = await world.log.head();
    expect(await broker.repeatEvents(world.broker, chance, () => load.answeredWithOrder(10))).toBeGreaterThan(0);
    const story = await readStory(world.log);
    const made = (category: string) =>
      streamsOf(story, category).flatMap(([stream, [first]]) => ((first?.position ?? '') > before ? [stream, stream] : []));
    await broker.offerAgain(world.broker, 'email_notifications', made('notification'));
    await broker.offerAgain(world.broker, 'orders', made('order'));
  });

  fault('messages are swallowed', async ({ world, load, chance }) => {
    const mend = await broker.swallowEvents(world.broker, chance);
    await load.answeredWithOrder(10);
    for (const queue of OFFERS_LOST_BY) await broker.purge(world.broker, queue);
    world.offersLost = new Date().toISOString();
    await mend();
    await timed('messages were swallowed → all of the path works', () => untilSeen(world, load));
  });

  fault('messages come that are not ours or not valid', async ({ world, load }) => {
    const dead = () => Promise.all(WORKED_ON.map((queue) => broker.depthOf(world.broker, `${queue}.dead`)));
    const before = await dead();
    const sent = await broker.sendWrong(world.broker, OFFERS_LOST_BY);
    // A queue of offers keeps them for whoever looks; an empty one is among them.
    await vi.waitFor(async () => expect(await dead()).toEqual(before.map((depth) => depth + sent)), PATIENCE);
    await load.answeredWithOrder(3);
  });

  fault('Redis is killed, and started again', async ({ world, load }) => {
    await world.cache.kill();
    await load.answeredWithOrder(5);
    await world.cache.restart();
    await timed('Redis answers again → all of the path works', () => untilSeen(world, load));
  });

  fault('FerretDB stands still for 10 s', async ({ world, load }) => {
    world.documents.pause();
    const order = load.answeredWithOrder(0);
    await delay(10_000);
    world.documents.resume();
    await order;
    await timed('FerretDB goes on → all of the path works', () => untilSeen(world, load));
  });

  fault('FerretDB is killed, and started again', async ({ world, load, chance }) => {
    await delay(chance() * 300);
    await world.documents.kill();
    const burst = load.burst(BURST);
    await delay(chance() * 500);
    await world.documents.restart();
    await burst;
    await timed('FerretDB answers again → all of the path works', () => untilSeen(world, load));
  });

  fault('the connections to the event store are cut in mid-append', async (round) => {
    await cutInMidAppend(round);
    await timed('the event store was cut off in mid-append → all of the path works', () => untilSeen(round.world, round.load));
  });

  fault('the connections to the event store are cut in mid-subscription', async ({ world, load }) => {
    const { forwarderToStore: way } = world.ways;
    way.swallow('to the client');
    await load.answeredWithOrder(5);
    way.pass();
    way.cut();
    await timed('the event store was cut off in mid-subscription → all of the path works', () => untilSeen(world, load));
  });

  fault('the event store is killed, and started again', async ({ world, load, chance }) => {
    await delay(chance() * 300);
    await world.storeServer.kill();
    const burst = load.burst(BURST);
    await delay(chance() * 500);
    await world.storeServer.start();
    await burst;
    await timed('the event store answers again → all of the path works', () => untilSeen(world, load));
  });

  it('in the end every order was decided, and every mail sent once, or it is listed which attempts may have sent it', {
    timeout: 300_000,
  }, async () => {
    if (world && !worldBroken) await checkAll(world, '', NOTHING_WAITS);
  });
});

function shuffled<T>(all: readonly T[], chance: Chance): T[] {
  return all
    .map((one) => ({ one, at: chance() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
