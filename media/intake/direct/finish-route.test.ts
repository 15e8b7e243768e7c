import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProblemError } from '../../../contracts/problem.ts';
import { taskContract } from '../../../contracts/task.ts';
import { turns } from '../../../platform/concurrency/stream-turns.ts';
import { FileMissing, type Files } from '../../../platform/files/files.ts';
import type { Answer, Caller, RouteRequest } from '../../../platform/http/route.ts';
import { type MediaRig, openMediaRig } from '../../../system/media-rig.fixture.ts';
import { FileRefused } from '../../file-refused.ts';
import { openAtHand } from '../at-hand.ts';
import { mediaIdOf } from '../receive.ts';
import { openSpool } from '../spool.ts';
import type { DirectContext } from './begin-route.ts';
import { finishRoute } from './finish-route.ts';
import { openPosted } from './posted.ts';
import { formerIncomingKey, incomingKey, signedTicket } from './ticket.ts';
import { openUnderWay } from './under-way.ts';

const CALLER = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'admin', seesAll: true, sessionId: 's' } as const;
const KEY = { id: 'k', secret: Buffer.alloc(32).toString('base64url') };

let rig: MediaRig;
beforeEach(async () => {
  rig = await openMediaRig();
});
afterEach(() => rig.close());

/** A file of five bytes that was posted for a new task, and how its client comes back; the store gives it only after `go`. */
async function posted(inspect: DirectContext['inspector']['inspect'] = async () => ({ type: 'text/plain', extension: 'txt' })) {
  const task = randomUUID();
  await rig.ask('CreateTask', `task-${task}`, taskContract.commands.CreateTask.example);
  const command = randomUUID();
  await rig.files.put(incomingKey({ command, user: CALLER.id }), { ...(await rig.file('hello')), type: 'text/plain' });
  const said = {
    command,
    user: CALLER.id,
    of: { kind: 'task', id: task } as const,
    name: 'x.txt',
    type: 'text/plain',
    bytes: 5,
    access: 'private' as const,
  };
  const ticket = signedTicket({ ...said, expires: Date.now() }, KEY);
  const { promise: gate, resolve: go } = Promise.withResolvers<void>();
  /** How often the posted bytes were asked for. */
  const begun = vi.fn();
  const read: Files['read'] = async (...what) => {
    begun();
    const over = what[2];
    await Promise.race([gate, new Promise((_, reject) => over?.addEventListener('abort', () => reject(over.reason)))]);
    return rig.files.read(...what);
  };
  const remove = vi.fn(rig.files.remove);
  const consume = vi.fn(async () => ({}));
  const callerOf = vi.fn(async () => CALLER as Caller);
  const request = { caller: CALLER, body: { ticket }, requestId: 'r', header: () => 'one' } as unknown as RouteRequest;
  /** One of several processes that answer. */
  const processOf = async () => {
    const atHand = openAtHand();
    const context = {
      ...{
        commands: rig.commands,
        files: { ...rig.files, read, remove },
        inspector: { inspect },
        spool: await openSpool(join(rig.spool, randomUUID())),
      },
      ...{
        quota: { take: async () => ({ keep: () => {}, giveBack: () => {} }) },
        limits: { consume },
        hmac: (text: string) => text,
        callerOf,
        inTurn: turns(),
      },
      ...{ urlKeys: { verifying: async () => KEY }, now: () => new Date(), underWay: openUnderWay<Answer>(), finishWithin: 1 },
      ...{ atHand, marked: () => {}, posted: openPosted({ store: rig.store }) },
    } as unknown as DirectContext;
    return { atHand, finish: async (caller: Caller = CALLER) => finishRoute.answer(context, { ...request, caller }) };
  };
  const { atHand, finish } = await processOf();
  return {
    id: mediaIdOf(command),
    key: incomingKey(said),
    former: formerIncomingKey(said),
    remove,
    go,
    begun,
    consume,
    callerOf,
    atHand,
    finish,
    processOf,
  };
}

it('says that a file is still arriving where that takes long, and has the outcome for who asks again: one upload, received once', async () => {
  const { id, key, go, consume, finish } = await posted();
  const arriving = { status: 202, headers: { 'Retry-After': '3' }, body: { id, status: 'arriving' } };
  expect([await finish(), await finish()]).toEqual([arriving, arriving]);
  expect(consume).toHaveBeenCalledOnce();
  expect(finishRoute.row.response?.safeParse(arriving.body).success).toBe(true);
  go();
  await expect.poll(finish).toMatchObject({ status: 202, body: { id, status: 'pending', revision: 0 } });
  await expect(rig.files.read(key)).rejects.toThrow(FileMissing);
  expect((await rig.events(`media-${id}`)).map(({ type }) => type)).toEqual(['MediaReceived']);
});

