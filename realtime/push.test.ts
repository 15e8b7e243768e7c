import type { Socket } from 'socket.io-client';
import { afterEach, describe, expect, test } from 'vitest';
import { type Change, clientMessages, connectError, type Left, type Subscribed, serverMessages } from '../contracts/live.ts';
import type { Problem } from '../contracts/problem.ts';
import { ALICE, BOB, eventually, next, type Rig, type RigOptions, session, startRig, TASK } from '../system/realtime.fixture.ts';

let rig: Rig;

async function start(options?: RigOptions): Promise<Rig> {
  rig = await startRig(options);
  return rig;
}

afterEach(async () => {
  await rig.stop();
});

/** Everything of a name that a client heard, checked against the contract. */
function heard<T>(client: Socket, name: keyof typeof serverMessages): T[] {
  const messages: T[] = [];
  client.on(name, (message: T) => {
    serverMessages[name].schema.parse(message);
    messages.push(message);
  });
  return messages;
}

type Ack = { topics: (Subscribed & { position?: string; problem?: Problem })[]; problem?: Problem };

async function subscribe(client: Socket, message: object): Promise<Ack> {
  const ack = await client.timeout(10_000).emitWithAck('subscribe', message);
  clientMessages.subscribe.ack.schema.parse(ack);
  return ack as Ack;
}

function positions(changes: { position: string }[]): string[] {
  return changes.map(({ position }) => position);
}

/** A comment as long as it may be. */
const LONG = { text: 'x'.repeat(10_000) };

/** The TCP connection beneath a client. */
function wireOf(client: Socket): { pause(): void; resume(): void } {
  return (client.io.engine.transport as unknown as { ws: { _socket: { pause(): void; resume(): void } } }).ws._socket;
}

