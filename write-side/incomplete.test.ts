import { createHmac, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Command } from '../contracts/aggregate.ts';
import { exampleEvent } from '../contracts/catalog.ts';
import type { NewEvent } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandContext, CommandHandler } from '../platform/command-handler.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { inMemoryStore, newEvent } from '../platform/event-store/in-memory.fixture.ts';
import { stableId } from '../platform/stable-id.ts';
import type { TaskState } from './deciders/task.ts';
import type { UserState } from './deciders/user.ts';
import { commandHandler } from './handle-command.ts';
import { ALICE, NOW } from './spec.fixture.ts';

const hmac = (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
const handlerOn = (store: EventStore) => commandHandler({ store, hmac, log: { warn: () => {} } });
const CONTEXT: CommandContext = { correlationId: 'c0ffee00-0000-4000-8000-000000000000', bodyHash: 'one' };
let store: EventStore;

beforeEach(() => {
  store = inMemoryStore();
});

/** Events that this release does not know, by what is unknown of them. */
const UNKNOWN: Record<string, () => NewEvent> = {
  'a type of no contract': () => ({ ...newEvent('UserEdited'), type: 'UserCelebrated', data: { exists: false, email: 'nobody@example.org' } }),
  'a newer shape': () => {
    const event = newEvent('UserDeleted');
    return { ...event, metadata: { ...event.metadata, schema: event.metadata.schema + 1 } };
  },
  'a type of another category': () => newEvent('TaskDeleted'),
  'no metadata of ours': () => ({ ...newEvent('UserDeleted'), metadata: {} }) as NewEvent,
};

/** A command with a key of its own. */
function cmd(category: string, type: string, data: unknown, id: string = randomUUID()): Command {
  return { type, stream: `${category}-${id}`, id, data, commandId: randomUUID(), actor: ALICE, now: NOW };
}
const register = (email: string) => cmd('user', 'RegisterUser', { name: 'Alice', email });

async function problemOf(promise: Promise<unknown>): Promise<ProblemError> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof ProblemError) return error;
  throw error;
}

const REFUSED = {
  code: 'unavailable',
  status: 503,
  message: expect.stringContaining('written by a newer release'),
  headers: { 'Retry-After': '60' },
};

async function typesOf(stream: string): Promise<string[]> {
  const types: string[] = [];
  for await (const page of store.readStream(stream)) types.push(...page.map(({ type }) => type));
  return types;
}

describe.each(Object.entries(UNKNOWN))('invariant 17: an event of %s', (_, unknown) => {
  const anna = register('anna@example.org');
  let before: CommandHandler;

  beforeEach(async () => {
    before = handlerOn(store);
    await before.handle(anna, CONTEXT);
    await store.append(anna.stream, 0, [unknown()]);
  });

  /** The handler that had the stream in memory, and one that reads it anew. */
  const handlers = () => [before, handlerOn(store)];

  it('leaves the state as it was, and says that it is incomplete', async () => {
    for (const handler of handlers()) {
      const { state, revision, missing } = await handler.load<UserState>(anna.stream);
      expect([state.exists, state.deleted, state.email, revision]).toEqual([true, false, 'anna@example.org', 1]);
      expect(missing).toMatchObject({ shape: { stream: anna.stream } });
      expect(await handler.holder({ kind: 'email', value: 'anna@example.org' })).toBe(anna.id);
    }
  });

  it('makes every command on its stream 503, with nothing recorded; a repeat gets its first answer', async () => {
    for (const handler of handlers()) {
      const admit = vi.fn(async () => {});
      for (const [type, data] of Object.entries({ EditUser: { name: 'Anne' }, ConfirmUser: {}, DeleteUser: {} }))
        expect(await problemOf(handler.handle(cmd('user', type, data, anna.id), { ...CONTEXT, admit }))).toMatchObject(REFUSED);
      expect(admit).not.toHaveBeenCalled();
      expect(await handler.handle(anna, CONTEXT)).toMatchObject({ revision: 0 });
    }
    expect(await typesOf(anna.stream)).toEqual(['UserCreated', unknown().type]);
  });

  it('makes a command 503 that needs it as a fact; others go on', async () => {
    for (const handler of handlers()) {
      const create = cmd('task', 'CreateTask', { title: 'Lamp', userId: anna.id });
      expect(await problemOf(handler.handle(create, CONTEXT))).toMatchObject(REFUSED);
      expect(await typesOf(create.stream)).toEqual([]);
      expect(await handler.handle(register(`${randomUUID()}@example.org`), CONTEXT)).toMatchObject({ revision: 0 });
    }
  });

  it('keeps its user the address: a stranger does not get it, and the stream is not closed', async () => {
    for (const handler of handlers()) {
      const stranger = register('Anna@example.org');
      expect(await problemOf(handler.handle(stranger, CONTEXT))).toMatchObject(REFUSED);
      expect(await typesOf(stranger.stream)).toEqual([]);
    }
    expect(await typesOf(anna.stream)).toEqual(['UserCreated', unknown().type]);
  });
});

