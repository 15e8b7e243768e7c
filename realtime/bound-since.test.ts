import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SubscribeAck } from '../contracts/live.ts';
import { type ProblemError, toProblem } from '../contracts/problem.ts';
import { refusalOfConfined } from '../platform/http/route.ts';
import { ALICE, BOB, eventually, next, type Rig, session, startRig } from '../system/realtime.fixture.ts';
import { openBoundSince } from './bound-since.ts';
import type { SocketConnection } from './connection.ts';

/** The users who have to do something first. */
const bound = new Set<string>();
let rig: Rig;
beforeEach(async () => {
  bound.clear();
  rig = await startRig({
    expectUnbound: async ({ id }) => {
      if (bound.has(id)) throw refusalOfConfined('second-factor');
    },
  });
});
afterEach(() => rig.stop());

const follows = async (client: ReturnType<Rig['connect']>, topic: string) => {
  const { topics } = (await client.timeout(10_000).emitWithAck('subscribe', { topics: [topic] })) as Extract<SubscribeAck, { topics: unknown }>;
  return !('problem' in (topics[0] ?? {}));
};

test.each([
  ['UserRoleChanged', { from: 'member', to: 'admin' }],
  ['EmailChanged', {}],
  ['SecondFactorDisabled', {}],
])('whoever is bound after %s loses the open socket, with what to do first, and nobody else does', async (type, data) => {
  const [bob, alice] = [rig.connect('bob'), rig.connect('alice')];
  await Promise.all([bob, alice].map((client) => next(client, 'welcome')));
  const goodbye = next(bob, 'goodbye');
  bound.add(BOB);
  await rig.append(type, { id: BOB, data, topics: [`user:${BOB}`] });
  expect(await goodbye).toMatchObject({ problem: { code: 'forbidden', detail: expect.stringContaining('second factor') } });
  await eventually(() => expect(rig.realtime().sockets()).toBe(1));
  expect(alice.connected).toBe(true);
});

test('a new role is of use on the open socket of whoever is not bound', async () => {
  const alice = rig.connect('alice');
  expect(await follows(alice, 'invitations')).toBe(false);
  await rig.append('UserRoleChanged', { id: ALICE, data: { from: 'member', to: 'admin' }, topics: [`user:${ALICE}`] });
  await rig.pushed();
  expect(await follows(alice, 'invitations')).toBe(true);
});

test('a socket whose token was looked at before the event is asked about as it comes in, before it follows anything', async () => {
  bound.add(BOB);
  await rig.append('UserRoleChanged', { id: BOB, data: { from: 'member', to: 'admin' }, topics: [`user:${BOB}`] });
  await rig.pushed();
  const bob = rig.connect('bob');
  const answered = vi.fn();
  bob.emit('subscribe', { topics: ['invitations'] }, answered);
  expect(await next(bob, 'goodbye')).toMatchObject({ problem: { code: 'forbidden' } });
  await eventually(() => expect(rig.realtime().sockets()).toBe(0));
  expect(answered).not.toHaveBeenCalled();
});

test('what is done only after the event is seen by the looks of the next seconds', async () => {
  const emit = vi.fn();
  const one = { session: session('bob'), socket: { emit, disconnect: () => {} } } as unknown as SocketConnection;
  const boundSince = openBoundSince({
    connections: { of: (userId) => (userId === 'bob' ? [one] : []) },
    expectUnbound: async ({ id }) => {
      if (bound.has(id)) throw refusalOfConfined('profile');
    },
    problemOf: (error) => toProblem(error as ProblemError),
  });
  bound.add('bob');
  boundSince.look();
  await boundSince.happened('alice');
  expect(emit).not.toHaveBeenCalled();
  bound.clear();
  await boundSince.happened('bob');
  expect(emit).not.toHaveBeenCalled();
  bound.add('bob');
  boundSince.look();
  await eventually(() => expect(emit).toHaveBeenCalledWith('goodbye', { problem: expect.objectContaining({ code: 'forbidden' }) }));
});

test('everybody’s changes wait no longer than a moment for the answer about a user, whose sockets are closed then', async () => {
  const [emit, disconnect] = [vi.fn(), vi.fn()];
  const one = { session: session('bob'), socket: { emit, disconnect } } as unknown as SocketConnection;
  const boundSince = openBoundSince({
    connections: { of: () => [one] },
    expectUnbound: () => new Promise<never>(() => {}),
    problemOf: (error) => toProblem(error as ProblemError),
    patience: 5,
  });
  await boundSince.happened('bob');
  expect(emit).toHaveBeenCalledExactlyOnceWith('goodbye', { problem: expect.objectContaining({ code: 'unavailable' }) });
  expect(disconnect).toHaveBeenCalledOnce();
});
