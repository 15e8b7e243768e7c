import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { caller, everyItem, logIn, problemOf, type Reply, type User } from './client.fixture.ts';
import { describeInbox } from './inbox.suite.ts';
import { follow } from './live.fixture.ts';
import { type Mail, mailComes, mailsSettle, mailsTo, notificationsOf } from './mails.fixture.ts';
import type { openSystem } from './system.fixture.ts';

type System = Awaited<ReturnType<typeof openSystem>>;

let system: System;
let alice: User;
let bob: User;

const uuid = () => crypto.randomUUID();
const DAY = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();
const position = (reply: Reply) => reply.headers.get('position') ?? '';
const after = (reply: Reply) => ({ 'read-after': position(reply) });
/** The answer to a command, without the parts that differ from request to request. */
const answerOf = ({ status, headers, text }: Reply) => ({
  status,
  text: text.replace(/"instance":"[^"]+"/, ''),
  headers: Object.fromEntries([...headers].filter(([name]) => !['date', 'x-request-id', 'ratelimit', 'ratelimit-policy'].includes(name))),
});

async function create(by: User, data: object = {}): Promise<{ id: string; reply: Reply }> {
  const reply = await by.ok('POST /api/tasks', { title: `Task ${uuid()}`, ...data });
  return { id: reply.body.id, reply };
}

async function typesOf(by: User, id: string): Promise<string[]> {
  return (await everyItem(by.call, `/api/tasks/${id}/history`)).map((event) => event.type);
}

const tokenIn = (mail: Mail) => /#confirm=([\w-]+)/.exec(mail.text)?.[1] ?? '';

