/** Load: two users who work on tasks for each other, and order. Each command has a key, and is repeated with it until it is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import type { FaultWorld } from './faults.fixture.ts';
import { ANSWER_PATIENCE, untilAnswered } from './faults-answered.fixture.ts';
import { placeOrder } from './faults-orders.fixture.ts';

/** A command on a task that was answered. */
export interface Command {
  task: string;
  /** The number of events that it made. */
  events: number;
  revision: number;
  position: string;
  /** The number of times that it was sent. */
  times: number;
}

export interface Load {
  /** Resolves once so many more commands on tasks were answered. Rejects with an error of the load. */
  answered(count: number): Promise<void>;
  /** As `answered`, and an order was placed and answered in that time. */
  answeredWithOrder(count: number): Promise<void>;
  /** Sends so many commands at once, every other one an order; resolves once all of them are answered. */
  burst(count: number): Promise<void>;
  /** Resolves once every command that was begun is answered. */
  stop(): Promise<void>;
}

/** Milliseconds between two commands of a user: at first some six a second in all. A slow machine gets no more. */
const PACE = 250;
const COMMANDS_AT_PACE = 60;
/** Of so many steps of a task, one is followed by an order. */
const STEPS_TO_AN_ORDER = 3;

/** Starts the load at once. */
export async function startLoad(world: FaultWorld): Promise<Load> {
  const { alice, bob } = await world.users();
  const before = world.commands.length;
  /** Orders begun in this world: each has an address of its own. */
  let orders = world.orders.length;
  let stopping = false;
  let failure: unknown;

  async function send(by: User, what: string, body: object, events = 1): Promise<string> {
    const { reply, times } = await untilAnswered(by, what, { body });
    const { id, revision, position } = reply.body;
    world.commands.push({ task: id, events, revision, position, times });
    return id;
  }

  /** One after the other; what is within one step, at the same time. */
  async function* life(maker: User, other: User): AsyncGenerator<unknown> {
    const title = `Task ${crypto.randomUUID()}`;
    const id = await send(maker, 'POST /api/tasks', { title, userId: other.id }, 2);
    const on = (by: User, what: string, body: object) => send(by, what.replace(':id', id), body);
    const comment = (by: User) => on(by, 'POST /api/tasks/:id/comments', { text: `Comment ${crypto.randomUUID()}` });
    yield;
    yield await comment(other);
    yield await on(other, 'PUT /api/tasks/:id/status', { status: 'in-progress' });
    yield await Promise.all([comment(maker), comment(other)]);
    yield await on(maker, 'PUT /api/tasks/:id/assignee', { userId: maker.id });
    yield await comment(maker);
    yield await on(maker, 'PUT /api/tasks/:id/status', { status: 'done' });
  }

  async function order(by: User): Promise<void> {
    world.orders.push(await placeOrder(by, orders++));
  }

  async function work(maker: User, other: User): Promise<void> {
    while (!stopping) await live(maker, life(maker, other));
  }

  async function live(maker: User, steps: AsyncGenerator<unknown>): Promise<void> {
    let step = 0;
    for await (const _ of steps) {
      if (stopping) return;
      await pause();
      if (++step % STEPS_TO_AN_ORDER === 0) await order(maker);
    }
  }

  const pause = () => delay(PACE * (1 + Math.floor((world.commands.length - before) / COMMANDS_AT_PACE)));

  const working = Promise.all([work(alice, bob), work(bob, alice)]).catch((error: unknown) => {
    failure = error;
  });
  const check = () => {
    if (failure) throw failure;
  };
  async function answered(count: number): Promise<void> {
    const wanted = world.commands.length + count;
    const isOver = () => failure !== undefined || world.commands.length >= wanted;
    await vi.waitFor(() => expect(isOver(), 'commands are not answered any more').toBe(true), { timeout: ANSWER_PATIENCE, interval: 5 });
    check();
  }

  return {
    answered,
    answeredWithOrder: async (count) => {
      await Promise.all([answered(count), order(bob)]);
    },
    burst: async (count) => {
      const one = (index: number) => (index % 2 === 0 ? send(alice, 'POST /api/tasks', { title: `Task ${crypto.randomUUID()}` }) : order(bob));
      await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
    },
    stop: async () => {
      stopping = true;
      await working;
      check();
    },
  };
}