describe('following', () => {
  test('brings every change of a topic in order, each naming the one before', async () => {
    await start();
    const client = rig.connect();
    const changes = heard<Change>(client, 'change');
    expect(await subscribe(client, { topics: ['tasks'] })).toEqual({ topics: [{ topic: 'tasks', position: '' }] });
    const events = await rig.comments(50);
    await eventually(() => expect(positions(changes)).toEqual(positions(events)));
    expect(changes.map(({ previous }) => previous)).toEqual([null, ...positions(events).slice(0, -1)]);
    expect(changes[7]).toMatchObject({ topic: 'tasks', type: 'TaskCommented', id: TASK, stream: `task-${TASK}`, revision: 7, actor: ALICE });
    expect(changes[7]?.data).toEqual(events[7]?.data);
  });

  test('after a position brings exactly what came later, also before live updates started', async () => {
    await start();
    const events = await rig.comments(30);
    await rig.restart();
    await rig.comments(30).then((more) => events.push(...more));
    const client = rig.connect();
    const changes = heard<Change>(client, 'change');
    await subscribe(client, { topics: ['tasks'], after: events[9]?.position });
    await rig.comments(10).then((more) => events.push(...more));
    await eventually(() => expect(positions(changes)).toEqual(positions(events.slice(10))));
  });

  test('has no gap and no disorder where events flow while a slow reader is still being caught up', async () => {
    await start();
    const events = await rig.comments(1_500, LONG);
    const client = rig.connect();
    const changes = heard<Change>(client, 'change');
    await next(client, 'welcome');
    wireOf(client).pause();
    const subscribed = subscribe(client, { topics: ['tasks'], after: '' });
    events.push(...(await rig.comments(50)));
    await rig.pushed();
    wireOf(client).resume();
    expect((await subscribed).topics[0]?.position).toBe(events.at(-1)?.position);
    events.push(...(await rig.comments(1)));
    await eventually(() => expect(changes.length).toBeGreaterThanOrEqual(events.length));
    expect(positions(changes)).toEqual(positions(events));
  });

  test('brings only what belongs to the topic, under the name the client gave', async () => {
    await start();
    const client = rig.connect('bob');
    const changes = heard<Change>(client, 'change');
    await subscribe(client, { topics: ['notifications', `user:${BOB}`] });
    await rig.append('NotificationSent', { topics: [`notifications:${ALICE}`, `user:${ALICE}`] });
    const { position } = await rig.append('NotificationSent', { topics: [`notifications:${BOB}`, `user:${BOB}`] });
    await eventually(() => expect(changes).toHaveLength(2));
    expect(changes.map((one) => [one.topic, one.position])).toEqual([
      ['notifications', position],
      [`user:${BOB}`, position],
    ]);
  });

  test('each topic has its own position to begin after', async () => {
    await start();
    const events = await rig.comments(4);
    await rig.pushed();
    const client = rig.connect();
    const changes = heard<Change>(client, 'change');
    await subscribe(client, { topics: ['tasks', `task:${TASK}`], after: { tasks: events[2]?.position } });
    expect(changes.map(({ topic, position }) => [topic, position])).toEqual([['tasks', events[3]?.position]]);
  });

  test('of what the ring forgot asks for a snapshot, and of a place beyond the log', async () => {
    await start({ ring: 10 });
    const events = await rig.comments(20);
    const client = rig.connect();
    await rig.pushed();
    const head = events.at(-1)?.position;
    const snapshot = { topics: [{ topic: 'tasks', snapshotNeeded: true, position: head }] };
    expect(await subscribe(client, { topics: ['tasks'], after: events[8]?.position })).toEqual(snapshot);
    expect(await subscribe(client, { topics: ['tasks'], after: '9' })).toEqual(snapshot);
    expect(await subscribe(client, { topics: ['tasks'], after: events[9]?.position })).toEqual({ topics: [{ topic: 'tasks', position: head }] });
    await rig.restart();
    const other = rig.connect();
    expect(await subscribe(other, { topics: ['tasks'], after: events[8]?.position })).toEqual(snapshot);
    expect(await subscribe(other, { topics: ['tasks'], after: events[9]?.position })).toEqual({ topics: [{ topic: 'tasks', position: head }] });
  });

  test('ends with unsubscribe', async () => {
    await start();
    const client = rig.connect();
    const changes = heard<Change>(client, 'change');
    await subscribe(client, { topics: ['tasks', `task:${TASK}`] });
    expect(await client.emitWithAck('unsubscribe', { topics: ['tasks'] })).toEqual({ topics: ['tasks'] });
    await rig.comments(1);
    await eventually(() => expect(changes).toHaveLength(1));
    expect(changes[0]?.topic).toBe(`task:${TASK}`);
  });

  test('tells a quiet topic how far the log is', async () => {
    await start({ ring: 10 });
    const client = rig.connect();
    const reached = heard<{ position: string }>(client, 'reached');
    await subscribe(client, { topics: ['notifications'] });
    const events = await rig.comments(5);
    await eventually(() => expect(reached.at(-1)?.position.localeCompare(events[1]?.position ?? '')).toBeGreaterThanOrEqual(0));
  });
});