describe('invariant 17: an incomplete state', () => {
  const id = stableId('test', 'long');
  const stream = `task-${id}`;
  const unknown = { ...newEvent('TaskEdited'), type: 'TaskPinned', data: {} };

  it('of a registration that was never finished keeps its address, too', async () => {
    const unfinished = register('anna@example.org');
    const failing: EventStore = {
      ...store,
      append: async (...given) => {
        if (given[0] === unfinished.stream) throw new Error('the process ends here');
        return store.append(...given);
      },
    };
    await expect(handlerOn(failing).handle(unfinished, CONTEXT)).rejects.toThrow('the process ends here');
    await store.append(unfinished.stream, -1, [{ ...newEvent('UserEdited'), type: 'UserImported' }]);
    expect(await problemOf(handlerOn(store).handle(register('anna@example.org'), CONTEXT))).toMatchObject(REFUSED);
    expect(await typesOf(unfinished.stream)).toEqual(['UserImported']);
  });

  it('is not kept as a snapshot: the release that knows the event reads it', async () => {
    const comments = Array.from({ length: 300 }, () => newEvent('TaskCommented'));
    await store.append(stream, -1, [newEvent('TaskCreated'), unknown, ...comments]);
    const handler = handlerOn(store);
    expect((await handler.load(stream)).missing).toMatchObject({ shape: { type: 'TaskPinned' } });
    await handler.settle();
    expect(await typesOf(`_snapshot-${stream}`)).toEqual([]);
  });

  it('is known as one over a snapshot that was taken before', async () => {
    const comments = Array.from({ length: 300 }, () => newEvent('TaskCommented'));
    await store.append(stream, -1, [newEvent('TaskCreated'), ...comments]);
    const handler = handlerOn(store);
    await handler.load(stream);
    await handler.settle();
    await store.append(stream, 300, [unknown, ...comments]);
    const loaded = await handlerOn(store).load(stream);
    expect(loaded).toMatchObject({ revision: 601, missing: { shape: { type: 'TaskPinned' } } });
    expect(await typesOf(`_snapshot-${stream}`)).toEqual(['Snapshot']);
  });

  it('is what the known events say, whatever is unknown between them', async () => {
    const types = ['TaskAssigned', 'TaskEdited', 'TaskStatusChanged', 'TaskCommented', 'TaskDeleted', 'TaskRestored'];
    const known = fc.constantFrom(...types).map((type) => ({ type, known: true }));
    const other = fc.constantFrom('TaskPinned', 'UserDeleted', ...types).map((type) => ({ type, known: false }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(known, other), { maxLength: 80 }), async (steps) => {
        const made = [{ event: newEvent('TaskCreated'), known: true }, ...steps.map((step) => ({ event: eventOf(step), known: step.known }))];
        const [found, wanted] = await Promise.all([made, made.filter((one) => one.known)].map(stateAfter));
        expect(found?.state).toEqual(wanted?.state);
        expect(found?.missing === undefined).toBe(steps.every((step) => step.known));
      }),
      { numRuns: 60 },
    );
  });

  async function stateAfter(made: { event: NewEvent }[]) {
    const filled = inMemoryStore();
    await filled.append(
      stream,
      -1,
      made.map(({ event }) => event),
    );
    return handlerOn(filled).load<TaskState>(stream);
  }

  /** An event of a type; unknown: of a newer shape, where the type is one of tasks. */
  function eventOf({ type, known }: { type: string; known: boolean }): NewEvent {
    const event = type === 'TaskPinned' ? unknown : newEvent(type);
    const schema = known ? event.metadata.schema : exampleEvent('TaskEdited').metadata.schema + 1;
    return { ...event, id: randomUUID(), metadata: { ...event.metadata, schema } };
  }
});
