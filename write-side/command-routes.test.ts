import { expect, it } from 'vitest';
import { openLimits } from '../platform/http/limits/limits.ts';
import type { RouteRequest } from '../platform/http/route.ts';
import { answerOf, commandOf, commandRow, contextOf, limitOfCommand } from './command-routes.ts';
import { site } from './deciders/site.ts';
import { ADMIN } from './spec.fixture.ts';

const request = (headers: Record<string, string> = {}, more: Partial<RouteRequest> = {}): RouteRequest => ({
  params: {},
  query: {},
  body: { title: 'Lamp' },
  caller: { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'member', seesAll: true, sessionId: 's' },
  header: (name) => headers[name],
  ip: '127.0.0.1',
  requestId: 'the-same-request-id',
  ...more,
});
const row = commandRow('CreateTask');
const idOf = (headers: Record<string, string>, more: Partial<RouteRequest> = {}) => commandOf(row, request(headers, more)).commandId;

it('invariant 4: a command is named by actor, method, path and Idempotency-Key', () => {
  const bob = { caller: { id: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02', role: 'member', seesAll: true, sessionId: 's' } } as const;
  expect(idOf({ 'idempotency-key': 'a' })).toBe(idOf({ 'idempotency-key': 'a' }));
  expect(idOf({ 'idempotency-key': 'a' })).not.toBe(idOf({ 'idempotency-key': 'b' }));
  expect(idOf({ 'idempotency-key': 'a' })).not.toBe(idOf({ 'idempotency-key': 'a' }, bob));
});

it('invariant 4: without a key every request is a command of its own, whatever request id the caller gives', () => {
  expect(idOf({})).not.toBe(idOf({}));
});

it.each(['', ' leading', 'ü', 'x'.repeat(256), 'tab\there'])('a key that is no visible ASCII is refused (%j)', (key) => {
  expect(() => idOf({ 'idempotency-key': key })).toThrow(
    expect.objectContaining({ status: 400, errors: [expect.objectContaining({ pointer: 'Idempotency-Key' })] }),
  );
});

it.each([
  ['"3"', [3]],
  ['"3", "4"', [3, 4]],
  ['W/"3"', []],
  ['"abc"', []],
  ['*', undefined],
])('If-Match %s means the revisions %j', (header, revisions) => {
  expect(contextOf(request({ 'if-match': header }), String).ifMatch).toEqual(revisions);
});

it.each(['3', '"3', 'W/3', '"3" "4"'])('a malformed If-Match is refused (%s)', (header) => {
  expect(() => contextOf(request({ 'if-match': header }), String)).toThrow(expect.objectContaining({ status: 400 }));
});

it('a command that a later limit refuses takes nothing from the limits before it', async () => {
  const limits = await openLimits('memory:', { mails: 2, 'stream-commands': 1 });
  const assign = commandRow('AssignTask');
  const commands = { load: () => Promise.reject(new Error('nobody’s address is looked up')) };
  const admit = (id: string) => limitOfCommand(assign.contract, commandOf(assign, request({}, { params: { id } })), { limits, commands }).admit();
  await admit('one');
  await expect(admit('one')).rejects.toMatchObject({ code: 'limited' });
  await admit('another');
  await expect(admit('a third')).rejects.toMatchObject({ code: 'limited' });
  await limits.close();
});

it('a command on a thing inside an aggregate has its id in lower case with the body, and is another command for another thing', () => {
  const edit = commandRow('EditPlace');
  const [siteId, one, other] = [
    '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07',
    '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08',
    '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09',
  ] as const;
  const on = (place: string) => commandOf(edit, request({ 'idempotency-key': 'k' }, { params: { id: siteId, place }, body: { name: 'Hall' } }));
  expect(on(one.toUpperCase())).toMatchObject({ id: siteId, stream: `site-${siteId}`, data: { place: one, name: 'Hall' } });
  expect(on(one.toUpperCase()).commandId).toBe(on(one).commandId);
  expect(on(other).commandId).not.toBe(on(one).commandId);
  expect(() => on('hall')).toThrow(expect.objectContaining({ status: 400 }));
});

it('a command that makes something inside an aggregate answers its id, the same for a repeat', () => {
  const add = commandRow('AddPlace');
  const asked = commandOf(
    add,
    request({ 'idempotency-key': 'k' }, { params: { id: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07' }, body: { kind: 'unit', name: 'Flat' } }),
  );
  const [decided] = site.decide({ ...asked, actor: ADMIN } as never, { ...site.initial, exists: true }, {}) as { data: { placeId: string } }[];
  const { status, body } = answerOf(add, asked, { revision: 1, position: '1', changed: true });
  expect([status, body]).toEqual([201, { id: asked.id, revision: 1, position: '1', place: decided?.data.placeId }]);
});