it('has the refusal of a file, too, for who asks again', async () => {
  const { key, go, finish } = await posted(async () => {
    throw new FileRefused('archive', 'Archives are not taken.');
  });
  expect((await finish()).body).toMatchObject({ status: 'arriving' });
  go();
  await expect.poll(() => finish().then(({ body }) => body, String)).toContain('Archives are not taken.');
  await expect(rig.files.read(key)).rejects.toThrow(FileMissing);
});

it('is read by one of several processes, the others say that it is arriving, and all have the outcome', async () => {
  const { id, go, begun, consume, finish, processOf } = await posted();
  const other = await processOf();
  expect((await finish()).body).toMatchObject({ status: 'arriving' });
  await expect.poll(() => begun.mock.calls.length).toBe(1);
  for (let asked = 0; asked < 3; asked++)
    expect(await other.finish()).toEqual({ status: 202, headers: { 'Retry-After': '3' }, body: { id, status: 'arriving' } });
  expect([begun.mock.calls.length, consume.mock.calls.length]).toEqual([1, 1]);
  go();
  await expect.poll(finish).toMatchObject({ body: { id, status: 'pending' } });
  await expect.poll(() => other.finish()).toMatchObject({ status: 202, body: { id, status: 'pending' } });
  expect([begun.mock.calls.length, (await rig.events(`media-${id}`)).length]).toEqual([1, 1]);
});

it('is refused by all of several processes as the one that read it has refused it', async () => {
  const { go, begun, finish, processOf } = await posted(async () => {
    throw new FileRefused('archive', 'Archives are not taken.');
  });
  go();
  const said = ({ status, code, message, errors }: ProblemError) => ({ status, code, message, errors });
  const other = await processOf();
  const refusal = {
    status: 422,
    code: 'invalid',
    message: 'Archives are not taken.',
    errors: [{ pointer: '/file', detail: 'Archives are not taken.' }],
  };
  for (const ask of [finish, other.finish, finish]) await expect.poll(() => ask().then(({ body }) => body, said)).toEqual(refusal);
  expect(begun).toHaveBeenCalledOnce();
});

it('stays for a process that comes later where the one that reads it is stopped: nothing is recorded, and nothing is lost', async () => {
  const { id, key, go, begun, atHand, finish, processOf } = await posted();
  await finish();
  await expect.poll(() => begun.mock.calls.length).toBe(1);
  await atHand.close();
  await expect(finish()).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  expect([await rig.events(`media-${id}`), (await rig.files.stat(key))?.bytes]).toEqual([[], 5]);
  go();
  const next = await processOf();
  await expect.poll(() => next.finish()).toMatchObject({ status: 202, body: { id, status: 'pending' } });
});

it('is not received for a session that has ended meanwhile, and is for the next one of the same user', async () => {
  const { id, key, go, callerOf, finish } = await posted();
  callerOf.mockImplementation(async (...[claims]: unknown[]) => {
    if ((claims as { sid: string }).sid === 's') throw new ProblemError('unauthorized', 'The session has ended.');
    return { ...CALLER, sessionId: 'next' };
  });
  await finish();
  go();
  await expect
    .poll(() =>
      finish().then(
        ({ body }) => body,
        ({ status }) => status,
      ),
    )
    .toBe(401);
  expect([await rig.events(`media-${id}`), (await rig.files.stat(key))?.bytes]).toEqual([[], 5]);
  await expect.poll(() => finish({ ...CALLER, sessionId: 'next' })).toMatchObject({ status: 202, body: { id, status: 'pending' } });
});

it('that was not posted yet is received once it is', async () => {
  const { id, key, go, finish } = await posted();
  go();
  await rig.files.remove(key);
  await expect
    .poll(() =>
      finish().then(
        ({ body }) => body,
        ({ status }) => status,
      ),
    )
    .toBe(409);
  await rig.files.put(key, { ...(await rig.file('hello')), type: 'text/plain' });
  await expect.poll(finish).toMatchObject({ status: 202, body: { id, status: 'pending' } });
});

it('that was posted under the key of the release before is received, and removed there', async () => {
  const { id, key, former, go, finish } = await posted();
  go();
  await rig.files.remove(key);
  await rig.files.put(former, { ...(await rig.file('hello')), type: 'text/plain' });
  await expect.poll(finish).toMatchObject({ status: 202, body: { id, status: 'pending' } });
  expect(await rig.files.stat(former)).toBeUndefined();
});

it('holds up no stop where the store does not answer that its posted bytes are removed', async () => {
  const { go, remove, atHand, finish } = await posted();
  remove.mockReturnValue(new Promise<never>(() => {}));
  await finish();
  go();
  await expect.poll(() => remove.mock.calls.length).toBeGreaterThan(0);
  await atHand.close();
});
