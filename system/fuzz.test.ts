import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logIn, type Reply, type User } from './client.fixture.ts';
import { openSystem } from './system.fixture.ts';

/** Requests; SYSTEM_FUZZ says how many (100,000 finds more than 1,500). */
const RUNS = Number(process.env.SYSTEM_FUZZ ?? 1_500);

type System = Awaited<ReturnType<typeof openSystem>>;
interface Operation {
  requestBody?: { content: { 'application/json': { schema: { properties?: Record<string, unknown> }; example?: unknown } } };
  parameters: { name: string; in: string }[];
}
interface Request {
  what: string;
  body: unknown;
  headers: Record<string, string>;
  anonymous: boolean;
}

let system: System;
let user: User;

beforeAll(async () => {
  system = await openSystem({ REGISTRATION_LIMIT: '1000000' });
  user = await system.register('Mallory');
});
afterAll(() => system?.remove());

/** What a header may hold on the wire, so that it is the server that judges. */
const headerText = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
  fc.string({ unit: fc.integer({ min: 0xa1, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 10 }),
  fc.constantFrom('"0"', '*', 'W/"1"', '"', ',', '0000000000000001', '9999999999999999', 'Bearer', 'Bearer x.y.z'),
);
const NAMES = ['if-match', 'if-none-match', 'idempotency-key', 'read-after', 'traceparent', 'x-request-id', 'accept', 'origin', 'x-forwarded-for'];
const headers = fc.dictionary(fc.constantFrom(...NAMES), headerText, { maxKeys: 3 });

/** A text as nasty as texts get. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '\0', '\ud800', '__proto__', '../..', '%00', '%', "'; DROP TABLE events;--", '٣', 'e\u0301'.repeat(50), '9'.repeat(400)),
);
const value: fc.Arbitrary<unknown> = fc.oneof(text, fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(1e308, -0, [], {}, null, true));

/** Bodies near to what an operation takes: its example with fields put, changed and left out; or anything at all. */
function bodies({ requestBody }: Operation): fc.Arbitrary<unknown> {
  const json = requestBody?.content['application/json'];
  const fields = Object.keys(json?.schema.properties ?? {});
  const example = (json?.example ?? {}) as object;
  const near = fc
    .dictionary(fields.length > 0 ? fc.oneof(fc.constantFrom(...fields), text) : text, value, { maxKeys: 3 })
    .map((more) => ({ ...example, ...more }));
  const broken = fc.tuple(near, fc.nat()).map(([body, at]) => JSON.stringify(body).slice(0, at % 80));
  return fc.oneof(
    { weight: 5, arbitrary: near },
    { weight: 2, arbitrary: value.map((one) => JSON.stringify(one)) },
    broken,
    fc.uint8Array(),
    fc.constant(undefined),
  );
}

/** Requests to a row of the table of routes, with ids that are and that are not there. */
function requests(path: string, method: string, operation: Operation, ids: readonly string[]): fc.Arbitrary<Request> {
  const segment = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...ids) },
    text.map((one) => encodeURIComponent(one.toWellFormed()) || '-'),
    fc.constant('%E0%A4%A'),
  );
  const names = operation.parameters.filter((one) => one.in === 'query').map((one) => one.name);
  const query = fc.array(fc.tuple(fc.oneof(fc.constantFrom('cursor', ...names), text), text), { maxLength: 3 });
  return fc
    .record({
      segments: fc.array(segment, { minLength: 2, maxLength: 2 }),
      query: fc.oneof(fc.constant<[string, string][]>([]), query),
      body: method === 'get' ? fc.constant(undefined) : bodies(operation),
      headers,
      type: fc.oneof({ weight: 6, arbitrary: fc.constant('application/json') }, headerText),
      anonymous: fc.nat(9).map((n) => n === 0),
    })
    .map(({ segments, query, body, headers, type, anonymous }) => {
      let next = 0;
      const filled = path.replace(/\{\w+\}/g, () => segments[next++] ?? '');
      const search = new URLSearchParams(query.map(([name, of]): [string, string] => [name.toWellFormed(), of.toWellFormed()])).toString();
      const what = `${method.toUpperCase()} ${filled}${search ? `?${search}` : ''}`;
      return { what, body, anonymous, headers: body === undefined ? headers : { ...headers, 'content-type': type } };
    });
}

async function send({ what, body, headers, anonymous }: Request): Promise<Reply> {
  if (anonymous) return system.call(what, body, headers);
  const reply = await user.call(what, body, headers);
  // It may have logged itself out, or deleted itself.
  if (reply.status === 401 && (await user.call('GET /api/me')).status === 401)
    user = await logIn(system.url, user).catch(() => system.register('Mallory'));
  return reply;
}

function isInOrder({ status, headers, text, body }: Reply): boolean {
  const type = headers.get('content-type') ?? '';
  if (status === 204 || status === 304) return text === '';
  if (status < 300) return /^application\/json/.test(type) || /^text\/plain/.test(type);
  return status < 500 && /^application\/problem\+json/.test(type) && body.status === status;
}

it('whatever is sent to any route, the answer is JSON and never a 5xx', { timeout: 60_000 + RUNS * 100 }, async () => {
  const { paths } = (await system.call('GET /openapi.json')).body as { paths: Record<string, Record<string, Operation>> };
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  expect(rows.length).toBeGreaterThan(30);
  const { body: task } = await user.ok('POST /api/tasks', { title: 'Here to be changed' });
  const ids = [task.id, user.id, system.admin.id, crypto.randomUUID(), 'task_list'];
  const anyRequest = fc.oneof(...rows.map(({ path, method, operation }) => requests(path, method, operation, ids)));
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(anyRequest, async (request) => {
      const reply = await send(request);
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      if (!isInOrder(reply)) throw new Error(`answered ${reply.status} ${reply.headers.get('content-type')}: ${reply.text.slice(0, 500)}`);
    }),
    { numRuns: RUNS, endOnFailure: RUNS > 10_000 },
  );
  // It went through the doors, not only against them.
  expect([200, 201, 400, 401, 404, 422].filter((status) => !statuses.get(status))).toEqual([]);
  expect((await system.call('GET /readyz')).status).toBe(200);
  if (system.output) expect(system.output()).not.toMatch(/unexpected error|"level":[56]0/);
});
