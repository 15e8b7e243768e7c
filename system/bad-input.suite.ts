import { request } from 'node:http';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { caller, everyItem, problemOf, type Reply, type User } from './client.fixture.ts';
import { mailComes, mailsSettle } from './mails.fixture.ts';
import { isGiven, JWT_SECRET, type openSystem } from './system.fixture.ts';

const ALLOWED = 'https://intranet.example.org';
const NOBODY = '00000000-0000-4000-8000-000000000000';

type System = Awaited<ReturnType<typeof openSystem>>;
/** The things that the rows of the table speak of. */
interface Scene {
  alice: User;
  bob: User;
  /** Alice's, open. */
  task: string;
  /** Alice's, done. */
  done: string;
  /** The first page's cursor of another list. */
  cursor: string;
  /** A position of the log. */
  position: string;
}
/** A request: the caller, method and path, body and headers. */
type Asked = readonly [by: 'alice' | 'bob' | 'anyone', what: string, body?: unknown, headers?: Record<string, string>];
type Row = readonly [name: string, ask: (scene: Scene) => Asked, status: number, code: string, pointers: string[], headers?: Record<string, RegExp>];

let system: System;
let scene: Scene;

async function makeScene(): Promise<Scene> {
  const [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
  const [{ body: task }, { body: done }] = await Promise.all([
    alice.ok('POST /api/tasks', { title: 'Open' }),
    alice.ok('POST /api/tasks', { title: 'Done' }),
  ]);
  const { body: last } = await alice.ok(`PUT /api/tasks/${done.id}/status`, { status: 'done' });
  // On a busy machine the change may be longer on its way than one answer waits for it.
  const { body: page } = await vi.waitFor(() => alice.ok('GET /api/tasks?limit=1&sort=title', undefined, { 'read-after': last.position }));
  return { alice, bob, task: task.id, done: done.id, cursor: page.next, position: last.position };
}

const MIB = 1024 * 1024;
const aTask = (more: object) => ({ title: 'A task', ...more });
/** JSON of exactly so many bytes. */
const sized = (bytes: number) => `{"title":"${'x'.repeat(bytes - 12)}"}`;
const CHALLENGE = { 'www-authenticate': /^Bearer/ };
const BAD_TOKEN = { 'www-authenticate': /^Bearer error="invalid_token"/ };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const base64 = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
/** A token with a letter of one part changed. */
function forged(token: string, part: number): string {
  const parts = token.split('.');
  const letters = [...(parts[part] ?? '')];
  letters[5] = letters[5] === 'A' ? 'B' : 'A';
  return parts.with(part, letters.join('')).join('.');
}

/** The status that answers a page of this origin when it asks for a websocket. */
function asksForSocket(url: string, origin: string): Promise<number | undefined> {
  const asked = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  return new Promise((resolve, reject) => {
    request(`${url}/socket.io/?EIO=4&transport=websocket`, { headers: { ...asked, Origin: origin } })
      .on('response', (response) => resolve(response.resume().statusCode))
      .on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode);
      })
      .on('error', reject)
      .end();
  });
}