describe('who may follow', () => {
  test('a topic that is not one’s own is forbidden, the others of the message are followed', async () => {
    await start();
    rig.tasks.set(`task-${TASK}`, { maker: ALICE, assignee: null });
    const client = rig.connect('bob');
    const ack = await subscribe(client, { topics: ['tasks', `task:${TASK}`, `user:${ALICE}`, 'role:admin', 'role:member', `user:${BOB}`] });
    expect(ack.topics.map((one) => one.problem?.code ?? 'followed')).toEqual([...Array(4).fill('forbidden'), 'followed', 'followed']);
  });

  test('who is no longer assigned leaves the task, after hearing of it', async () => {
    await start();
    rig.tasks.set(`task-${TASK}`, { maker: ALICE, assignee: BOB });
    const [alice, bob] = [rig.connect(), rig.connect('bob')];
    const [changes, left, others] = [heard<Change>(bob, 'change'), heard<Left>(bob, 'left'), heard<Left>(alice, 'left')];
    for (const client of [alice, bob]) await subscribe(client, { topics: [`task:${TASK}`] });
    rig.tasks.set(`task-${TASK}`, { maker: ALICE, assignee: null });
    await rig.append('TaskAssigned', { data: { userId: null, previous: BOB } });
    await rig.comments(1);
    await eventually(() => expect(left).toEqual([{ topic: `task:${TASK}`, reason: 'unassigned' }]));
    await rig.append('TaskCommented', { topics: [`user:${BOB}`, `user:${ALICE}`] });
    await rig.pushed();
    await bob.emitWithAck('unsubscribe', { topics: ['tasks'] });
    expect(changes.map(({ type }) => type)).toEqual(['TaskAssigned']);
    expect(others).toEqual([]);
  });

  test('who has another role leaves what that role may not read', async () => {
    await start();
    rig.sessions.set('admin', session(ALICE, { role: 'admin', seesAll: true }));
    const client = rig.connect('admin');
    const left = heard<Left>(client, 'left');
    await subscribe(client, { topics: ['tasks', 'role:admin', `user:${ALICE}`, `user:${BOB}`] });
    await rig.append('UserRoleChanged', { id: ALICE, data: { from: 'admin', to: 'staff' }, topics: [`user:${ALICE}`] });
    await eventually(() => expect(left).toHaveLength(3));
    expect(left.map(({ topic }) => topic).sort()).toEqual(['role:admin', 'tasks', `user:${BOB}`].sort());
    const newcomer = rig.connect('admin');
    for (const one of [client, newcomer])
      expect((await subscribe(one, { topics: ['tasks', 'role:staff'] })).topics.map(({ problem }) => problem?.code)).toEqual([
        'forbidden',
        undefined,
      ]);
  });

  test('whose posts are others leaves the topics of sites where they work no more, and follows those where they do', async () => {
    const [here, there] = ['7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e11', '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e12'];
    const posts = (...sites: (string | undefined)[]) => [{ role: 'security' as const, sites: sites.flatMap((one) => one ?? []) }];
    const topics = [`site:${here}:security`, `site:${there}:security`, `site:${here}:staff`];
    await start();
    rig.sessions.set('guard', session(ALICE, { posts: posts(here) }));
    const client = rig.connect('guard');
    const left = heard<Left>(client, 'left');
    const problems = async (of: Socket) => (await subscribe(of, { topics })).topics.map(({ problem }) => problem?.code);
    expect(await problems(client)).toEqual([undefined, 'forbidden', 'forbidden']);
    await rig.append('UserPostsSet', { id: ALICE, data: { posts: posts(there) }, topics: [`user:${ALICE}`] });
    await eventually(() => expect(left).toEqual([{ topic: topics[0], reason: 'role_changed' }]));
    for (const one of [client, rig.connect('guard')]) expect(await problems(one)).toEqual(['forbidden', undefined, 'forbidden']);
  });
});

