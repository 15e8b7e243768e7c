import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Problem } from '../contracts/problem.ts';
import { TOPICS } from '../contracts/topics.ts';
import type { User } from '../system/client.fixture.ts';
import { DEPENDENCIES, type Dependency } from './absence.fixture.ts';
import { type Furnished, furnish } from './furnished.fixture.ts';

const PATIENCE = 20_000;
let world: Furnished;
/** A member, who is asked about at each topic that not everybody may follow. */
let member: User;
/** A topic of each kind that there is, by its name. */
let topics: Record<string, string>;
beforeAll(async () => {
  world = await furnish();
  member = await world.make.user();
  const { body: task } = await member.ok('POST /api/tasks', { title: 'Lamp' });
  const { id: site } = await world.make.site({ units: false });
  const ids: Record<string, string> = { user: member.id, task: task.id, site: `${site}:staff`, role: 'member' };
  topics = Object.fromEntries([...TOPICS].map(([name, { contract }]) => [name, contract.of === 'one' ? `${name}:${ids[name]}` : name]));
}, 120_000);
afterAll(() => world?.stop());

/** Connects, and resolves to the problem with which the door refuses, or to null. */
function enter(): { socket: Socket; refused: Promise<Problem | null> } {
  const socket = io(world.process.url, { auth: { token: member.accessToken }, forceNew: true, reconnection: false, transports: ['websocket'] });
  const refused = new Promise<Problem | null>((resolve, reject) => {
    socket.once('connect', () => resolve(null));
    socket.once('connect_error', (error: Error & { data?: Problem }) => (error.data ? resolve(error.data) : reject(error)));
  });
  return { socket, refused };
}

/** The code of the problem with which each topic is refused, or `followed`, asked one by one while a dependency is away. */
async function answers(lost: Dependency | null): Promise<Record<string, string>> {
  const { socket, refused } = enter();
  const found: Record<string, string> = {};
  try {
    expect(await refused).toBeNull();
    for (const [name, topic] of Object.entries(topics)) {
      world.process.lose(lost);
      const { problem, topics: asked } = await socket.timeout(PATIENCE).emitWithAck('subscribe', { topics: [topic] });
      world.process.lose(null);
      found[name] = (problem ?? asked[0].problem)?.code ?? 'followed';
    }
  } finally {
    world.process.lose(null);
    socket.disconnect();
  }
  return found;
}

it('there is a topic of each kind, some of which a member may follow', async () => {
  expect(Object.keys(topics).sort()).toEqual([...TOPICS.keys()].sort());
  expect(await answers(null)).toMatchObject({ user: 'followed', task: 'followed', tasks: 'followed', notifications: 'followed', sites: 'forbidden' });
});

describe.each(DEPENDENCIES)('while %s is away', (dependency) => {
  it('who asks for a topic of any kind hears that it is unavailable, or the true answer', async () => {
    const [well, found] = [await answers(null), await answers(dependency)];
    expect(found).toEqual(
      Object.fromEntries(Object.entries(well).map(([name, code]) => [name, found[name] === 'unavailable' ? 'unavailable' : code])),
    );
  });

  it('who comes to the door is let in, or hears that it is unavailable', async () => {
    world.process.lose(dependency);
    const { socket, refused } = enter();
    const problem = await refused;
    world.process.lose(null);
    socket.disconnect();
    expect(problem?.code ?? 'unavailable').toBe('unavailable');
  });
});