const BODIES: Row[] = [
  ['malformed JSON', () => ['alice', 'POST /api/tasks', '{"title": "A'], 400, 'invalid', ['']],
  ['JSON that is not UTF-8', () => ['alice', 'POST /api/tasks', new Uint8Array([34, 0xff, 34])], 400, 'invalid', ['']],
  ['no body', () => ['alice', 'POST /api/tasks'], 422, 'invalid', ['']],
  ['an array', () => ['alice', 'POST /api/tasks', []], 422, 'invalid', ['']],
  ['null', () => ['alice', 'POST /api/tasks', 'null'], 422, 'invalid', ['']],
  [
    'wrong types, each named',
    () => ['alice', 'POST /api/tasks', { title: 1, description: [], userId: 'bob', deadline: 'tomorrow', priority: 'top', labels: ['ok', 7, ''] }],
    422,
    'invalid',
    ['/deadline', '/description', '/labels/1', '/labels/2', '/priority', '/title', '/userId'],
  ],
  ['unknown fields, each named', () => ['alice', 'POST /api/tasks', aTask({ status: 'done', 'a/b~c': 1 })], 422, 'invalid', ['/a~1b~0c', '/status']],
  ['a field missing', () => ['alice', 'POST /api/tasks', {}], 422, 'invalid', ['/title']],
  ['a blank title', () => ['alice', 'POST /api/tasks', { title: '   ' }], 422, 'invalid', ['/title']],
  ['a title of 201 characters', () => ['alice', 'POST /api/tasks', { title: 'ü'.repeat(201) }], 422, 'invalid', ['/title']],
  ['a title with a line break', () => ['alice', 'POST /api/tasks', { title: 'a\r\nBcc: b' }], 422, 'invalid', ['/title']],
  ['half a character', () => ['alice', 'POST /api/tasks', '{"title":"\\ud800"}'], 422, 'invalid', ['/title']],
  ['21 labels', () => ['alice', 'POST /api/tasks', aTask({ labels: Array(21).fill('x') })], 422, 'invalid', ['/labels']],
  ['a description too long', () => ['alice', 'POST /api/tasks', aTask({ description: 'x'.repeat(10_001) })], 422, 'invalid', ['/description']],
  ['a prototype', () => ['alice', 'POST /api/tasks', '{"title":"x","__proto__":{"role":"admin"}}'], 422, 'invalid', ['/__proto__']],
  ['a deadline without offset', () => ['alice', 'POST /api/tasks', aTask({ deadline: '2099-01-01T00:00:00' })], 422, 'invalid', ['/deadline']],
  ['a deadline that passed', () => ['alice', 'POST /api/tasks', aTask({ deadline: '2020-01-01T00:00:00Z' })], 422, 'invalid', ['/deadline']],
  [
    'a deadline that passed, in an edit',
    ({ task }) => ['alice', `PATCH /api/tasks/${task}`, { deadline: '2020-01-01T00:00:00+02:00' }],
    422,
    'invalid',
    ['/deadline'],
  ],
  ['an assignee who is nobody', () => ['alice', 'POST /api/tasks', aTask({ userId: NOBODY })], 422, 'invalid', ['/userId']],
  ['an assignee who is nobody, later', ({ task }) => ['alice', `PUT /api/tasks/${task}/assignee`, { userId: NOBODY }], 422, 'invalid', ['/userId']],
  ['a status that is none', ({ task }) => ['alice', `PUT /api/tasks/${task}/status`, { status: 'finished' }], 422, 'invalid', ['/status']],
  ['a status that cannot follow', ({ done }) => ['alice', `PUT /api/tasks/${done}/status`, { status: 'in-progress' }], 409, 'conflict', ['/status']],
  ['a body where none belongs', ({ task }) => ['alice', `DELETE /api/tasks/${task}`, { really: true }], 422, 'invalid', ['/really']],
  ['a body over 1 MiB', () => ['alice', 'POST /api/tasks', sized(MIB + 1)], 413, 'invalid', ['']],
  ['a body of 1 MiB, which is read', () => ['alice', 'POST /api/tasks', sized(MIB)], 422, 'invalid', ['/title']],
  [
    'a form',
    () => ['alice', 'POST /api/tasks', 'title=A', { 'content-type': 'application/x-www-form-urlencoded' }],
    415,
    'invalid',
    [''],
    { accept: /json/ },
  ],
  ['no media type', () => ['alice', 'POST /api/tasks', '{"title":"A"}', { 'content-type': '' }], 415, 'invalid', ['']],
  ['a compressed body', () => ['alice', 'POST /api/tasks', '{"title":"A"}', { 'content-encoding': 'gzip' }], 415, 'invalid', ['']],
  [
    'a registration all wrong',
    () => ['anyone', 'POST /api/users', { name: '', email: 'at.example.org', password: 'short', role: 'admin' }],
    422,
    'invalid',
    ['/email', '/name', '/password', '/role'],
  ],
  [
    'an address that is taken',
    ({ bob }) => ['anyone', 'POST /api/users', { name: 'B', email: bob.email.toUpperCase() }],
    409,
    'conflict',
    ['/email'],
  ],
  [
    'a login with a wrong password',
    ({ bob }) => ['anyone', 'POST /api/login', { email: bob.email, password: 'x' }],
    401,
    'unauthorized',
    [],
    CHALLENGE,
  ],
  ['a login of nobody', () => ['anyone', 'POST /api/login', { email: 'no@example.org', password: 'x' }], 401, 'unauthorized', [], CHALLENGE],
  ['a refresh token that is none', () => ['anyone', 'POST /api/token/refresh', { refreshToken: 'x' }], 401, 'unauthorized', [], CHALLENGE],
  [
    'a confirmation that is none',
    () => ['anyone', 'POST /api/confirmations', { token: 'x', password: 'a long phrase of theirs' }],
    422,
    'invalid',
    ['/token'],
  ],
];

