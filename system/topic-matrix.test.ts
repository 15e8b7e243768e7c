/** Who may follow which topic: every topic, asked for on a real socket by everybody there is, those among them who have to do something first. */
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SubscribeAck } from '../contracts/live.ts';
import type { Problem } from '../contracts/problem.ts';
import type { Role } from '../contracts/role.ts';
import { TOPICS } from '../contracts/topics.ts';
import { logIn, type User } from './client.fixture.ts';
import { runProgram } from './program.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { CONFINED, FOLLOWERS, type Follower, WHO_FOLLOWS } from './who-may.fixture.ts';

let system: Installation;
const tokens = new Map<Follower, string>();
/** What stands for the placeholders of topics. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  system = await openInstallation({ TASK_VISIBILITY: 'own', UNCONFIRMED: 'none', REQUIRE_2FA: 'customer-service' });
  const { admin } = system;
  const users = new Map<Follower, User>([['admin', admin]]);
  for (const who of FOLLOWERS.filter((one) => !['nobody', 'key', 'admin', 'with a made password'].includes(one))) {
    const user = await system.register(who.replaceAll(' ', '-'));
    users.set(who, user);
    if (who === 'unconfirmed') continue;
    await admin.ok(`POST /api/users/${user.id}/confirm`);
    const role = roleOf(who);
    if (role) await admin.ok(`PUT /api/users/${user.id}/role`, { role });
  }
  users.set('with a made password', await withMadePassword());
  for (const [who, { accessToken }] of users) tokens.set(who, accessToken);
  tokens.set('key', (await admin.ok('POST /api/admin/api-keys', { name: 'matrix' })).body.key);

  const [owner, assignee] = [users.get('owner'), users.get('assignee')] as [User, User];
  const { id } = (await owner.ok('POST /api/tasks', { title: 'Replace the lamp' })).body;
  await owner.ok(`PUT /api/tasks/${id}/assignee`, { userId: assignee.id });
  const site = await admin.ok('POST /api/sites', { name: 'Linden Court', address: 'Lindenstraße 12', timeZone: 'Europe/Berlin' });
  Object.assign(ids, { task: id, owner: owner.id, site: site.body.id });
}, 240_000);
afterAll(() => system?.remove());

/** The role that is given to who is called by it; undefined for members. */
function roleOf(who: Follower): Role | undefined {
  if (who === 'without a second factor') return 'customer-service';
  return (['resident', 'staff', 'security', 'maintenance'] as const).find((role) => role === who);
}

async function withMadePassword(): Promise<User> {
  const email = 'made@example.org';
  const program = runProgram(['users', 'create', email, 'staff', 'Made'], system.env);
  await program.ended;
  const [, password = ''] = /The password is (\S+)/.exec(program.stdout()) ?? [];
  return logIn(system.url, { name: 'Made', email, password });
}

const topicIn = (pattern: string) => pattern.replace(/<(\w+)>/g, (_, name: string) => ids[name] ?? expect.fail(name));

/** The topics that are joined of all that are asked for; or why the socket is not let in. */
async function followedBy(url: string, token: string | undefined): Promise<string[] | { refused: string }> {
  const client = io(url, { auth: { token }, forceNew: true, reconnection: false, transports: ['websocket'] });
  try {
    const refused = await new Promise<string | undefined>((resolve) => {
      client.once('welcome', () => resolve(undefined));
      client.once('connect_error', (error: Error & { data?: Problem }) => resolve(error.data?.code ?? error.message));
    });
    if (refused) return { refused };
    const patterns = WHO_FOLLOWS.map(({ topic }) => topic);
    const answer: SubscribeAck = await client.timeout(20_000).emitWithAck('subscribe', { topics: patterns.map(topicIn) });
    if (!('topics' in answer)) return { refused: answer.problem.code };
    const joined = new Set(answer.topics.flatMap((one) => ('problem' in one ? [] : [one.topic])));
    return patterns.filter((pattern) => joined.has(topicIn(pattern)));
  } finally {
    client.disconnect();
  }
}

const followedIn = (who: Follower) => WHO_FOLLOWS.filter((row) => row.who.includes(who)).map(({ topic }) => topic);

describe('a socket', () => {
  it('is asked for every topic that there is', () => {
    const named = new Set(WHO_FOLLOWS.map(({ topic }) => topic.split(':')[0]));
    expect([...TOPICS.keys()].filter((name) => !named.has(name))).toEqual([]);
  });

  it.each(FOLLOWERS.filter((one) => followedIn(one).length > 0))('of %s follows what the table names, and nothing else', async (who) => {
    expect(await followedBy(system.url(), tokens.get(who))).toEqual(followedIn(who));
  });

  it.each(FOLLOWERS.filter((one) => followedIn(one).length === 0))('of %s is not let in', async (who) => {
    const isConfined = (CONFINED as readonly Follower[]).includes(who);
    expect(await followedBy(system.url(), tokens.get(who))).toEqual({ refused: isConfined ? 'forbidden' : 'unauthorized' });
  });

  it('of who may read until their address is confirmed follows what a stranger may, and the same once it is', { timeout: 120_000 }, async () => {
    const reading = await openInstallation({ TASK_VISIBILITY: 'own', UNCONFIRMED: 'read' });
    try {
      const user = await reading.register('Reading');
      expect(await followedBy(reading.url(), user.accessToken)).toEqual(followedIn('stranger'));
      await reading.admin.ok(`POST /api/users/${user.id}/confirm`);
      expect(await followedBy(reading.url(), user.accessToken)).toEqual(followedIn('stranger'));
    } finally {
      await reading.remove();
    }
  });
});
