import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Command } from '../contracts/aggregate.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import { Unavailable } from '../platform/absences/unavailable.ts';
import type { CommandContext, CommandHandler } from '../platform/command-handler.ts';
import { all } from '../platform/event-store/event-store.suite.ts';
import { AppendUnknown, type EventStore, StoreOverloaded, StoreUnavailable, WrongExpectedRevision } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { problemOfError } from '../platform/http/problem-of.ts';
import { stableId } from '../platform/stable-id.ts';
import type { TaskState } from './deciders/task.ts';
import type { UserState } from './deciders/user.ts';
import { commandHandler } from './handle-command.ts';
import { ALICE, NOW } from './spec.fixture.ts';

let dataDir: string;
let store: EventStore;
const log = { error: () => {}, warn: () => {} };
const hmac = (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
const handlerOn = (it: EventStore, more = {}) => commandHandler({ store: it, hmac, log, ...more });
const CONTEXT: CommandContext = { correlationId: 'c0ffee00-0000-4000-8000-000000000000', bodyHash: 'one' };

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'handle-'));
  store = await openEventStore('sqlite:', { dataDir, log });
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

let counter = 0;
const fresh = () => stableId('test', String(++counter));
/** A command with a key of its own unless one is given. */
function cmd(
  category: string,
  type: string,
  data: unknown,
  { id = fresh(), key = fresh(), actor = ALICE }: { id?: string; key?: string; actor?: Command['actor'] } = {},
): Command {
  return { type, stream: `${category}-${id}`, id, data, commandId: key, actor, now: NOW };
}
const createTask = (more = {}) => cmd('task', 'CreateTask', { title: 'Lamp' }, more);
const register = (email: string, more = {}) => cmd('user', 'RegisterUser', { name: 'Alice', email }, more);
/** The problem a promise is rejected with. */
async function problemOf(promise: Promise<unknown>): Promise<ProblemError> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error;
  if (error instanceof Unavailable) return problemOfError(error, { info: () => {}, warn: () => {}, error: () => {} }, {});
  throw error;
}
const eventsOf = async (stream: string) => (await all(store.readStream(stream))).map((event) => event.type);

/** The store with some methods replaced. */
const withStore = (change: Partial<EventStore>): EventStore => ({ ...store, ...change });

describe('a command', () => {
  it('invariant 2: is answered once its events are in the store, with revision and position', async () => {
    const command = createTask();
    const outcome = await handlerOn(store).handle(command, CONTEXT);
    const [event] = await all(store.readStream(command.stream));
    expect(outcome).toEqual({ revision: 0, position: event?.position, changed: true });
    expect(event?.metadata).toMatchObject({
      commandId: command.commandId,
      actor: ALICE.id,
      $correlationId: CONTEXT.correlationId,
      schema: 1,
      topics: ['tasks', `task:${command.id}`, `user:${ALICE.id}`],
    });
  });

  it('that changes nothing is answered with the present revision and records nothing', async () => {
    const handler = handlerOn(store);
    const command = createTask();
    const first = await handler.handle(command, CONTEXT);
    const same = await handler.handle(cmd('task', 'EditTask', { title: 'Lamp' }, { id: command.id }), CONTEXT);
    expect(same).toEqual({ ...first, changed: false });
  });

  it('that is refused leaves nothing and may be decided again', async () => {
    const handler = handlerOn(store);
    const command = createTask();
    const close = cmd('task', 'ChangeTaskStatus', { status: 'done' }, { id: command.id });
    expect(await problemOf(handler.handle(close, CONTEXT))).toMatchObject({ code: 'not_found', status: 404 });
    await handler.handle(command, CONTEXT);
    expect(await handler.handle(close, CONTEXT)).toMatchObject({ revision: 1 });
  });
});