const PLACES: Row[] = [
  ['an id that is none', () => ['alice', 'GET /api/tasks/7'], 400, 'invalid', [':id']],
  ['an id that is none, to change', () => ['alice', 'PATCH /api/tasks/..%2f7', { title: 'B' }], 400, 'invalid', [':id']],
  ['an id with a broken escape', () => ['alice', 'GET /api/tasks/%E0%A4%A'], 400, 'invalid', [':id']],
  ['a task that is not there', () => ['alice', `GET /api/tasks/${NOBODY}`], 404, 'not_found', []],
  ['a task that is not there, to change', () => ['alice', `PATCH /api/tasks/${NOBODY}`, { title: 'B' }], 404, 'not_found', []],
  ['the history of nothing', () => ['alice', `GET /api/tasks/${NOBODY}/history`], 404, 'not_found', []],
  ['a user who is not there', () => ['alice', `GET /api/users/${NOBODY}`], 404, 'not_found', []],
  ['a session of another', () => ['alice', `DELETE /api/sessions/${NOBODY}`], 404, 'not_found', []],
  ['an unknown route', () => ['alice', 'GET /api/nothing'], 404, 'not_found', []],
  ['an unknown route, by nobody', () => ['anyone', 'POST /nothing', { a: 1 }], 404, 'not_found', []],
  ['a path in other case', () => ['alice', 'GET /API/Tasks'], 404, 'not_found', []],
  ['an unknown method', () => ['alice', 'PUT /api/tasks', {}], 405, 'method_not_allowed', [], { allow: /^(?=.*GET)(?=.*POST)(?!.*PUT)/ }],
  [
    'an unknown method on a task',
    ({ task }) => ['alice', `POST /api/tasks/${task}`, {}],
    405,
    'method_not_allowed',
    [],
    { allow: /^(?=.*GET)(?=.*PATCH)(?=.*DELETE)/ },
  ],
  ['an unknown method on a page', () => ['anyone', 'DELETE /docs'], 405, 'method_not_allowed', [], { allow: /GET/ }],
];