/** Describes the whole path, seen from outside; the same for every kind of system. */
export function describePath(open: typeof openSystem): void {
  beforeAll(async () => {
    system = await open({ LOG_LEVEL: 'trace' });
    [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
  });
  afterAll(() => system?.remove());

  describe('with HTTP alone', () => {
    it('a task is made for another, assigned, worked on, finished, commented, edited, deleted, brought back, and seen as it was', async () => {
      const given = {
        title: 'Replace the lamp',
        description: 'It flickers.',
        userId: bob.id,
        deadline: inDays(3),
        priority: 'high',
        labels: ['electrics'],
      };
      const created = await alice.call('POST /api/tasks', given);
      expect(created.status).toBe(201);
      const { id } = created.body;
      expect(created.headers.get('location')).toBe(`/api/tasks/${id}`);
      expect(created.headers.get('etag')).toBe(`"${created.body.revision}"`);
      expect(position(created)).toBe(created.body.position);
      const first = await bob.ok(`GET /api/tasks/${id}`, undefined, after(created));
      const { userId: assignee, ...described } = given;
      expect(first.body).toMatchObject({ id, ...described, assignee, maker: alice.id, status: 'open', comments: [], revision: 1 });
      const { createdAt } = first.body;

      await alice.ok(`PUT /api/tasks/${id}/assignee`, { userId: null });
      await alice.ok(`PUT /api/tasks/${id}/assignee`, { userId: bob.id });
      const begun = await bob.ok(`PUT /api/tasks/${id}/status`, { status: 'in-progress' });
      await bob.ok(`PUT /api/tasks/${id}/status`, { status: 'done' });
      const commented = await bob.ok(`POST /api/tasks/${id}/comments`, { text: 'It was the ballast.' });
      expect(commented.status).toBe(201);
      const edited = await alice.ok(`PATCH /api/tasks/${id}`, { title: 'Replace the ballast', deadline: null });
      const present = await bob.ok(`GET /api/tasks/${id}`, undefined, after(edited));
      expect(present.body).toMatchObject({ title: 'Replace the ballast', status: 'done', deadline: null, assignee: bob.id, revision: 7 });
      expect(present.body.comments).toMatchObject([{ author: bob.id, text: 'It was the ballast.' }]);

      const deleted = await alice.ok(`DELETE /api/tasks/${id}`);
      expect(problemOf(await alice.call(`GET /api/tasks/${id}`, undefined, after(deleted)))).toMatchObject({ status: 404, code: 'not_found' });
      expect((await everyItem(alice.call, '/api/tasks', after(deleted))).map((task) => task.id)).not.toContain(id);
      expect(problemOf(await alice.call(`PATCH /api/tasks/${id}`, { title: 'Gone' }))).toMatchObject({ status: 404 });
      expect(problemOf(await bob.call(`POST /api/tasks/${id}/restore`))).toMatchObject({ status: 403 });
      const restored = await alice.ok(`POST /api/tasks/${id}/restore`);
      const { updatedAt, revision, ...same } = (await bob.ok(`GET /api/tasks/${id}`, undefined, after(restored))).body;
      expect(present.body).toMatchObject(same);

      const history = await everyItem(bob.call, `/api/tasks/${id}/history?limit=3`);
      const types = ['Created', 'Assigned', 'Assigned', 'Assigned', 'StatusChanged', 'StatusChanged', 'Commented', 'Edited', 'Deleted', 'Restored'];
      expect(history.map((event) => event.type)).toEqual(types.map((type) => `Task${type}`));
      expect(history.map((event) => event.revision)).toEqual(types.map((_, index) => index));
      expect(history.map((event) => event.position)).toEqual(history.map((event) => event.position).toSorted());
      expect(history.map((event) => event.actor)).toEqual([alice, alice, alice, alice, bob, bob, bob, alice, alice, alice].map((by) => by.id));

      const asOf = async (moment: string) => alice.call(`GET /api/tasks/${id}?asOf=${encodeURIComponent(moment)}`);
      expect((await asOf(position(begun))).body).toMatchObject({ title: given.title, status: 'in-progress', comments: [], revision: 4 });
      expect((await asOf(history[4].time)).body).toMatchObject({ title: given.title });
      expect((await asOf(history.at(-1).time)).body).toMatchObject({ title: 'Replace the ballast', revision: 9 });
      expect((await asOf(position(deleted))).status).toBe(404);
      expect((await asOf(new Date(Date.parse(createdAt) - 1).toISOString())).status).toBe(404);
    });

    it('an answer has an ETag, and is not sent again to who names it', async () => {
      const { id, reply } = await create(alice);
      const lists = [
        '/api/tasks?sort=title',
        '/api/users',
        '/api/notifications',
        `/api/media?task=${id}`,
        `/api/tasks/${id}/history`,
        '/api/me',
        `/api/users/${bob.id}`,
      ];
      for (const path of [`/api/tasks/${id}`, ...lists]) {
        const first = await alice.ok(`GET ${path}`, undefined, path.endsWith('/me') ? {} : after(reply));
        const etag = first.headers.get('etag') ?? '';
        expect(etag, path).toMatch(/^(W\/)?".+"$/);
        // Meanwhile mails of earlier tests may change the list of notifications.
        if (path === '/api/notifications') continue;
        const again = await alice.call(`GET ${path}`, undefined, { 'if-none-match': etag });
        expect({ status: again.status, text: again.text, etag: again.headers.get('etag') }, path).toEqual({ status: 304, text: '', etag });
      }
      const etag = (await alice.ok(`GET /api/tasks/${id}`)).headers.get('etag') ?? '';
      const changed = await alice.ok(`POST /api/tasks/${id}/comments`, { text: 'Something new.' });
      expect((await alice.call(`GET /api/tasks/${id}`, undefined, { 'if-none-match': etag, ...after(changed) })).status).toBe(200);
    });

    it('If-Match guards a change: a stale one is refused and changes nothing', async () => {
      const { id, reply } = await create(alice);
      const stale = reply.headers.get('etag') ?? '';
      const changed = await alice.ok(`PATCH /api/tasks/${id}`, { title: 'First' }, { 'if-match': stale });
      const refused = await alice.call(`PATCH /api/tasks/${id}`, { title: 'Second' }, { 'if-match': stale });
      expect(problemOf(refused)).toEqual({ status: 412, code: 'conflict', pointers: ['If-Match'] });
      expect(refused.headers.get('etag')).toBe(changed.headers.get('etag'));
      expect(await typesOf(alice, id)).toEqual(['TaskCreated', 'TaskEdited']);
      await alice.ok(`PATCH /api/tasks/${id}`, { title: 'Second' }, { 'if-match': `"7", ${changed.headers.get('etag')}` });
    });

    it('a command repeated with its Idempotency-Key is answered as the first time, and done once', async () => {
      const key = { 'idempotency-key': uuid() };
      const data = { title: `Once ${uuid()}`, userId: bob.id };
      const replies = await Promise.all(Array.from({ length: 8 }, () => alice.ok('POST /api/tasks', data, key)));
      const [first] = replies as [Reply];
      const { id } = first.body;
      const comment = (headers: Record<string, string>) => alice.ok(`POST /api/tasks/${id}/comments`, { text: 'Once.' }, headers);
      const commentKey = { 'idempotency-key': `"${uuid()} of a comment"` };
      const commented = await comment(commentKey);
      await alice.ok(`PUT /api/tasks/${id}/status`, { status: 'done' });
      replies.push(await alice.ok('POST /api/v1/tasks', data, key));
      for (const reply of replies) expect(answerOf(reply)).toEqual(answerOf(first));
      expect(answerOf(await comment(commentKey))).toEqual(answerOf(commented));
      // A repeat is known before its If-Match is looked at.
      expect(answerOf(await comment({ ...commentKey, 'if-match': '"0"' }))).toEqual(answerOf(commented));
      expect(await typesOf(alice, id)).toEqual(['TaskCreated', 'TaskAssigned', 'TaskCommented', 'TaskStatusChanged']);

      const other = await alice.call('POST /api/tasks', { ...data, title: 'Another' }, key);
      expect(problemOf(other)).toEqual({ status: 422, code: 'invalid', pointers: ['Idempotency-Key'] });
      // The key of another user is another key.
      expect((await bob.ok('POST /api/tasks', data, key)).body.id).not.toBe(id);
    });

    it('a registration repeated with its key makes one user', async () => {
      const key = { 'idempotency-key': uuid() };
      const account = { name: 'Carol', email: `carol.${uuid()}@example.org`, password: 'a long phrase of hers' };
      const replies = await Promise.all([1, 2, 3].map(() => system.call('POST /api/users', account, key)));
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
      expect(problemOf(await system.call('POST /api/users', { ...account, email: account.email.toUpperCase() }))).toMatchObject({ status: 409 });
      expect((await logIn(system.url, account)).id).toBe(replies[0]?.body.id);
    });

    it('Read-After shows a change at once, in every query', async () => {
      const { id } = await create(alice, { userId: bob.id });
      for (let n = 0; n < 15; n++) {
        const title = `Title ${n} ${uuid()}`;
        const changed = await alice.ok(`PATCH /api/tasks/${id}`, { title });
        const [one, mine, found, history] = await Promise.all([
          alice.ok(`GET /api/tasks/${id}`, undefined, after(changed)),
          everyItem(bob.call, '/api/tasks?assignee=me&limit=100', after(changed)),
          everyItem(alice.call, `/api/tasks?q=${encodeURIComponent(title)}`, after(changed)),
          alice.ok(`GET /api/tasks/${id}/history`, undefined, after(changed)),
        ]);
        expect(one.body.title).toBe(title);
        expect(position(one) >= position(changed)).toBe(true);
        expect(mine.find((task) => task.id === id)?.title).toBe(title);
        expect(found.map((task) => task.id)).toEqual([id]);
        expect(history.body.items.at(-1)).toMatchObject({ type: 'TaskEdited', data: { title } });
      }
      const renamed = await alice.ok(`PATCH /api/users/${alice.id}`, { name: 'Alice Moreau' });
      expect((await bob.ok(`GET /api/users/${alice.id}`, undefined, after(renamed))).body).toMatchObject({ name: 'Alice Moreau' });
      expect((await everyItem(bob.call, '/api/users?limit=3', after(renamed))).find((user) => user.id === alice.id)?.name).toBe('Alice Moreau');
    });

    it('a list is filtered, searched, sorted, and paged so that each task comes once', async () => {
      const label = `l-${uuid()}`;
      const kinds = [
        { title: 'Beta straße', priority: 'low', userId: bob.id, deadline: inDays(1) },
        { title: 'alpha STRASSE', priority: 'urgent', userId: alice.id, deadline: inDays(20) },
        { title: 'Gamma', description: 'near the Élévateur', priority: 'normal', labels: [label, 'second'] },
      ];
      const ids: string[][] = kinds.map(() => []);
      for (let n = 0; n < 21; n++) ids[n % 3]?.push((await create(alice, { labels: [label], ...kinds[n % 3] })).id);
      const [ofBob, ofAlice, ofNobody] = ids as [string[], string[], string[]];
      const done = await alice.ok(`PUT /api/tasks/${ofBob[0]}/status`, { status: 'done' });
      const list = async (query: string, by = alice): Promise<string[]> =>
        (await everyItem(by.call, `/api/tasks?label=${label}&${query}`, after(done))).map((task) => task.id);
      const sorted = (tasks: string[]) => tasks.toSorted();

      expect(sorted(await list('limit=4'))).toEqual(sorted(ids.flat()));
      expect(await list('limit=1')).toEqual(await list('limit=100'));
      expect(sorted(await list('assignee=me&limit=2', bob))).toEqual(sorted(ofBob));
      expect(sorted(await list(`assignee=${alice.id}`))).toEqual(sorted(ofAlice));
      expect(sorted(await list('assignee=none&limit=3'))).toEqual(sorted(ofNobody));
      expect(await list('status=done,cancelled')).toEqual([ofBob[0]]);
      expect(sorted(await list('status=open&limit=5'))).toEqual(sorted(ids.flat().filter((id) => id !== ofBob[0])));
      expect(sorted(await list('label=second'))).toEqual(sorted(ofNobody));
      expect(sorted(await list('due=week'))).toEqual(sorted(ofBob));
      expect(sorted(await list(`due=before:${inDays(30)}`))).toEqual(sorted([...ofBob, ...ofAlice]));
      expect(sorted(await list(`q=${encodeURIComponent('ELEV')}`))).toEqual([]);
      expect(sorted(await list(`q=${encodeURIComponent('ÉLÉV NEAR')}`))).toEqual(sorted(ofNobody));
      expect(sorted(await list('q=alph'))).toEqual(sorted(ofAlice));
      expect(sorted(await list('q=lpha'))).toEqual([]);

      const groups = async (query: string) => (await list(`${query}&limit=4`)).map((id) => ids.findIndex((kind) => kind.includes(id)));
      const seven = (...order: number[]) => order.flatMap((kind) => Array.from({ length: 7 }, () => kind));
      expect(await groups('sort=priority')).toEqual(seven(0, 2, 1));
      expect(await groups('sort=-priority')).toEqual(seven(1, 2, 0));
      expect(await groups('sort=deadline')).toEqual(seven(0, 1, 2));
      expect(await groups('sort=title')).toEqual(seven(1, 0, 2));
      expect(await list('sort=createdAt&limit=2')).toEqual(Array.from({ length: 7 }, (_, n) => ids.map((kind) => kind[n])).flat());
      expect((await list('sort=-updatedAt'))[0]).toBe(ofBob[0]);

      const page = await alice.ok(`GET /api/tasks?label=${label}&limit=4`);
      expect(page.headers.get('link')).toBe(`</api/tasks?label=${label}&sort=-createdAt&limit=4&cursor=${page.body.next}>; rel="next"`);
      // A task that changes while one pages does not make others come twice.
      const rest = await everyItem(alice.call, `/api/tasks?label=${label}&limit=4`);
      expect(new Set(rest.map((task) => task.id)).size).toBe(21);
    });

    it('/api/v1 is the same API', async () => {
      const { id, reply } = await create(alice, { description: 'Old.' });
      await mailsSettle(system.admin);
      const { paths } = (await system.call('GET /openapi.json')).body as { paths: Record<string, Record<string, unknown>> };
      const gets = Object.entries(paths).filter(([path, methods]) => path.startsWith('/api/') && methods.get && !path.startsWith('/api/admin/'));
      expect(gets.length).toBeGreaterThan(7);
      for (const [path] of gets) {
        const plain = path.replace('{id}', path.includes('/users/') ? bob.id : id);
        const versioned = plain.replace('/api/', '/api/v1/');
        expect(answerOf(await alice.call(`GET ${versioned}`)), path).toEqual(answerOf(await alice.call(`GET ${plain}`)));
      }
      const changed = await alice.ok(`PATCH /api/v1/tasks/${id}`, { description: 'New.' }, { 'if-match': reply.headers.get('etag') ?? '' });
      expect(changed.headers.get('location')).toBe(`/api/tasks/${id}`);
      expect((await alice.ok(`GET /api/tasks/${id}`, undefined, after(changed))).body.description).toBe('New.');
      expect(problemOf(await system.call('GET /api/v1/nothing'))).toMatchObject({ status: 404 });
    });
  });

  describeInbox(() => system);

  describe('mails', () => {
    it('of creation, later assignment and registration arrive exactly once, with title and description', async () => {
      const [carol, dave] = await Promise.all([system.register('Carol'), system.register('Dave')]);
      const title = 'Paint <the> "door" & frame';
      const description = 'Two coats.\nGreen, like the others.';
      // Each mail comes before its task is somebody else's: after that, it would not be sent.
      const comes = (to: User, subject: string) => mailComes(system.admin, to.email, subject);
      const { id } = await create(carol, { title, description, userId: dave.id });
      await comes(dave, `New task: ${title}`);
      const { id: own } = await create(carol, { title: 'For nobody yet' });
      await comes(carol, 'New task: For nobody yet');
      await dave.ok(`PUT /api/tasks/${id}/assignee`, { userId: carol.id });
      await comes(carol, `Assigned to you: ${title}`);
      await carol.ok(`PUT /api/tasks/${id}/assignee`, { userId: null });
      // Who gives it to themselves knows already.
      await carol.ok(`PUT /api/tasks/${id}/assignee`, { userId: carol.id });
      await carol.ok(`PUT /api/tasks/${own}/assignee`, { userId: dave.id });
      await carol.ok(`PUT /api/tasks/${own}/assignee`, { userId: dave.id });
      await carol.ok(`PUT /api/tasks/${own}/status`, { status: 'done' });
      await Promise.all([carol, dave].map(({ email }) => mailComes(system.admin, email, 'Confirm your registration')));
      await mailsSettle(system.admin);

      const toCarol = await mailsTo(system.admin, carol.email);
      const toDave = await mailsTo(system.admin, dave.email);
      const subjects = (mails: Mail[]) => mails.map((mail) => mail.subject).sort();
      expect(subjects(toDave)).toEqual(['Assigned to you: For nobody yet', 'Confirm your registration', `New task: ${title}`]);
      expect(subjects(toCarol)).toEqual([`Assigned to you: ${title}`, 'Confirm your registration', 'New task: For nobody yet']);
      for (const mail of [toDave.find((one) => one.subject.startsWith('New')), toCarol.find((one) => one.subject.startsWith('Assigned'))]) {
        expect(mail?.text).toContain(title);
        expect(mail?.text).toContain(description);
        expect(mail?.text).toContain(`/#task=${id}`);
        expect(mail?.html).toContain('Paint &#60;the&#62;');
      }
      for (const user of [carol, dave]) {
        const notifications = (await notificationsOf(system.admin, user.id)).filter((one) => one.channel === 'email');
        expect(notifications.map(({ status, attempts, unknownAttempts }) => ({ status, attempts, unknownAttempts }))).toEqual(
          [1, 2, 3].map(() => ({ status: 'sent', attempts: 1, unknownAttempts: [] })),
        );
      }
      expect(problemOf(await carol.call('GET /outbox'))).toMatchObject({ status: 403 });
    });

    it('of a registration have a link that proves the address, sets the password and ends what was before, once', async () => {
      const erin = await system.register('Erin');
      const token = tokenIn(await mailComes(system.admin, erin.email, 'Confirm your registration'));
      expect((await erin.ok('GET /api/me')).body).toMatchObject({ id: erin.id, confirmed: false });
      const password = `chosen by the mailbox ${uuid()}`;
      const confirmed = await system.call('POST /api/confirmations', { token, password });
      expect({ status: confirmed.status, body: confirmed.body }).toEqual({ status: 200, body: { id: erin.id, confirmed: true, passwordSet: true } });
      await vi.waitFor(async () => expect((await erin.call('GET /api/me')).status).toBe(401));
      expect((await (await logIn(system.url, { ...erin, password })).ok('GET /api/me')).body.confirmed).toBe(true);
      const again = await system.call('POST /api/confirmations', { token, password });
      expect(problemOf(again)).toEqual({ status: 422, code: 'invalid', pointers: ['/token'] });
    });

    it('of a forgotten password have a link that sets another one, once, and the change is told', async () => {
      const gail = await system.register('Gail');
      expect((await system.call('POST /api/password-resets', { email: `nobody.${uuid()}@example.org` })).status).toBe(202);
      expect((await system.call('POST /api/password-resets', { email: gail.email.toUpperCase() })).status).toBe(202);
      const token = /#reset=([\w-]+)/.exec((await mailComes(system.admin, gail.email, 'Set another password')).text)?.[1];
      const password = `another one ${uuid()}`;
      expect((await system.call('POST /api/password-resets/finish', { token, password })).body).toEqual({
        id: gail.id,
        confirmed: true,
        passwordSet: true,
      });
      expect(problemOf(await system.call('POST /api/password-resets/finish', { token, password }))).toMatchObject({ pointers: ['/token'] });
      await vi.waitFor(async () => expect((await gail.call('GET /api/me')).status).toBe(401));
      expect((await system.call('POST /api/login', { email: gail.email, password: gail.password })).status).toBe(401);
      expect((await (await logIn(system.url, { ...gail, password })).ok('GET /api/me')).body.confirmed).toBe(true);
      await mailComes(system.admin, gail.email, 'Your password was changed');
    });

    it('let who registered without a password set one', async () => {
      const account = { name: 'Frank', email: `frank.${uuid()}@example.org`, password: `chosen later ${uuid()}` };
      await system.call('POST /api/users', { name: account.name, email: account.email });
      const token = tokenIn(await mailComes(system.admin, account.email, 'Confirm your registration'));
      expect(problemOf(await system.call('POST /api/confirmations', { token }))).toMatchObject({ status: 422, pointers: ['/password'] });
      expect((await system.call('POST /api/confirmations', { token, password: account.password })).body).toMatchObject({ passwordSet: true });
      expect((await (await logIn(system.url, account)).ok('GET /api/me')).body).toMatchObject({ email: account.email, confirmed: true });
    });
  });

  describe('sessions', () => {
    it('are refreshed with a token that works once, and end at logout', async () => {
      const grace = await system.register('Grace');
      const refreshed = await system.call('POST /api/token/refresh', { refreshToken: grace.refreshToken });
      expect(refreshed.status).toBe(200);
      const call = caller(system.url, refreshed.body.accessToken);
      expect((await call('GET /api/me')).status).toBe(200);
      expect((await call('POST /api/logout')).status).toBe(204);
      expect(problemOf(await call('GET /api/me'))).toMatchObject({ status: 401, code: 'unauthorized' });
      expect(problemOf(await system.call('POST /api/token/refresh', { refreshToken: refreshed.body.refreshToken }))).toMatchObject({ status: 401 });
    });
  });

  describe('a live socket', () => {
    it('sees each change in order, with the position of the one before it', async () => {
      const { id, reply } = await create(alice, { userId: bob.id });
      const [page, board, mine] = [follow(system, bob, `task:${id}`, ''), follow(system, alice, 'tasks'), follow(system, bob, `user:${bob.id}`)];
      try {
        await Promise.all([page, board, mine].map((one) => one.joined()));
        for (let n = 0; n < 10; n++) await alice.ok(`POST /api/tasks/${id}/comments`, { text: `Comment ${n}` });
        const last = await bob.ok(`PUT /api/tasks/${id}/status`, { status: 'done' });
        await Promise.all([page, board, mine].map((one) => one.reached(position(last))));

        const history = await everyItem(alice.call, `/api/tasks/${id}/history`);
        const seen = page.changes.map(({ type, revision, position, actor, data, time }) => ({ type, revision, position, actor, data, time }));
        expect(seen).toEqual(history.map(({ id: _, ...event }) => event));
        expect(page.changes.every((change) => change.topic === `task:${id}` && change.id === id && change.stream === `task-${id}`)).toBe(true);
        expect(page.changes.slice(1).map((change) => change.previous)).toEqual(page.changes.slice(0, -1).map((change) => change.position));
        const since = history.filter((event) => event.position > position(reply)).map((event) => event.position);
        for (const { changes } of [board, mine]) {
          expect(changes.filter((change) => change.id === id).map((change) => change.position)).toEqual(since);
          expect(changes.slice(1).map((change) => change.previous)).toEqual(changes.slice(0, -1).map((change) => change.position));
        }
      } finally {
        for (const one of [page, board, mine]) one.close();
      }
    });

    it('ends with its session, and is refused to who has none', async () => {
      const heidi = await system.register('Heidi');
      const own = follow(system, heidi, `user:${heidi.id}`);
      await own.joined();
      const states = own.states.length;
      expect((await heidi.call('POST /api/logout')).status).toBe(204);
      await own.becomes('unauthorized', states);
      own.close();
    });
  });

  describe('no password, token or code', () => {
    /** Everything that must stay secret, as it is used in a life. */
    async function secretsOfALife(): Promise<{ secrets: string[]; ivan: User; taskId: string }> {
      const ivan = await system.register('Ivan');
      const code = tokenIn(await mailComes(system.admin, ivan.email, 'Confirm your registration'));
      await system.call('POST /api/confirmations', { token: code, password: ivan.password });
      const back = await logIn(system.url, ivan);
      const refreshed = (await system.call('POST /api/token/refresh', { refreshToken: back.refreshToken })).body;
      const next = `another phrase of his ${uuid()}`;
      await back.ok('PUT /api/me/password', { current: ivan.password, new: next });
      const wrong = `not the phrase of his ${uuid()}`;
      await system.call('POST /api/login', { email: ivan.email, password: wrong });
      await system.call('POST /api/users', { name: 'Ivan', email: ivan.email, password: wrong, token: code });
      const { id: taskId } = await create(back);
      const { accessToken, refreshToken } = refreshed;
      return {
        ivan,
        taskId,
        secrets: [ivan, back, { accessToken, refreshToken }]
          .flatMap((one) => [one.accessToken, one.refreshToken])
          .concat(ivan.password, next, wrong, code),
      };
    }

    it('is in what a socket or a history shows, in the log, or in the store’s files', async () => {
      const staff = follow(system, system.admin, 'role:admin');
      await staff.joined();
      const { secrets, ivan, taskId } = await secretsOfALife();
      const { body } = await system.admin.ok(`GET /api/tasks/${taskId}/history`);
      await mailsSettle(system.admin);
      staff.close();
      expect(staff.changes.map((change) => change.type)).toContain('UserConfirmed');
      const shown = {
        sockets: JSON.stringify(staff.changes),
        histories: JSON.stringify(body),
        notifications: JSON.stringify(await notificationsOf(system.admin, ivan.id)),
        log: system.output?.() ?? '',
        ...filesOf(system.dataDir),
      };
      // What is looked for would be found: the log tells of requests, the store of people.
      if (system.output) expect(shown.log).toContain('/api/confirmations');
      if (system.dataDir) expect(Object.values(shown).join()).toContain(ivan.email);
      for (const [where, text] of Object.entries(shown))
        for (const [index, secret] of secrets.entries()) expect(text.includes(secret), `secret ${index} in ${where}`).toBe(false);
    });
  });
}

/** Files of an installation that hold events or what is made from them. The outbox holds mails, and with them codes. */
function filesOf(dataDir: string | undefined): Record<string, string> {
  const names = dataDir ? readdirSync(dataDir).filter((name) => /^(events|read-models|secrets)\./.test(name)) : [];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dataDir ?? '', name), 'latin1')]));
}