describe('invariant 4: a repeated command', () => {
  it('gets its first answer again, whatever happened since, before If-Match is looked at', async () => {
    const handler = handlerOn(store);
    const command = createTask();
    const first = await handler.handle(command, CONTEXT);
    const edit = cmd('task', 'EditTask', { title: 'Lamps' }, { id: command.id });
    const edited = await handler.handle(edit, { ...CONTEXT, ifMatch: [0] });
    for (const fresh of [handler, handlerOn(store)]) {
      expect(await fresh.handle(command, CONTEXT)).toEqual(first);
      expect(await fresh.handle(edit, { ...CONTEXT, ifMatch: [0] })).toEqual(edited);
    }
    expect(await eventsOf(command.stream)).toEqual(['TaskCreated', 'TaskEdited']);
  });

  it('with another body is refused with 422', async () => {
    const handler = handlerOn(store);
    const command = createTask();
    await handler.handle(command, CONTEXT);
    expect(await problemOf(handler.handle(command, { ...CONTEXT, bodyHash: 'two' }))).toMatchObject({ code: 'invalid', status: 422 });
  });

  it('at the same time is done once, and every caller hears the same', async () => {
    const command = createTask();
    const handlers = [handlerOn(store), handlerOn(store), handlerOn(store)];
    const answers = await Promise.all([...handlers, ...handlers].map((handler) => handler.handle(command, CONTEXT)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await eventsOf(command.stream)).toEqual(['TaskCreated']);
  });
});

describe('invariant 3: an append', () => {
  it('is meant for the revision in If-Match, else 412 and nothing is recorded', async () => {
    const handler = handlerOn(store);
    const command = createTask();
    await handler.handle(command, CONTEXT);
    const edit = (title: string) => cmd('task', 'EditTask', { title }, { id: command.id });
    await handler.handle(edit('a'), { ...CONTEXT, ifMatch: [0] });
    expect(await problemOf(handler.handle(edit('b'), { ...CONTEXT, ifMatch: [0] }))).toMatchObject({
      code: 'conflict',
      status: 412,
      headers: { ETag: '"1"' },
    });
    expect(await eventsOf(command.stream)).toHaveLength(2);
  });

  it('on what is not the caller’s to see is 404 whatever If-Match says, and tells no revision', async () => {
    const handler = handlerOn(store);
    const made = createTask();
    await handler.handle(made, CONTEXT);
    const actor = { id: fresh(), role: 'resident', seesAll: false } as const;
    for (const id of [made.id, fresh()]) {
      const edit = cmd('task', 'EditTask', { title: 'x' }, { id, actor });
      const problem = await problemOf(handler.handle(edit, { ...CONTEXT, ifMatch: [7] }));
      expect(problem).toMatchObject({ code: 'not_found', status: 404, headers: {} });
    }
  });

  it('that lost a race is decided again on what is there now: no update is lost', async () => {
    const command = createTask();
    const handlers = [handlerOn(store), handlerOn(store)];
    await handlers[0]?.handle(command, CONTEXT);
    const comments = Array.from({ length: 4 }, (_, n) => cmd('task', 'CommentTask', { text: `comment ${n}` }, { id: command.id }));
    await Promise.all(comments.map((comment, n) => (handlers[n % 2] as CommandHandler).handle(comment, CONTEXT)));
    expect(await eventsOf(command.stream)).toEqual(['TaskCreated', ...comments.map(() => 'TaskCommented')]);
  });

  it('of what is only being made is meant for no revision: If-Match says nothing', async () => {
    expect(await handlerOn(store).handle(createTask(), { ...CONTEXT, ifMatch: [5] })).toMatchObject({ revision: 0 });
  });

  it('of one process never races another one on the same stream: twenty comments at once are all there', async () => {
    const command = createTask();
    const handler = handlerOn(store);
    await handler.handle(command, CONTEXT);
    const comments = Array.from({ length: 20 }, (_, n) => cmd('task', 'CommentTask', { text: `comment ${n}` }, { id: command.id }));
    await Promise.all(comments.map((comment) => handler.handle(comment, CONTEXT)));
    expect(await eventsOf(command.stream)).toHaveLength(21);
  });

  it('that loses five races is answered 409', async () => {
    let tries = 0;
    const racing = withStore({
      append: async (stream, expected) => {
        tries++;
        throw new WrongExpectedRevision(stream, expected, expected + 1);
      },
    });
    expect(await problemOf(handlerOn(racing).handle(createTask(), CONTEXT))).toMatchObject({ code: 'conflict', status: 409 });
    expect(tries).toBe(5);
  });

  it('whose fate is unknown is repeated with the same ids at the same revision until it is answered', async () => {
    const seen: string[] = [];
    const flaky = withStore({
      append: async (...args) => {
        seen.push(`${args[1]} ${args[2].map((event) => event.id)}`);
        if (seen.length < 4) {
          if (seen.length === 2) await store.append(...args);
          throw new AppendUnknown('connection lost');
        }
        return store.append(...args);
      },
    });
    const command = createTask();
    expect(await handlerOn(flaky).handle(command, CONTEXT)).toMatchObject({ revision: 0 });
    expect(new Set(seen).size).toBe(1);
    expect(await eventsOf(command.stream)).toEqual(['TaskCreated']);
  });

  it('whose fate stays unknown is answered 503 "repeat", never "failed"', async () => {
    const gone = withStore({
      append: async () => {
        throw new AppendUnknown('connection lost');
      },
    });
    const problem = await problemOf(handlerOn(gone, { deadline: 300 }).handle(createTask(), CONTEXT));
    expect(problem).toMatchObject({ code: 'unavailable', status: 503 });
    expect(problem.message).toMatch(/unknown.*same Idempotency-Key/);
  });

  it.each([5, -5])('whose fate is unknown neither blocks its stream nor is given up where the clock is set by %d hours meanwhile', async (hours) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    /** A store in which the clock is set at the first append, and which records one at the `last`. */
    const unsure = (last: number) => {
      let tries = 0;
      return withStore({
        append: async (...args) => {
          if (tries++ === 0) vi.setSystemTime(Date.now() + hours * 3_600_000);
          if (tries === last) return store.append(...args);
          throw new AppendUnknown('connection lost');
        },
      });
    };
    expect(await handlerOn(unsure(3)).handle(createTask(), CONTEXT)).toMatchObject({ revision: 0 });
    const never = unsure(Number.POSITIVE_INFINITY);
    expect(await problemOf(handlerOn(never, { deadline: 300 }).handle(createTask(), CONTEXT))).toMatchObject({ status: 503 });
  });

  it('that is not answered keeps nobody longer than the deadline: those behind it are told that nothing was recorded, and nothing is', async () => {
    const command = createTask();
    await handlerOn(store).handle(command, CONTEXT);
    const answer = Promise.withResolvers<void>();
    const silent = withStore({
      append: async (...args) => {
        await answer.promise;
        return store.append(...args);
      },
    });
    const handler = handlerOn(silent, { deadline: 2_000 });
    const comment = () => cmd('task', 'CommentTask', { text: 'Where?' }, { id: command.id });
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, () => problemOf(handler.handle(comment(), CONTEXT))));
    expect(first?.message).toMatch(/unknown.*same Idempotency-Key/);
    expect(others.map(({ status, message }) => [status, message])).toEqual(others.map(() => [503, expect.stringContaining('nothing was recorded')]));
    const next = handlerOn(silent).handle(comment(), CONTEXT);
    answer.resolve();
    await next;
    const last = await handler.handle(comment(), CONTEXT);
    expect(await eventsOf(command.stream)).toEqual(['TaskCreated', 'TaskCommented', 'TaskCommented', 'TaskCommented']);
    expect(last).toMatchObject({ revision: 3 });
  });

  it('that is not begun before the deadline is never begun', async () => {
    const reading = Promise.withResolvers<void>();
    const slow = withStore({
      async *readStream(...args) {
        await reading.promise;
        yield* store.readStream(...args);
      },
    });
    const handler = handlerOn(slow, { deadline: 1_000 });
    const command = createTask();
    expect((await problemOf(handler.handle(command, CONTEXT))).message).toContain('nothing was recorded');
    reading.resolve();
    expect(await problemOf(handler.handle(cmd('task', 'CommentTask', { text: 'Where?' }, { id: command.id }), CONTEXT))).toMatchObject({
      status: 404,
    });
  });

  it.each([new StoreOverloaded('full'), new StoreUnavailable('gone')])(
    'whose fate is unknown is not called unrecorded because a repeat of it was not taken (%s)',
    async (error) => {
      let tries = 0;
      const dying = withStore({
        append: async (...args) => {
          if (tries++ > 0) throw error;
          await store.append(...args);
          throw new AppendUnknown('the writer ended');
        },
      });
      const command = createTask();
      const problem = await problemOf(handlerOn(dying, { deadline: 1_000 }).handle(command, CONTEXT));
      expect(problem.message).toMatch(/unknown.*same Idempotency-Key/);
      expect(await eventsOf(command.stream)).toEqual(['TaskCreated']);
    },
  );

  it.each([new StoreOverloaded('full'), new StoreUnavailable('gone')])(
    'that the store cannot take is answered 503 with Retry-After (%s)',
    async (error) => {
      const full = withStore({ append: () => Promise.reject(error) });
      expect(await problemOf(handlerOn(full).handle(createTask(), CONTEXT))).toMatchObject({
        status: 503,
        headers: { 'Retry-After': expect.any(String) },
      });
    },
  );
});