describe('the door', () => {
  async function refusal(client: Socket): Promise<Problem> {
    const { data } = await next<Error & { data: Problem }>(client, 'connect_error');
    connectError.schema.parse(data);
    return data;
  }

  test.each([['forged'], [undefined], [{}], [7], ['']])('a connection with the token %j is refused with a problem', async (token) => {
    await start();
    const problem = await refusal(rig.connect(token ?? null));
    expect(problem).toMatchObject({ code: 'unauthorized', status: 401, type: '/problems/unauthorized' });
    expect(rig.realtime().sockets()).toBe(0);
  });

  test('who polls is refused where nobody asked for polling', async () => {
    await start();
    const error = await next<Error>(rig.connect('alice', { transports: ['polling'] }), 'connect_error');
    expect(error.message).toBe('xhr poll error');
    const answer = await fetch(`${rig.url}/socket.io/?EIO=4&transport=polling`);
    expect([answer.status, await answer.json()]).toEqual([400, { code: 0, message: 'Transport unknown' }]);
  });

  test.each([['websocket'], ['polling']])('a foreign Origin is refused, one of the list and the server’s own are not (%s)', async (transport) => {
    await start({ polling: true });
    const from = (origin: string) => rig.connect('alice', { extraHeaders: { Origin: origin }, transports: [transport] });
    await next(from('https://evil.example.org'), 'connect_error');
    await next(from('null'), 'connect_error');
    await next(from('https://board.example.org'), 'connect');
    await next(from('HTTPS://Board.example.org:443'), 'connect');
    await next(from(rig.url), 'connect');
    await next(from(rig.url.replace('http', 'HTTP')), 'connect');
    await next(from(`${rig.url}/path`), 'connect_error');
    expect(rig.realtime().sockets()).toBe(4);
  });

  test('says who one is', async () => {
    await start();
    const client = rig.connect('bob');
    const welcome = await next<{ userId: string; expiresIn: number }>(client, 'welcome');
    serverMessages.welcome.schema.parse(welcome);
    expect(welcome).toMatchObject({ userId: BOB, role: 'member' });
    expect(welcome.expiresIn).toBeGreaterThan(3_500);
  });
});

describe('a session', () => {
  test('takes its sockets along when it ends, and no others', async () => {
    await start();
    rig.sessions.set('elsewhere', session(BOB, { sessionId: 'elsewhere' }));
    const [first, other, elsewhere] = [rig.connect('bob'), rig.connect('alice'), rig.connect('elsewhere')];
    await Promise.all([first, other, elsewhere].map((client) => next(client, 'welcome')));
    const goodbye = next(first, 'goodbye');
    await rig.append('SessionEnded', { id: rig.sessions.get('bob')?.sessionId ?? '', data: { userId: BOB }, topics: [`user:${BOB}`] });
    expect(await goodbye).toMatchObject({ problem: { code: 'unauthorized' } });
    await eventually(() => expect(first.connected).toBe(false));
    const late = rig.connect('bob');
    expect(await next(late, 'goodbye')).toMatchObject({ problem: { code: 'unauthorized' } });
    expect(rig.realtime().sockets()).toBe(2);
    expect([other.connected, elsewhere.connected]).toEqual([true, true]);
  });

  test('goes when its user is deleted', async () => {
    await start();
    const client = rig.connect('bob');
    await next(client, 'welcome');
    const goodbye = next(client, 'goodbye');
    await rig.append('UserDeleted', { id: BOB, topics: [`user:${BOB}`] });
    expect(await goodbye).toMatchObject({ problem: { code: 'unauthorized' } });
  });

  test('goes on with a fresh token, and not with another user’s or a forged one', async () => {
    await start({ limits: { grace: 0 } });
    rig.sessions.set('short', session(BOB, { expiresAt: Date.now() + 1_500 }));
    const [kept, lost] = [rig.connect('short'), rig.connect('short')];
    const goodbye = next(lost, 'goodbye');
    const wanted = await next(kept, 'token_wanted');
    serverMessages.token_wanted.schema.parse(wanted);
    expect(await kept.emitWithAck('token', { token: 'forged' })).toMatchObject({ problem: { code: 'unauthorized' } });
    expect(await kept.emitWithAck('token', { token: 'alice' })).toMatchObject({ problem: { code: 'forbidden' } });
    const ack = await kept.emitWithAck('token', { token: 'bob' });
    clientMessages.token.ack.schema.parse(ack);
    expect(ack.expiresIn).toBeGreaterThan(3_000);
    expect(await goodbye).toMatchObject({ problem: { code: 'unauthorized' } });
    expect(kept.connected).toBe(true);
  });
});

