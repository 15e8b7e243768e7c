import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FilesUnavailable } from '../../platform/files/files.ts';
import { filesBut, type MediaRig, openMediaRig } from '../../system/media-rig.fixture.ts';
import { halves } from '../pictures/pictures.fixture.ts';
import { ATTEMPT_FOLDER } from './keys.ts';

// Children start slowly on a busy machine, and attempts have pauses between them.
vi.setConfig({ testTimeout: 120_000 });

let rig: MediaRig;
beforeEach(async () => {
  rig = await openMediaRig();
});
afterEach(() => rig.close());

const picture = () => halves(400, 300).png().toBuffer();
const READY = ['MediaReceived', 'MediaProcessing', 'MediaRendered', 'MediaRendered', 'MediaRendered', 'MediaReady', 'MediaAttached'];
const attempts = async () => (await readdir(rig.spool)).filter((name) => name.startsWith(ATTEMPT_FOLDER));

describe('a picture that was received', () => {
  it('is made in its sizes, told one by one, is on its task, and its upload is gone', async () => {
    rig.start();
    const stream = await rig.receive(1, await picture());
    expect(await rig.becomes(stream, 'MediaAttached')).toEqual(READY);
    const sizes = (await rig.events(stream)).filter(({ type }) => type === 'MediaRendered').map(({ data }) => (data as { size: string }).size);
    expect(sizes).toEqual(['320', '1024', 'full']);
    expect(await rig.keys(stream)).toEqual(['1024', '320', 'full']);
    expect(await attempts()).toEqual([]);
  });

  it('is on nothing where who uploaded it was deleted while it was made: nobody sees it on the task', async () => {
    const stream = await rig.receive(1, await picture());
    await rig.ask('DeleteUser', `user-${rig.maker.id}`, null);
    rig.start();
    expect(await rig.becomes(stream, 'MediaDetached')).toEqual([...READY.slice(0, -1), 'MediaDetached']);
  });

  it('keeps its upload where that is asked for', async () => {
    rig.start({ keepOriginal: true });
    const stream = await rig.receive(1, await picture());
    await rig.becomes(stream, 'MediaAttached');
    expect(await rig.keys(stream)).toContain('original');
  });

  it('before there were any workers is made when they come', async () => {
    const streams = [await rig.receive(1, await picture()), await rig.receive(2, await picture())];
    rig.start();
    for (const stream of streams) expect(await rig.becomes(stream, 'MediaAttached')).toEqual(READY);
  });

  it('waits, and is not refused, while the folder for what is worked on is not there', async () => {
    const spool = join(rig.spool, 'gone');
    rig.start({ spool });
    const stream = await rig.receive(1, await picture());
    const deferred = async () => (await rig.events(stream)).flatMap(({ type, data }) => (type === 'MediaDeferred' ? [data] : []));
    // More than the attempts that a file has.
    await vi.waitFor(async () => expect((await deferred()).length).toBeGreaterThan(5), 60_000);
    for (const data of await deferred()) expect(data).toMatchObject({ uncounted: true });
    await mkdir(spool);
    await rig.becomes(stream, 'MediaAttached');
  });

  it('and cannot be decoded is refused in words at once, and makes no child end', async () => {
    const { pictures } = rig.start();
    const stream = await rig.receive(1, (await picture()).subarray(0, 300));
    expect(await rig.becomes(stream, 'MediaRefused')).toEqual(['MediaReceived', 'MediaProcessing', 'MediaRefused']);
    expect((await rig.events(stream)).at(-1)?.data).toMatchObject({ attempt: 1, rule: 'damaged' });
    expect(pictures.pids()).toHaveLength(1);
    expect(await attempts()).toEqual([]);
  });

  it('and deleted while it is made stays deleted, and no size of it is left', async () => {
    const stream = await rig.receive(1, await picture());
    let told = () => {};
    const first = new Promise<void>((resolve) => (told = resolve));
    let goOn = () => {};
    const gone = new Promise<void>((resolve) => (goOn = resolve));
    const put = async (...[key, from]: Parameters<typeof rig.files.put>) => {
      told();
      await gone;
      await rig.files.put(key, from);
    };
    const { work } = rig.start({ files: filesBut(rig.files, { put }) });
    await first;
    await rig.ask('DeleteMedia', stream, null);
    goOn();
    await work.stop();
    expect(await rig.becomes(stream, 'MediaDeleted')).toEqual(['MediaReceived', 'MediaProcessing', 'MediaDeleted']);
    expect(await rig.keys(stream)).toEqual(['original']);
  });

  it('waits where the file store is away, and that is no fault of the picture', async () => {
    let failures = 0;
    const put = async (...[key, from]: Parameters<typeof rig.files.put>) => {
      if (failures++ < 2) throw new FilesUnavailable('away');
      await rig.files.put(key, from);
    };
    rig.start({ files: filesBut(rig.files, { put }), attempts: 1 });
    const stream = await rig.receive(1, await picture());
    const types = await rig.becomes(stream, 'MediaAttached');
    expect(types.filter((type) => type === 'MediaDeferred')).toHaveLength(2);
    const deferred = (await rig.events(stream)).filter(({ type }) => type === 'MediaDeferred').map(({ data }) => data as { wait: number });
    expect(deferred).toMatchObject([{ uncounted: true }, { uncounted: true }]);
    expect(deferred[1]?.wait).toBeGreaterThan(deferred[0]?.wait ?? 0);
  });

  it('waits where all children have others at hand and no more may wait, and that is no fault of the picture', async () => {
    const streams = [];
    for (let n = 1; n <= 3; n++) streams.push(await rig.receive(n, await picture()));
    rig.start({ children: { children: 1, mostWaiting: 0 }, workers: 3, attempts: 1 });
    const types = await Promise.all(streams.map((stream) => rig.becomes(stream, 'MediaAttached')));
    expect(types.flat()).toContain('MediaDeferred');
  });

  it('begins no attempt while the file store cannot say what it has', async () => {
    let isAway = true;
    let asked = 0;
    const stat = (key: string) => {
      asked++;
      return isAway ? Promise.reject(new FilesUnavailable('away')) : rig.files.stat(key);
    };
    rig.start({ files: filesBut(rig.files, { stat }) });
    const stream = await rig.receive(1, await picture());
    await expect.poll(() => asked).toBeGreaterThan(1);
    expect((await rig.events(stream)).map(({ type }) => type)).toEqual(['MediaReceived']);
    isAway = false;
    expect(await rig.becomes(stream, 'MediaAttached')).toEqual(READY);
  });

  it('that always fails for no known reason is refused after its attempts', async () => {
    const render = () => Promise.reject(new Error('it is gone'));
    rig.start({ pictures: { render }, attempts: 1 });
    const stream = await rig.receive(1, await picture());
    await rig.becomes(stream, 'MediaRefused');
    expect((await rig.events(stream)).at(-1)?.data).toMatchObject({ rule: 'unreadable' });
  });

  it('has a size stored anew that an attempt before stored in other bytes, and did not record', async () => {
    const stream = await rig.receive(1, await picture());
    const { path, bytes } = await rig.file('other bytes');
    await rig.files.put(stream.replace('media-', 'media/').concat('/320'), { path, bytes, type: 'image/webp' });
    rig.start();
    await rig.becomes(stream, 'MediaAttached');
    const small = (await rig.events(stream)).find(({ type }) => type === 'MediaRendered')?.data as { bytes: number };
    expect(await rig.files.stat(stream.replace('media-', 'media/').concat('/320'))).toMatchObject({ bytes: small.bytes });
  });

  it('whose child is killed is made all the same', async () => {
    const stream = await rig.receive(1, await halves(2_400, 1_800).png().toBuffer());
    const { pictures } = rig.start();
    const pid = await vi.waitFor(() => pictures.pids()[0] ?? expect.fail('there is no child yet'));
    process.kill(pid, 'SIGKILL');
    const types = await rig.becomes(stream, 'MediaAttached');
    expect(types.filter((type) => type === 'MediaRendered')).toHaveLength(4);
    expect(pictures.pids()).not.toContain(pid);
  });
});

