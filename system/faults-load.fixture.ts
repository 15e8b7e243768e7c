/** Load: two users who work on tasks for each other. Each command has a key, and is repeated with it until it is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { Reply, User } from './client.fixture.ts';
import type { FaultWorld } from './faults.fixture.ts';

/** A command that was answered. */
export interface Command {
  task: string;
  /** Events it made. */
  events: number;
  revision: number;
  position: string;
  /** How often it was sent. */
  times: number;
}

export interface Load {
  /** Resolves once so many more commands were answered. Rejects with what went wrong with the load. */
  answered(count: number): Promise<void>;
  /** Gives so many commands at once; resolves once all of them are answered. */
  burst(count: number): Promise<void>;
  /** Resolves once every command that was begun is answered. */
  stop(): Promise<void>;
}

/** Milliseconds between two commands of a user: some six a second in all; half of that after the first commands, and so on: a slow machine gets no more. */
const PACE = 250;
const COMMANDS_AT_PACE = 60;
/** Milliseconds before a command is sent again. */
const AGAIN = 100;
/** A server that is away comes back within this. */
const PATIENCE = 90_000;

/** Begins at once. */
export async function startLoad(world: FaultWorld): Promise<Load> {
  const { alice, bob } = await world.users();
  const before = world.commands.length;
  let stopping = false;
  let failure: unknown;

  async function send(by: User, what: string, body: object, events = 1): Promise<string> {
    const { reply, times } = await untilAnswered(by, what, body);
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

  async function work(maker: User, other: User): Promise<void> {
    while (!stopping) await live(life(maker, other));
  }

  async function live(steps: AsyncGenerator<unknown>): Promise<void> {
    for await (const _ of steps) {
      if (stopping) return;
      await delay(PACE * (1 + Math.floor((world.commands.length - before) / COMMANDS_AT_PACE)));
    }
  }

  const working = Promise.all([work(alice, bob), work(bob, alice)]).catch((error: unknown) => {
    failure = error;
  });
  const check = () => {
    if (failure) throw failure;
  };
  return {
    answered: async (count) => {
      const enough = world.commands.length + count;
      await vi.waitFor(() => expect(failure !== undefined || world.commands.length >= enough, 'commands are not answered any more').toBe(true), {
        timeout: PATIENCE,
        interval: 5,
      });
      check();
    },
    burst: async (count) => {
      const tasks = Array.from({ length: count }, () => ({ title: `Task ${crypto.randomUUID()}` }));
      await Promise.all(tasks.map((task) => send(alice, 'POST /api/tasks', task)));
    },
    stop: async () => {
      stopping = true;
      await working;
      check();
    },
  };
}

/** No connection and 5xx do not say what became of it: it is sent again. */
async function untilAnswered(by: User, what: string, body: object): Promise<{ reply: Reply; times: number }> {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const deadline = Date.now() + PATIENCE;
  for (let times = 1; ; times++) {
    const reply = await by.call(what, body, headers).catch(noConnection);
    if (reply.status < 300) return { reply, times };
    if (reply.status < 500 || Date.now() > deadline) throw new Error(`${what} was answered ${reply.status} ${reply.text}`);
    await delay(AGAIN);
  }
}

/** What fetch says then; anything else is a failure. */
function noConnection(error: unknown): Reply {
  if (!(error instanceof TypeError)) throw error;
  return { status: 599, headers: new Headers(), text: String(error.cause), body: undefined };
}
