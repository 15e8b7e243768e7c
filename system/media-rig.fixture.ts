/** Everything between a file that was received and its outcome, on embedded stores in a folder of the test. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { MediaEvent } from '../contracts/media.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import { taskContract } from '../contracts/task.ts';
import { openPictures, type Pictures, type PicturesOptions } from '../media/pictures/pictures.ts';
import { keyOfMedia } from '../media/work/keys.ts';
import { type MediaWorkers, type MediaWorkersContext, startMediaWork } from '../media/work/media.ts';
import { memoryCache } from '../platform/cache/memory/memory.ts';
import type { Files } from '../platform/files/files.ts';
import { openFiles } from '../platform/files/open.ts';
import { stableId } from '../platform/stable-id.ts';
import { startProjections } from '../projections/project.ts';
import { mediaFiles } from '../projections/projectors/media.ts';
import { undecidedIn } from '../projections/undecided.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { openLog, SILENT } from './open-log.fixture.ts';

const MAKER = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'admin', seesAll: true } as const;

/** Opens everything but dispatcher and workers. */
export async function openMediaRig() {
  const opened = await openLog();
  const { store, bus, dataDir } = opened;
  const log = SILENT;
  const readModels = await opened.readModels();
  const projections = await startProjections({ store, bus, log, readModels, cache: memoryCache(), silence: 50 });
  const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
  const files = await openFiles('file:', { dataDir });
  const running: { work: MediaWorkers; pictures: Pictures }[] = [];

  async function ask(type: string, stream: string, data: unknown): Promise<void> {
    const commandId = stableId(type, stream, String(Math.random()));
    const id = stream.slice(stream.indexOf('-') + 1);
    await commands.handle({ type, stream, id, data, commandId, actor: MAKER, now: new Date().toISOString() }, { correlationId: commandId });
  }

  async function events(stream: string): Promise<(RecordedEvent & MediaEvent)[]> {
    const found: RecordedEvent[] = [];
    for await (const page of store.readStream(stream)) found.push(...page);
    return found as (RecordedEvent & MediaEvent)[];
  }

  // Whether who uploaded a file is there is asked when it is ready.
  await ask('RegisterUser', `user-${MAKER.id}`, { name: 'Ann', email: 'ann@example.org' });

  return {
    store,
    readModels,
    files,
    commands,
    maker: MAKER,
    spool: dataDir,
    ask,
    events,
    /** Stores bytes as those of the n-th file, on a task, and has it received; resolves to its stream. */
    receive: async (n: number, bytes: Buffer, type = 'image/png'): Promise<string> => {
      const id = stableId('media', String(n));
      const task = stableId('task', String(n));
      await ask('CreateTask', `task-${task}`, taskContract.commands.CreateTask.example);
      const path = join(dataDir, `upload-${n}`);
      await writeFile(path, bytes);
      await files.put(keyOfMedia(id, 'original'), { path, bytes: bytes.length, type, move: true });
      const file = { name: `${n}.png`, type, bytes: bytes.length, sha256: 'a'.repeat(64), access: 'private' };
      await ask('ReceiveMedia', `media-${id}`, { ...file, of: { kind: 'task', id: task } });
      return `media-${id}`;
    },
    /** Writes a local file. */
    file: async (text: string): Promise<{ path: string; bytes: number }> => {
      const path = join(dataDir, 'some-file');
      await writeFile(path, text);
      return { path, bytes: Buffer.byteLength(text) };
    },
    /** Starts the dispatcher and two workers. `children`: for their pictures. */
    start: ({ children, ...more }: Partial<MediaWorkersContext> & { children?: PicturesOptions } = {}) => {
      const pictures = openPictures({ children: 1, ...children });
      const undecided = undecidedIn(readModels, mediaFiles);
      const quick = { workers: 2, random: () => 0, pause: (failures: number) => failures * 20, silence: 50, backoff: 2, grace: 100 };
      const work = startMediaWork({
        store,
        bus,
        log,
        commands,
        files,
        undecided,
        pictures,
        scanner: null,
        spool: dataDir,
        seesAll: () => true,
        ...quick,
        ...more,
      });
      running.push({ work, pictures });
      return { work, pictures };
    },
    /** Waits until a file's last event is of this type; resolves to the types of all its events. */
    becomes: (stream: string, type: MediaEvent['type']): Promise<MediaEvent['type'][]> =>
      vi.waitFor(
        async () => {
          const types = (await events(stream)).map((event) => event.type);
          expect(types.at(-1)).toBe(type);
          return types;
        },
        { timeout: 110_000, interval: 20 },
      ),
    /** The names under which a file has bytes. */
    keys: async (stream: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const { key } of files.list(`media/${stream.slice('media-'.length)}/`)) found.push(key.slice(key.lastIndexOf('/') + 1));
      return found.sort();
    },
    close: async () => {
      for (const { work, pictures } of running) {
        await work.stop();
        await pictures.close();
      }
      await projections.stop();
      await files.close();
      await opened.close();
    },
  };
}
export type MediaRig = Awaited<ReturnType<typeof openMediaRig>>;

/** A store of files of which some calls are others. */
export function filesBut(files: Files, others: Partial<Files>): Files {
  return { ...files, ...others };
}
