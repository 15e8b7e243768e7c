import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { taskContract } from '../../../contracts/task.ts';
import { FileMissing, type Files } from '../../../platform/files/files.ts';
import type { Answer, RouteRequest } from '../../../platform/http/route.ts';
import { type MediaRig, openMediaRig } from '../../../system/media-rig.fixture.ts';
import { FileRefused } from '../../file-refused.ts';
import { mediaIdOf } from '../receive.ts';
import { openSpool } from '../spool.ts';
import type { DirectContext } from './begin-route.ts';
import { finishRoute } from './finish-route.ts';
import { incomingKey, signedTicket } from './ticket.ts';
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
  const read: Files['read'] = async (...what) => {
    await gate;
    return rig.files.read(...what);
  };
  const consume = vi.fn(async () => ({}));
  const context = {
    ...{ commands: rig.commands, files: { ...rig.files, read }, inspector: { inspect }, spool: await openSpool(join(rig.spool, 'arriving')) },
    ...{ quota: { take: async () => ({ keep: () => {}, giveBack: () => {} }) }, limits: { consume }, hmac: (text: string) => text },
    ...{ urlKeys: { verifying: async () => KEY }, now: () => new Date(), underWay: openUnderWay<Answer>(), finishWithin: 1 },
  } as unknown as DirectContext;
  const request = { caller: CALLER, body: { ticket }, requestId: 'r', header: () => 'one' } as unknown as RouteRequest;
  return { id: mediaIdOf(command), key: incomingKey(said), go, consume, finish: async () => finishRoute.answer(context, request) };
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