describe('at the end of the process', () => {
  it('a picture that is being made is given up, and its child and its folder go; the next process goes on from the sizes that are there', async () => {
    const stream = await rig.receive(1, await picture());
    const second = Promise.withResolvers<void>();
    const put: typeof rig.files.put = (key, from, over) => {
      if (key.endsWith('/320')) return rig.files.put(key, from);
      second.resolve();
      return new Promise((_, reject) => over?.addEventListener('abort', () => reject(over.reason)));
    };
    const { work, pictures } = rig.start({ files: filesBut(rig.files, { put }) });
    await second.promise;
    await work.stop();
    await pictures.close();
    const types = (await rig.events(stream)).map(({ type }) => type);
    expect(types).toEqual(['MediaReceived', 'MediaProcessing', 'MediaRendered', 'MediaDeferred']);
    expect((await rig.events(stream)).at(-1)?.data).toMatchObject({ attempt: 1, uncounted: true });
    expect([pictures.pids(), await attempts(), await rig.keys(stream)]).toEqual([[], [], ['320', 'original']]);
    rig.start();
    expect(await rig.becomes(stream, 'MediaAttached')).toEqual([...types, ...READY.slice(1, 2), ...READY.slice(3)]);
  });

  it('no store is waited for that does not answer', async () => {
    const stream = await rig.receive(1, await picture());
    const asked = Promise.withResolvers<void>();
    const stat = () => {
      asked.resolve();
      return new Promise<never>(() => {});
    };
    const { work } = rig.start({ files: filesBut(rig.files, { stat }) });
    await asked.promise;
    await work.stop();
    expect((await rig.events(stream)).map(({ type }) => type)).toEqual(['MediaReceived']);
    rig.start();
    expect(await rig.becomes(stream, 'MediaAttached')).toEqual(READY);
  });
});