const CALLERS: Row[] = [
  ['no token', () => ['anyone', 'GET /api/tasks'], 401, 'unauthorized', [], { 'www-authenticate': /^Bearer$/ }],
  ['no token, on a command', () => ['anyone', 'POST /api/tasks', aTask({})], 401, 'unauthorized', [], CHALLENGE],
  ['no token, before the body is looked at', () => ['anyone', 'POST /api/tasks', '{'], 401, 'unauthorized', [], CHALLENGE],
  ['a token that is none', () => ['anyone', 'GET /api/tasks', undefined, bearer('x')], 401, 'unauthorized', [], BAD_TOKEN],
  [
    'another scheme',
    () => ['anyone', 'GET /api/tasks', undefined, { authorization: 'Basic YTpi' }],
    401,
    'unauthorized',
    [],
    { 'www-authenticate': /^Bearer$/ },
  ],
  ['an operator’s token that is none', () => ['anyone', 'GET /api/tasks', undefined, bearer('operator-x')], 401, 'unauthorized', [], BAD_TOKEN],
  ['a forged header', ({ alice }) => ['anyone', 'GET /api/me', undefined, bearer(forged(alice.accessToken, 0))], 401, 'unauthorized', [], BAD_TOKEN],
  ['forged claims', ({ alice }) => ['anyone', 'GET /api/me', undefined, bearer(forged(alice.accessToken, 1))], 401, 'unauthorized', [], BAD_TOKEN],
  [
    'a forged signature',
    ({ alice }) => ['anyone', 'GET /api/me', undefined, bearer(forged(alice.accessToken, 2))],
    401,
    'unauthorized',
    [],
    BAD_TOKEN,
  ],
  [
    'a token without signature (alg none)',
    ({ alice }) => {
      const unsigned = `${base64({ alg: 'none', typ: 'JWT' })}.${alice.accessToken.split('.')[1]}.`;
      return ['anyone', 'GET /api/me', undefined, bearer(unsigned)];
    },
    401,
    'unauthorized',
    [],
    BAD_TOKEN,
  ],
  [
    'a refresh token as access token',
    ({ alice }) => ['anyone', 'GET /api/me', undefined, bearer(alice.refreshToken)],
    401,
    'unauthorized',
    [],
    BAD_TOKEN,
  ],
  ['another’s task, edited', ({ task }) => ['bob', `PATCH /api/tasks/${task}`, { title: 'Mine' }], 403, 'forbidden', []],
  ['another’s task, moved', ({ task }) => ['bob', `PUT /api/tasks/${task}/status`, { status: 'done' }], 403, 'forbidden', []],
  ['another’s task, taken', ({ task, bob }) => ['bob', `PUT /api/tasks/${task}/assignee`, { userId: bob.id }], 403, 'forbidden', []],
  ['another’s task, deleted', ({ task }) => ['bob', `DELETE /api/tasks/${task}`], 403, 'forbidden', []],
  ['another user, edited', ({ alice }) => ['bob', `PATCH /api/users/${alice.id}`, { name: 'Bob' }], 403, 'forbidden', []],
  ['another user, deleted', ({ alice }) => ['bob', `DELETE /api/users/${alice.id}`], 403, 'forbidden', []],
  ['a role for oneself', ({ bob }) => ['bob', `PUT /api/users/${bob.id}/role`, { role: 'admin' }], 403, 'forbidden', []],
  ['the outbox', () => ['bob', 'GET /outbox'], 403, 'forbidden', []],
  ['a rebuild', () => ['bob', 'POST /api/admin/projections/task_list/rebuild'], 403, 'forbidden', []],
  ['notifications of all', () => ['bob', 'GET /api/notifications?all'], 403, 'forbidden', []],
];

const HEADERS: Row[] = [
  ['Read-After that is none', () => ['alice', 'GET /api/tasks', undefined, { 'read-after': 'soon' }], 400, 'invalid', ['Read-After']],
  [
    'Read-After of a history that is none',
    ({ task }) => ['alice', `GET /api/tasks/${task}/history`, undefined, { 'read-after': '!' }],
    400,
    'invalid',
    ['Read-After'],
  ],
  [
    'Read-After beyond the log',
    ({ position }) => ['alice', 'GET /api/tasks', undefined, { 'read-after': '9'.repeat(position.length) }],
    400,
    'invalid',
    ['Read-After'],
  ],
  [
    'an Idempotency-Key too long',
    () => ['alice', 'POST /api/tasks', aTask({}), { 'idempotency-key': 'x'.repeat(256) }],
    400,
    'invalid',
    ['Idempotency-Key'],
  ],
  ['an Idempotency-Key not in ASCII', () => ['alice', 'POST /api/tasks', aTask({}), { 'idempotency-key': 'é' }], 400, 'invalid', ['Idempotency-Key']],
  ['an empty Idempotency-Key', () => ['alice', 'POST /api/tasks', aTask({}), { 'idempotency-key': '' }], 400, 'invalid', ['Idempotency-Key']],
  ['If-Match without quotes', ({ task }) => ['alice', `PATCH /api/tasks/${task}`, { title: 'B' }, { 'if-match': '0' }], 400, 'invalid', ['If-Match']],
  [
    'If-Match of another revision',
    ({ task }) => ['alice', `PATCH /api/tasks/${task}`, { title: 'B' }, { 'if-match': '"9"' }],
    412,
    'conflict',
    ['If-Match'],
    { etag: /^"0"$/ },
  ],
  [
    'If-Match that is weak',
    ({ task }) => ['alice', `PATCH /api/tasks/${task}`, { title: 'B' }, { 'if-match': 'W/"0"' }],
    412,
    'conflict',
    ['If-Match'],
  ],
];

