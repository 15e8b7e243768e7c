import { readdir, readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { filesBut, type MediaRig, openMediaRig } from '../../system/media-rig.fixture.ts';
import { halves } from '../pictures/pictures.fixture.ts';
import { ATTEMPT_FOLDER } from '../work/keys.ts';
import { type FileScanner, ScannerAway } from './scan.ts';
import { type ScanReadyContext, startScanningReady } from './scan-ready.ts';

vi.setConfig({ testTimeout: 60_000 });

const log = pino({ level: 'silent' });
let rig: MediaRig;
let closing: (() => unknown)[];
beforeEach(async () => {
  rig = await openMediaRig();
  closing = [];
});
afterEach(async () => {
  for (const close of closing) await close();
  await rig.close();
});

/** Scans what is ready in the rig, a look every 20 ms. */
function scanning(scan: FileScanner['scan'], others: Partial<ScanReadyContext> = {}): void {
  const add: ScanReadyContext['add'] = (opened, close) => {
    closing.unshift(() => close(opened));
    return opened;
  };
  const { files, commands, readModels, spool } = rig;
  startScanningReady({ files, commands, readModels, spool, log, add, scanner: { scan }, active: () => true, ...others }, { first: 1, between: 20 });
}

/** A text that was ready in a process without a scanner; resolves to its stream. */
async function readyText(n: number, text = `text ${n}`): Promise<string> {
  const stream = await rig.receive(n, Buffer.from(text), 'text/plain');
  rig.start();
  await rig.becomes(stream, 'MediaAttached');
  return stream;
}
const last = async (stream: string) => (await rig.events(stream)).at(-1);

it('a file that was ready before there was a scanner is scanned once, whatever it is on, and stays there', async () => {
  const streams = [await readyText(1), await readyText(2)];
  await rig.ask('DetachMedia', streams[1] ?? '', null);
  const seen: string[] = [];
  scanning(async (path) => {
    seen.push(await readFile(path, 'utf8'));
    return { found: null };
  });
  for (const stream of streams) await rig.becomes(stream, 'MediaScanned');
  const states = await Promise.all(streams.map(async (stream) => (await rig.commands.load<{ status: string; scanned: boolean }>(stream)).state));
  expect(states).toMatchObject([
    { status: 'attached', scanned: true },
    { status: 'detached', scanned: true },
  ]);
  expect(seen.toSorted()).toEqual(['text 1', 'text 2']);
  expect((await readdir(rig.spool)).filter((name) => name.startsWith(ATTEMPT_FOLDER))).toEqual([]);
});

it('a file in which something is found stays held back, is said once, and is not destroyed', async () => {
  const [bad, good] = [await readyText(1, 'bad words'), await readyText(2)];
  const said: unknown[] = [];
  let looks = 0;
  const scan: FileScanner['scan'] = async (path) => {
    looks += 1;
    return { found: (await readFile(path, 'utf8')).startsWith('bad') ? 'Eicar-Test' : null };
  };
  scanning(scan, { log: { ...log, error: (...line: unknown[]) => said.push(line[0]) } as never });
  await rig.becomes(good, 'MediaScanned');
  await vi.waitFor(() => expect(said).toEqual([{ media: bad.replace('media-', ''), found: 'Eicar-Test' }]));
  await rig.becomes(await readyText(3), 'MediaScanned');
  expect(looks).toBe(3);
  expect((await last(bad))?.type).toBe('MediaAttached');
});

it('of a picture whose upload is gone the full size is scanned', async () => {
  const stream = await rig.receive(1, await halves(40, 30).png().toBuffer());
  rig.start();
  await rig.becomes(stream, 'MediaAttached');
  const seen: Buffer[] = [];
  scanning(async (path) => {
    seen.push(await readFile(path));
    return { found: null };
  });
  await rig.becomes(stream, 'MediaScanned');
  const full = await rig.files.read(stream.replace('media-', 'media/').concat('/full'));
  expect(seen).toEqual([await buffer(full.stream)]);
});

it('one that cannot be scanned, or whose bytes are gone, holds up no other, and is tried again', async () => {
  const [gone, odd, well] = [await readyText(1), await readyText(2, 'odd'), await readyText(3)];
  await rig.files.remove(gone.replace('media-', 'media/').concat('/original'));
  let isTooLarge = true;
  scanning(async (path) => {
    if (isTooLarge && (await readFile(path, 'utf8')) === 'odd') throw new ScannerAway('it says too large');
    return { found: null };
  });
  await rig.becomes(well, 'MediaScanned');
  expect((await last(odd))?.type).toBe('MediaAttached');
  isTooLarge = false;
  await rig.becomes(odd, 'MediaScanned');
  expect((await last(gone))?.type).toBe('MediaAttached');
});

it('one process scans: the active one', async () => {
  const stream = await readyText(1);
  let isActive = false;
  let asked = 0;
  const active = () => {
    asked += 1;
    return isActive;
  };
  scanning(async () => ({ found: null }), { active });
  await expect.poll(() => asked).toBeGreaterThan(2);
  expect((await last(stream))?.type).toBe('MediaAttached');
  isActive = true;
  await rig.becomes(stream, 'MediaScanned');
});

it('a stop waits for no store and no scanner', async () => {
  await readyText(1);
  const asked = Promise.withResolvers<void>();
  const stat = () => {
    asked.resolve();
    return new Promise<never>(() => {});
  };
  const read = stat as unknown as typeof rig.files.read;
  scanning(async () => ({ found: null }), { files: filesBut(rig.files, { stat, read }) });
  await asked.promise;
  await closing.shift()?.();
});