describe('kept states', () => {
  it('give the same answers as reading the whole stream, over snapshots and restarts', async () => {
    const command = createTask();
    const handler = handlerOn(store);
    await handler.handle(command, CONTEXT);
    const edits = Array.from({ length: 600 }, (_, n) => cmd('task', 'EditTask', { title: `title ${n}` }, { id: command.id }));
    for (const edit of edits) await handler.handle(edit, CONTEXT);
    await handler.settle();
    expect((await all(store.readStream(`_snapshot-${command.stream}`))).length).toBeGreaterThan(0);
    let read = 0;
    const counting = withStore({
      readStream: async function* (...args) {
        for await (const page of store.readStream(...args)) {
          if (args[0] === command.stream) read += page.length;
          yield page;
        }
      },
    });
    const restarted = handlerOn(counting);
    const { state, revision } = await restarted.load<TaskState>(command.stream);
    expect({ title: state.title, revision }).toEqual({ title: 'title 599', revision: 600 });
    expect(read).toBeLessThan(320);
    expect(await restarted.handle(edits[100] as Command, CONTEXT)).toMatchObject({ revision: 101 });
  });

  it('see at once what another process appended', async () => {
    const [one, two] = [handlerOn(store), handlerOn(store)];
    const command = createTask();
    await one.handle(command, CONTEXT);
    await two.handle(cmd('task', 'ChangeTaskStatus', { status: 'done' }, { id: command.id }), CONTEXT);
    expect(await one.handle(cmd('task', 'ChangeTaskStatus', { status: 'done' }, { id: command.id }), CONTEXT)).toMatchObject({
      changed: false,
      revision: 1,
    });
  });
});

