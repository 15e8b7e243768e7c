import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { ProblemError } from '../../contracts/problem.ts';
import { turns } from '../../platform/concurrency/stream-turns.ts';
import { openFolderFiles } from '../../platform/files/file/file.ts';
import { type Files, FilesUnavailable } from '../../platform/files/files.ts';
import { initial } from '../../write-side/deciders/media.ts';
import { type Arrival, type IntakeContext, mediaIdOf, originalKey, receive } from './receive.ts';

const CALLER = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'member', seesAll: false, sessionId: 's' } as const;
const COMMAND = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09';
const KEY = originalKey(mediaIdOf(COMMAND));
const REQUEST = { requestId: 'r' } as Parameters<typeof receive>[2];

let folder: string;
let files: Files;
const handle = vi.fn(async () => ({ revision: 0, position: '1' }));
const marked = vi.fn();
const room = { keep: vi.fn(), giveBack: vi.fn() };

beforeEach(async () => {
  vi.clearAllMocks();
  folder = await mkdtemp(join(tmpdir(), 'receive-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  files = openFolderFiles(join(folder, 'files'));
});

function context(more: Partial<IntakeContext>): IntakeContext {
  return {
    files,
    commands: { handle, load: async () => ({ state: initial, revision: -1, position: '0' }) },
    inspector: { inspect: async () => ({ type: 'text/plain', extension: 'txt' }) },
    quota: { take: async () => room },
    hmac: (text: string) => text,
    marked,
    inTurn: turns(),
    callerOf: async () => CALLER,
    ...more,
  } as unknown as IntakeContext;
}

/** A text that arrived, as often as it is sent. */
async function arrival(): Promise<Arrival> {
  const path = join(folder, randomUUID());
  await writeFile(path, 'hello');
  const file = { path, bytes: 5, sha256: 'a'.repeat(64), hasMarks: false, remove: () => rm(path, { force: true }) };
  return {
    file,
    name: 'x.txt',
    of: { kind: 'task', id: CALLER.id },
    access: 'private',
    caller: CALLER,
    ending: new AbortController().signal,
    commandId: COMMAND,
  };
}

it('waits for a store only as long as a client does; nothing is recorded then, and a repeat is clean, also where the store has done it meanwhile', async () => {
  const { promise: longer, resolve: answer } = Promise.withResolvers<void>();
  const slow: Files['put'] = async (key, from) => {
    await longer;
    await files.put(key, from);
  };
  // As `patient` does it.
  const put: Files['put'] = (key, from, signal) =>
    Promise.race([slow(key, from), new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))]);
  await expect(receive(context({ files: { ...files, put }, putWithin: 20 }), await arrival(), REQUEST)).rejects.toThrow(FilesUnavailable);
  expect([handle.mock.calls, room.keep.mock.calls, room.giveBack.mock.calls]).toEqual([[], [], [[]]]);
  answer();
  await expect.poll(() => files.stat(KEY)).toBeDefined();
  expect(await receive(context({}), await arrival(), REQUEST)).toMatchObject({ status: 202, body: { id: mediaIdOf(COMMAND) } });
  expect(handle).toHaveBeenCalledOnce();
});

it('keeps no byte of what is refused when it is recorded, and keeps those whose fate is not known', async () => {
  handle.mockRejectedValueOnce(new ProblemError('forbidden', 'The right was lost.'));
  await expect(receive(context({}), await arrival(), REQUEST)).rejects.toThrow('The right was lost.');
  expect(await files.stat(KEY)).toBeUndefined();
  handle.mockRejectedValueOnce(new ProblemError('unavailable', 'It may be recorded.'));
  await expect(receive(context({}), await arrival(), REQUEST)).rejects.toThrow('It may be recorded.');
  expect(await files.stat(KEY)).toBeDefined();
  expect(room.keep).not.toHaveBeenCalled();
});

it('is recorded for the caller as they are at its end, and not for one whose session has ended, who lost the right, or who has to do something first', async () => {
  const callerOf = vi.fn(async () => ({ ...CALLER, role: 'resident' as const }));
  await receive(context({ callerOf }), await arrival(), REQUEST);
  expect(callerOf).toHaveBeenCalledExactlyOnceWith({ sub: CALLER.id, sid: CALLER.sessionId, exp: 0 });
  expect(marked).toHaveBeenCalledOnce();
  expect(handle.mock.calls[0]).toMatchObject([{ type: 'ReceiveMedia', actor: { id: CALLER.id, role: 'resident' } }, {}]);
  handle.mockClear();
  await files.remove(KEY);
  const ended = () => Promise.reject(new ProblemError('unauthorized', 'The session has ended.'));
  await expect(receive(context({ callerOf: ended }), await arrival(), REQUEST)).rejects.toMatchObject({ status: 401 });
  const confined = async () => ({ ...CALLER, confined: 'second-factor' as const });
  await expect(receive(context({ callerOf: confined }), await arrival(), REQUEST)).rejects.toMatchObject({ status: 403 });
  expect([handle.mock.calls, await files.stat(KEY)]).toEqual([[], undefined]);
});

it('is not recorded once the process is told to end, which is answered as it says', async () => {
  const ending = new AbortController();
  const callerOf = async () => {
    ending.abort(new ProblemError('unavailable', 'This process is being stopped.'));
    return CALLER;
  };
  await expect(receive(context({ callerOf }), { ...(await arrival()), ending: ending.signal }, REQUEST)).rejects.toThrow('being stopped');
  const put = vi.fn(files.put);
  await expect(receive(context({ files: { ...files, put } }), { ...(await arrival()), ending: ending.signal }, REQUEST)).rejects.toThrow(
    'being stopped',
  );
  expect([handle.mock.calls, room.keep.mock.calls]).toEqual([[], []]);
});

it('takes no byte from the same upload that another process has recorded meanwhile', async () => {
  let revision = -1;
  const commands = { handle, load: async () => ({ state: initial, revision, position: '0' }) } as unknown as IntakeContext['commands'];
  const callerOf = async () => {
    revision = 0;
    throw new ProblemError('unauthorized', 'The session has ended.');
  };
  await expect(receive(context({ commands, callerOf }), await arrival(), REQUEST)).rejects.toMatchObject({ status: 401 });
  expect(await files.stat(KEY)).toBeDefined();
});

it('of one that is sent twice at once has one in hand at a time, and the second is a repeat', async () => {
  let revision = -1;
  const recorded = vi.fn(async () => ({ revision: ++revision, position: '1' }));
  const commands = { handle: recorded, load: async () => ({ state: initial, revision, position: '0' }) } as unknown as IntakeContext['commands'];
  const [looked, stored] = [vi.fn(), Promise.withResolvers<void>()];
  const inspect = async () => {
    looked();
    return { type: 'text/plain', extension: 'txt' };
  };
  const put = vi.fn(async () => stored.promise);
  const both = context({ commands, files: { ...files, put }, inspector: { inspect } as unknown as IntakeContext['inspector'] });
  const answers = [receive(both, await arrival(), REQUEST), receive(both, await arrival(), REQUEST)];
  await vi.waitFor(() => expect(looked).toHaveBeenCalledTimes(2));
  stored.resolve();
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ status: 202, body: { id: mediaIdOf(COMMAND) } });
  expect(put).toHaveBeenCalledOnce();
  expect(marked).toHaveBeenCalledTimes(2);
});
