/** What the row of erasing answers, whatever fails behind it. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import { ProblemError, toProblem } from '../contracts/problem.ts';
import { StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../platform/event-store/in-memory.fixture.ts';
import type { RouteRequest } from '../platform/http/route.ts';
import { stableId } from '../platform/stable-id.ts';
import { eraseUser, type UserErasing } from './erase-user.ts';
import { commandHandler } from './handle-command.ts';

const [ANN, ADMIN] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
const away = () => Promise.reject(new StoreUnavailable('it is away'));
const done = async () => ({ status: 200, headers: { Position: '1', Location: '/gone' }, body: {} });

function ordered(more: Partial<UserErasing>, command: () => Promise<Awaited<ReturnType<typeof done>>> = done, by = ANN) {
  const erasing: UserErasing = {
    expectSealed: async () => {},
    begin: async () => {},
    answer: async () => ({ status: 202, headers: {}, body: { status: 'under_way' } }),
    proofOf: (person) => `proof of ${person}`,
    ...more,
  };
  const request = { params: { id: ANN }, caller: { id: by } } as unknown as RouteRequest;
  return eraseUser({ erasing }, request, command);
}

async function problemOf(answering: Promise<unknown>) {
  const error = await answering.then(
    () => null,
    (one: unknown) => one,
  );
  return error instanceof ProblemError ? toProblem(error) : error;
}

it('where it stands comes with the proof, and a certificate as it is', async () => {
  expect(await ordered({})).toMatchObject({ status: 202, headers: { Position: '1' }, body: { proof: `proof of ${ANN}` } });
  const certified = { status: 200, headers: {}, body: { signature: 's' } };
  expect(await ordered({ answer: async () => certified })).toEqual({ ...certified, headers: { Position: '1' } });
});

it.each([
  ['begin', { begin: away }],
  ['answer', { answer: away }],
  ['know of it', { answer: async () => null }],
])('an erasure that is in the log and cannot %s is answered 503 with the proof', async (_, more) => {
  const problem = await problemOf(ordered(more));
  expect(problem).toMatchObject({ status: 503, code: 'unavailable', proof: `proof of ${ANN}`, detail: expect.stringContaining('has begun') });
});

it('an order of one’s own of which nobody knows whether it is in the log is answered with the proof, another’s and a refusal without', async () => {
  expect(await problemOf(ordered({}, away))).toMatchObject({ status: 503, proof: `proof of ${ANN}`, detail: expect.stringContaining('may have') });
  expect(await problemOf(ordered({}, away, ADMIN))).toBeInstanceOf(StoreUnavailable);
  const refused = () => Promise.reject(new ProblemError('conflict', 'This is the last admin.'));
  expect(await problemOf(ordered({}, refused))).not.toHaveProperty('proof');
});

it('of the last two admins who erase themselves at once, each naming the other, one stays', async () => {
  const store = inMemoryStore();
  const admins = [randomUUID(), randomUUID()] as const;
  const { metadata } = exampleEvent('UserCreated');
  for (const id of admins) {
    const data = { name: 'Root', email: `${id}@example.org`, role: 'admin' };
    await store.append(`user-${id}`, NO_STREAM, [
      { id: randomUUID(), type: 'UserCreated', data, metadata },
      { id: randomUUID(), type: 'UserConfirmed', data: {}, metadata },
    ]);
  }
  const commands = commandHandler({ store, hmac: (text) => stableId('hmac', text), log: { warn: () => {} } });
  const erase = (id: string, beside: string) =>
    commands.handle(
      {
        ...{ type: 'EraseUser', stream: `user-${id}`, id, data: { beside }, commandId: randomUUID(), now: new Date().toISOString() },
        actor: { id, role: 'admin', seesAll: true },
      },
      { correlationId: randomUUID(), bodyHash: '' },
    );
  const [one, two] = admins;
  const outcomes = await Promise.allSettled([erase(one, two), erase(two, one)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await logOf(store)).filter(({ type }) => type === 'UserErased')).toHaveLength(1);
});