describe('bad and too many messages', () => {
  test.each([
    ['subscribe', {}],
    ['subscribe', { topics: [] }],
    ['subscribe', { topics: 'tasks' }],
    ['subscribe', { topics: ['tasks', 'nonsense'] }],
    ['subscribe', { topics: ['tasks'], more: 1 }],
    ['subscribe', { topics: ['tasks'], after: 7 }],
    ['subscribe', { topics: ['tasks'], after: { nonsense: '' } }],
    ['subscribe', { topics: Array(101).fill('tasks') }],
    ['subscribe', null],
    ['unsubscribe', ['tasks']],
    ['token', { token: Buffer.from('alice') }],
    ['nonsense', {}],
    ['constructor', {}],
  ])('%s %j is answered with a problem and changes nothing', async (name, message) => {
    await start();
    const client = rig.connect();
    expect(await client.timeout(10_000).emitWithAck(name, message)).toMatchObject({ problem: { status: expect.any(Number) } });
    expect(await client.timeout(10_000).emitWithAck(name, message, 'and more')).toMatchObject({ problem: {} });
    client.emit(name, message);
    expect((await subscribe(client, { topics: ['tasks'] })).topics).toHaveLength(1);
  });

  test('a flood ends the connection, with the reason', async () => {
    await start({ limits: { packets: 20 } });
    const client = rig.connect();
    await next(client, 'welcome');
    const goodbye = next(client, 'goodbye');
    for (let i = 0; i < 30; i++) client.emit('unsubscribe', { topics: ['tasks'] });
    expect(await goodbye).toMatchObject({ problem: { code: 'limited' } });
    await eventually(() => expect(rig.realtime().sockets()).toBe(0));
  });

  test('a socket follows at most 500 topics', async () => {
    await start();
    const client = rig.connect();
    const topics = (from: number) => Array.from({ length: 100 }, (_, i) => `task:${TASK.slice(0, -3)}${from + i}`);
    for (let hundred = 1; hundred <= 5; hundred++) expect((await subscribe(client, { topics: topics(hundred * 100) })).problem).toBeUndefined();
    expect((await subscribe(client, { topics: topics(600) })).problem?.code).toBe('limited');
    expect((await subscribe(client, { topics: topics(500) })).problem).toBeUndefined();
  });
});

test('a socket that does not read is cut off, and the others go on', async () => {
  await start({ limits: { waiting: 100_000 } });
  const [slow, fast] = [rig.connect(), rig.connect()];
  const changes = heard<Change>(fast, 'change');
  for (const client of [slow, fast]) await subscribe(client, { topics: ['tasks'] });
  wireOf(slow).pause();
  let sent = 0;
  while (rig.realtime().sockets() === 2 && sent < 5_000) sent += (await rig.comments(50, LONG)).length;
  expect(rig.realtime().sockets()).toBe(1);
  await eventually(() => expect(changes).toHaveLength(sent));
  expect(rig.warnings.join()).toMatch(/too slowly/);
});

test('stopping closes the connections and leaves the HTTP server to its owner', async () => {
  await start();
  const client = rig.connect();
  await next(client, 'welcome');
  await rig.realtime().stop();
  await eventually(() => expect(client.connected).toBe(false));
  expect((await fetch(rig.url)).status).toBe(200);
  await next(rig.connect(), 'connect_error');
});

test('whatever needs the event store while it is away is answered unavailable, by sockets as by HTTP, and the log says so once', async () => {
  let away = false;
  await start({ away: () => away });
  const client = rig.connect('bob');
  await next(client, 'welcome');
  away = true;
  for (let n = 0; n < 20; n++)
    expect(await subscribe(client, { topics: [`task:${TASK}`] })).toMatchObject({ problem: { code: 'unavailable', status: 503 } });
  const { data } = await next<Error & { data: Problem }>(rig.connect(), 'connect_error');
  expect(data).toMatchObject({ code: 'unavailable', detail: expect.not.stringContaining('refused') });
  expect(rig.warnings).toEqual(['the event store cannot be used: connection refused']);
  away = false;
  expect(await subscribe(client, { topics: [`task:${TASK}`] })).toMatchObject({ topics: [{ problem: { code: 'forbidden' } }] });
});