describe('invariant 15: an e-mail address', () => {
  it('is taken once, whatever its case', async () => {
    const handler = handlerOn(store);
    await handler.handle(register('alice@example.org'), CONTEXT);
    expect(await problemOf(handler.handle(register('ALICE@example.org'), CONTEXT))).toMatchObject({
      code: 'conflict',
      errors: [{ pointer: '/email' }],
    });
    expect(await handler.holder({ kind: 'email', value: 'alice@example.org' })).not.toBeNull();
  });

  it('is free again when its user is deleted, or takes another', async () => {
    const handler = handlerOn(store);
    const alice = register('alice@example.org');
    await handler.handle(alice, CONTEXT);
    const self = { id: alice.id, actor: { id: alice.id, role: 'member', seesAll: true } as const };
    await handler.handle(cmd('user', 'EditUser', { email: 'new@example.org' }, self), CONTEXT);
    expect(await problemOf(handler.handle(register('alice@example.org'), CONTEXT))).toMatchObject({ code: 'conflict' });
    await handler.handle(cmd('user', 'ConfirmEmailChange', null, self), CONTEXT);
    await handler.handle(register('alice@example.org'), CONTEXT);
    expect(await problemOf(handler.handle(register('new@example.org'), CONTEXT))).toMatchObject({ code: 'conflict' });
    await handler.handle(cmd('user', 'DeleteUser', null, self), CONTEXT);
    await handler.handle(register('new@example.org'), CONTEXT);
  });

  it('that was reserved and never taken goes to the next one, and the first can no longer finish', async () => {
    const dying = withStore({
      append: (stream, ...rest) => (stream.startsWith('user-') ? Promise.reject(new StoreUnavailable('killed')) : store.append(stream, ...rest)),
    });
    const abandoned = register('alice@example.org');
    await problemOf(handlerOn(dying).handle(abandoned, CONTEXT));
    const handler = handlerOn(store);
    await handler.handle(register('alice@example.org'), CONTEXT);
    expect(await eventsOf(abandoned.stream)).toEqual(['RegistrationAbandoned']);
    expect(await problemOf(handler.handle(abandoned, CONTEXT))).toMatchObject({ code: 'conflict' });
  });

  it('that was reserved by a command which is repeated is its own', async () => {
    const dying = withStore({
      append: (stream, ...rest) => (stream.startsWith('user-') ? Promise.reject(new StoreUnavailable('killed')) : store.append(stream, ...rest)),
    });
    const command = register('alice@example.org');
    await problemOf(handlerOn(dying).handle(command, CONTEXT));
    expect(await handlerOn(store).handle(command, CONTEXT)).toMatchObject({ revision: 0 });
  });

  it('whose reservation has an unknown fate is answered 503 "repeat", and a repeat gets it', async () => {
    const flaky = withStore({
      append: async (stream, ...rest) => {
        const appended = await store.append(stream, ...rest);
        if (stream.startsWith('_email-')) throw new AppendUnknown('connection lost');
        return appended;
      },
    });
    const command = register('alice@example.org');
    expect(await problemOf(handlerOn(flaky).handle(command, CONTEXT))).toMatchObject({ code: 'unavailable', status: 503 });
    expect(await handlerOn(store).handle(command, CONTEXT)).toMatchObject({ revision: 0 });
  });

  it('is found and taken again after the key of the reservations was lost', async () => {
    const lost = { hmac: (text: string) => hmac(`another key ${text}`) };
    const alice = register('alice@example.org');
    await handlerOn(store).reserveAnew();
    await handlerOn(store).handle(alice, CONTEXT);
    const gone = register('gone@example.org');
    await handlerOn(store).handle(gone, CONTEXT);
    await handlerOn(store).handle(cmd('user', 'DeleteUser', null, { id: gone.id, actor: { id: gone.id, role: 'member', seesAll: true } }), CONTEXT);
    expect(await handlerOn(store).reserveAnew()).toBe(0);
    const after = handlerOn(store, lost);
    expect(await after.holder({ kind: 'email', value: 'alice@example.org' })).toBeNull();
    expect(await after.reserveAnew()).toBe(1);
    expect(await after.holder({ kind: 'email', value: 'alice@example.org' })).toBe(alice.id);
    expect(await problemOf(after.handle(register('alice@example.org'), CONTEXT))).toMatchObject({ code: 'conflict' });
    await after.handle(register('gone@example.org'), CONTEXT);
  });

  it('is never held twice, however registrations, changes and deaths interleave', async () => {
    const emails = ['a@example.org', 'b@example.org'] as const;
    const way = fc.constantFrom('asks', 'confirms', 'is moved by an admin');
    const address = fc.constantFrom(...emails);
    const step = fc.record({ who: fc.nat(3), email: address, way, dies: fc.boolean(), handler: fc.nat(1) });
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(address, address),
        fc.array(step, { minLength: 2, maxLength: 18 }),
        fc.scheduler(),
        async (waiting, plan, scheduler) => {
          const run = fresh();
          const users = Array.from({ length: 4 }, fresh);
          const interleaved = withStore({
            append: async (...args) => {
              await scheduler.schedule(Promise.resolve());
              return store.append(...args);
            },
          });
          const handlers = [handlerOn(interleaved), handlerOn(interleaved)];
          const dying = handlerOn({
            ...interleaved,
            append: (stream, ...rest) =>
              stream.startsWith('user-') ? Promise.reject(new StoreUnavailable('killed')) : interleaved.append(stream, ...rest),
          });
          const asks = (id: string, email: string) =>
            cmd('user', 'EditUser', { email: `${run}.${email}` }, { id, actor: { id, role: 'member', seesAll: true } });
          // The first two are there, and want an address each; the others are still to register.
          for (const [n, email] of waiting.entries()) {
            const id = users[n] as string;
            await handlerOn(store).handle(register(`${run}.start${n}@example.org`, { id }), CONTEXT);
            await handlerOn(store).handle(asks(id, email), CONTEXT);
          }
          const one = async ({ who, email, way, dies, handler }: (typeof plan)[number]) => {
            const id = users[who] as string;
            const address = `${run}.${email}`;
            const { revision } = await (handlers[0] as CommandHandler).load(`user-${id}`);
            const changes = {
              asks: () => asks(id, email),
              confirms: () => cmd('user', 'ConfirmEmailChange', null, { id, actor: { id: 'system', role: 'system', seesAll: true } }),
              'is moved by an admin': () => cmd('user', 'EditUser', { email: address }, { id, actor: { id: 'boss', role: 'admin', seesAll: true } }),
            };
            const command = revision === NO_STREAM ? register(address, { id }) : changes[way]();
            await (dies ? dying : (handlers[handler] as CommandHandler)).handle(command, CONTEXT).catch((error: unknown) => {
              if (!(error instanceof ProblemError || error instanceof Unavailable)) throw error;
            });
          };
          const done = Promise.all(plan.map(one));
          await scheduler.waitFor(done);
          const states = await Promise.all(users.map(async (id) => (await handlerOn(store).load<UserState>(`user-${id}`)).state));
          const held = states.filter((state) => state.exists && !state.deleted).map((state) => state.email);
          expect(held).toEqual([...new Set(held)]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