describe('a picture whose last size was made while no scanner was set, and whose process ended then', () => {
  /** Ends the first process between the last size and the outcome; resolves to the file's stream. */
  async function madeUnscanned(): Promise<string> {
    const stream = await rig.receive(1, await picture());
    const made = Promise.withResolvers<void>();
    const remove = () => {
      made.resolve();
      return new Promise<never>(() => {});
    };
    const { work } = rig.start({ files: filesBut(rig.files, { remove }) });
    await made.promise;
    await work.stop();
    expect((await rig.events(stream)).filter(({ type }) => type === 'MediaRendered')).toHaveLength(3);
    return stream;
  }
  const lastData = async (stream: string, of: string) => (await rig.events(stream)).findLast(({ type }) => type === of)?.data;

  it('is scanned before it is ready where the next process has one', async () => {
    const stream = await madeUnscanned();
    let asked = 0;
    const scan = async () => {
      asked += 1;
      return { found: null };
    };
    rig.start({ scanner: { scan } });
    await rig.becomes(stream, 'MediaAttached');
    expect([asked, await lastData(stream, 'MediaReady')]).toMatchObject([1, { scanned: true }]);
  });

  it('is refused where that finds something, also where the upload is removed already', async () => {
    const stream = await madeUnscanned();
    await rig.files.remove(stream.replace('media-', 'media/').concat('/original'));
    rig.start({ scanner: { scan: async () => ({ found: 'Eicar-Test' }) } });
    await rig.becomes(stream, 'MediaRefused');
    expect(await lastData(stream, 'MediaRefused')).toMatchObject({ rule: 'infected' });
  });

  it('is not said to be scanned where the next has none either', async () => {
    const stream = await madeUnscanned();
    rig.start({ keepOriginal: true });
    await rig.becomes(stream, 'MediaAttached');
    expect(await lastData(stream, 'MediaReady')).toMatchObject({ scanned: false, kept: true });
  });
});

describe('a file that is no picture', () => {
  it('is ready, and keeps its bytes', async () => {
    rig.start();
    const stream = await rig.receive(1, Buffer.from('some words'), 'text/plain');
    expect(await rig.becomes(stream, 'MediaAttached')).toEqual(['MediaReceived', 'MediaProcessing', 'MediaReady', 'MediaAttached']);
    expect(await rig.keys(stream)).toEqual(['original']);
  });

  it('is held back while its scanner is away, and then is found clean', async () => {
    let asked = 0;
    const scan = async () => {
      if (asked++ === 0) throw new FilesUnavailable('the scanner is away');
      return { found: null };
    };
    rig.start({ scanner: { scan }, attempts: 1 });
    const stream = await rig.receive(1, Buffer.from('some words'), 'text/plain');
    const types = await rig.becomes(stream, 'MediaAttached');
    expect(types).toEqual(['MediaReceived', 'MediaProcessing', 'MediaDeferred', 'MediaProcessing', 'MediaReady', 'MediaAttached']);
    expect((await rig.events(stream)).find(({ type }) => type === 'MediaReady')?.data).toMatchObject({ scanned: true });
  });

  it('is refused where a scanner finds something in it', async () => {
    rig.start({ scanner: { scan: async () => ({ found: 'Eicar-Test' }) } });
    const stream = await rig.receive(1, Buffer.from('some words'), 'text/plain');
    await rig.becomes(stream, 'MediaRefused');
    expect((await rig.events(stream)).at(-1)?.data).toMatchObject({ rule: 'infected', detail: 'A scanner found Eicar-Test in it.' });
  });
});