const QUERIES: Row[] = [
  ['a cursor that is none', () => ['alice', 'GET /api/tasks?cursor=x'], 400, 'invalid', ['?cursor']],
  ['a cursor of another list', ({ cursor }) => ['alice', `GET /api/tasks?cursor=${cursor}`], 400, 'invalid', ['?cursor']],
  ['a cursor of another order', ({ cursor }) => ['alice', `GET /api/tasks?sort=-title&cursor=${cursor}`], 400, 'invalid', ['?cursor']],
  ['a limit of 0', () => ['alice', 'GET /api/tasks?limit=0'], 400, 'invalid', ['?limit']],
  ['a limit of 101', () => ['alice', 'GET /api/tasks?limit=101'], 400, 'invalid', ['?limit']],
  ['a limit that is no number', () => ['alice', 'GET /api/users?limit=1e1'], 400, 'invalid', ['?limit']],
  ['a sort that is none', () => ['alice', 'GET /api/tasks?sort=colour'], 400, 'invalid', ['?sort']],
  ['an unknown parameter', () => ['alice', 'GET /api/tasks?colour=red'], 400, 'invalid', ['?colour']],
  ['a parameter given twice', () => ['alice', 'GET /api/tasks?q=a&q=b'], 400, 'invalid', ['?q']],
  [
    'several, each named',
    () => ['alice', 'GET /api/tasks?status=finished&due=soon&assignee=bob&limit=x'],
    400,
    'invalid',
    ['?assignee', '?due', '?limit', '?status'],
  ],
  ['asOf that is none', ({ task }) => ['alice', `GET /api/tasks/${task}?asOf=yesterday`], 400, 'invalid', ['?asOf']],
  ['asOf beyond the log', ({ task, position }) => ['alice', `GET /api/tasks/${task}?asOf=${'9'.repeat(position.length)}`], 400, 'invalid', ['?asOf']],
];

function ask([by, what, body, headers]: Asked): Promise<Reply> {
  const call = by === 'anyone' ? system.call : scene[by].call;
  return call(what, body, headers);
}

/** Sends a body piece by piece, as Alice, without Content-Length. */
function stream(path: string, pieces: string[]): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', ...bearer(scene.alice.accessToken) };
    const sending = request(`${system.url()}${path}`, { method: 'POST', headers }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    sending.once('error', reject);
    for (const piece of pieces) sending.write(piece);
    sending.end();
  });
}

/** Describes what is refused, and how, on every kind of system. `alone`: cases that need a system with other variables are tried, too. */
export function describeBadInput(open: typeof openSystem, { alone }: { alone: boolean }): void {
  beforeAll(async () => {
    system = await open({ ALLOWED_ORIGINS: ALLOWED });
    scene = await makeScene();
    await Promise.all([scene.alice, scene.bob].map(({ email }) => mailComes(system.admin, email, 'Confirm your registration')));
    await mailsSettle(system.admin);
  });
  afterAll(() => system?.remove());

  describe('bad input is refused, and nothing is recorded', () => {
    let before: unknown;
    /** All that one can see of what is recorded; and the log's end. */
    async function recorded(): Promise<unknown> {
      const history = await system.admin.ok(`GET /api/tasks/${scene.task}/history`);
      const head = history.headers.get('position');
      const lists = ['/api/tasks?sort=createdAt&limit=100', '/api/users?limit=100', '/api/notifications?all&limit=100'];
      const all = await Promise.all(lists.map((path) => everyItem(system.admin.call, path, { 'read-after': head ?? '' })));
      return { head, history: history.body, lists: all };
    }
    beforeAll(async () => {
      before = await recorded();
    });
    describe.each<[string, Row[]]>([
      ['bodies', BODIES],
      ['places', PLACES],
      ['callers', CALLERS],
      ['headers', HEADERS],
      ['queries', QUERIES],
    ])('%s', (_, rows) => {
      it.each(rows)('%s', async (...row) => {
        const [, asked, status, code, pointers, headers = {}] = row as unknown as Row;
        const reply = await ask(asked(scene));
        expect(problemOf(reply)).toEqual({ status, code, pointers });
        for (const [name, pattern] of Object.entries(headers)) expect(reply.headers.get(name), name).toMatch(pattern);
        expect(reply.body.instance).toBe(reply.headers.get('x-request-id'));
      });
    });

    it('a body over 1 MiB that does not say how long it is', async () => {
      const { status, text } = await stream('/api/tasks', Array(17).fill('x'.repeat(64 * 1024)));
      expect({ status, code: JSON.parse(text).code }).toEqual({ status: 413, code: 'invalid' });
    });

    it.skipIf(isGiven)('a token that is too old', async () => {
      const { iat, exp, ...claims } = jwt.decode(scene.alice.accessToken) as jwt.JwtPayload;
      const now = Math.floor(Date.now() / 1_000);
      const until = (end: number) => bearer(jwt.sign({ ...claims, iat: now - 60, exp: end }, JWT_SECRET));
      // The same token in order is taken: what is refused below is refused for its one fault.
      expect((await system.call('GET /api/me', undefined, until(now + 60))).status).toBe(200);
      const expired = await system.call('GET /api/me', undefined, until(now - 1));
      expect(problemOf(expired)).toEqual({ status: 401, code: 'unauthorized', pointers: [] });
      expect(expired.headers.get('www-authenticate')).toMatch(/invalid_token.*expired/);
    });

    it.skipIf(isGiven)('pages of a foreign origin', async () => {
      const preflight = (origin: string) =>
        system.call('OPTIONS /api/tasks', undefined, {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        });
      const allowed = await preflight(ALLOWED);
      expect(allowed.status).toBe(204);
      expect(allowed.headers.get('access-control-allow-origin')).toBe(ALLOWED);
      expect(allowed.headers.get('access-control-allow-methods')).toContain('POST');
      expect(allowed.headers.get('access-control-allow-headers')).toMatch(/authorization/i);
      for (const origin of ['https://evil.example', `${ALLOWED}.evil.example`, 'null']) {
        expect((await preflight(origin)).headers.get('access-control-allow-origin'), origin).toBeNull();
        const got = await scene.alice.call('GET /api/tasks', undefined, { origin });
        expect(got.headers.get('access-control-allow-origin'), origin).toBeNull();
        expect(got.headers.get('vary')).toMatch(/origin/i);
      }
      const got = await scene.alice.call('GET /api/tasks', undefined, { origin: ALLOWED });
      expect(got.headers.get('access-control-allow-origin')).toBe(ALLOWED);
      expect(got.headers.get('access-control-expose-headers')).toMatch(/position/i);
      const refused = await system.call('GET /api/tasks', undefined, { origin: ALLOWED });
      expect({ status: refused.status, origin: refused.headers.get('access-control-allow-origin') }).toEqual({ status: 401, origin: ALLOWED });
      const sockets = (origin: string) => asksForSocket(system.url(), origin);
      expect(await sockets('https://evil.example')).toBe(400);
      expect(await sockets(ALLOWED)).toBe(101);
    });

    it('after all of it, nothing was recorded', async () => {
      expect(await recorded()).toEqual(before);
      // Proves that `recorded` sees a change.
      await scene.alice.ok(`POST /api/tasks/${scene.task}/comments`, { text: 'This is recorded.' });
      expect(await recorded()).not.toEqual(before);
    });
  });

  describe.skipIf(isGiven || !alone)('with TASK_VISIBILITY=own, few registrations and few orders', () => {
    let own: System;
    let carol: User;
    let dave: User;
    beforeAll(async () => {
      own = await open({ TASK_VISIBILITY: 'own', REGISTRATION_LIMIT: '3', ORDER_LIMIT: '2' });
      carol = await own.register('Carol');
      dave = await own.register('Dave');
    });
    afterAll(() => own?.remove());

    it('another’s task is as one that is not there', async () => {
      const { body: task } = await carol.ok('POST /api/tasks', { title: 'Carol’s own' });
      const after = { 'read-after': task.position };
      const nothing = { status: 404, code: 'not_found', pointers: [] };
      const asks = [
        'GET /api/tasks/ID',
        'GET /api/tasks/ID/history',
        `GET /api/tasks/ID?asOf=${task.position}`,
        'DELETE /api/tasks/ID',
        'POST /api/tasks/ID/restore',
      ];
      for (const what of asks) {
        const [theirs, none] = await Promise.all([task.id, NOBODY].map((id) => dave.call(what.replace('ID', id), undefined, after)));
        expect(problemOf(theirs as Reply), what).toEqual(nothing);
        expect(theirs?.body.detail).toBe(none?.body.detail);
      }
      expect(problemOf(await dave.call(`POST /api/tasks/${task.id}/comments`, { text: 'Hello' }))).toEqual(nothing);
      expect(await everyItem(dave.call, '/api/tasks', after)).toEqual([]);
      expect((await everyItem(carol.call, '/api/tasks', after)).map((one) => one.id)).toEqual([task.id]);
      expect((await own.admin.ok(`GET /api/tasks/${task.id}`, undefined, after)).status).toBe(200);
      const given = await carol.ok(`PUT /api/tasks/${task.id}/assignee`, { userId: dave.id });
      expect((await dave.ok(`GET /api/tasks/${task.id}`, undefined, { 'read-after': given.body.position })).body.title).toBe('Carol’s own');
    });

    it('orders beyond the limit of their maker are told when to come again', async () => {
      const order = { items: [{ sku: 'lamp', quantity: 1, unitPrice: { amount: 1, currency: 'EUR' } }], email: 'erin@example.org' };
      const key = { 'idempotency-key': 'the first' };
      const first = await carol.ok('POST /api/orders', order, key);
      expect(first.headers.get('ratelimit')).toMatch(/^"commands";r=\d+;t=\d+, "orders";r=1;t=\d+$/);
      await carol.ok('POST /api/orders', order);
      const limited = await carol.call('POST /api/orders', order);
      expect(problemOf(limited)).toEqual({ status: 429, code: 'limited', pointers: [] });
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      // A repeat is no other order.
      expect((await carol.ok('POST /api/orders', order, key)).body).toEqual(first.body);
      await dave.ok('POST /api/orders', order);
    });

    it('registrations beyond the limit are told when to come again', async () => {
      const register = () => own.call('POST /api/users', { name: 'Erin', email: `erin.${crypto.randomUUID()}@example.org` });
      const last = await register();
      expect(last.status).toBe(201);
      expect(last.headers.get('ratelimit-policy')).toBe('"registration";q=3;w=3600');
      expect(last.headers.get('ratelimit')).toMatch(/^"registration";r=0;t=\d+$/);
      const limited = await register();
      expect(problemOf(limited)).toEqual({ status: 429, code: 'limited', pointers: [] });
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(limited.headers.get('ratelimit')).toMatch(/^"registration";r=0;t=\d+$/);
      expect((await caller(own.url)('GET /livez')).status).toBe(200);
    });
  });
}
