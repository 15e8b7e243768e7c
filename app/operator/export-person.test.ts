/** The file that a person’s document is written to: whole, or not there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { link } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exportPerson } from './export-person.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, link: vi.fn(real.link) };
});

const WHO = '00000000-0000-4000-8000-00000000000a';
const WHOLE = '{"profile":{},"complete":true}\n';

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'export-'));
  out = join(folder, 'ann.json');
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const never = () => Promise.reject(new Error('nobody is asked'));
const run = (document: () => Readable = () => Readable.from([WHOLE]), force = false) =>
  exportPerson({ who: WHO, out, force }, never, async () => document());
const files = () => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

/** A file system that has one name for each file alone. */
const withoutLinks = () => vi.mocked(link).mockRejectedValueOnce(Object.assign(new Error('not permitted'), { code: 'EPERM' }));

describe.each([
  ['with links', () => {}],
  ['without links', withoutLinks],
])('a document, on a file system %s', (_, prepare) => {
  it('has its name once it is whole, and nothing is beside it, also of a run that was killed', async () => {
    writeFileSync(`${out}.part`, 'of a run that was killed');
    prepare();
    await run();
    expect(files()).toEqual({ 'ann.json': WHOLE });
  });

  it('takes its name from no file that came meanwhile', async () => {
    prepare();
    const meanwhile = function* () {
      writeFileSync(out, 'of somebody else');
      yield WHOLE;
    };
    await expect(run(() => Readable.from(meanwhile()))).rejects.toThrow('There is a file');
    expect(files()).toEqual({ 'ann.json': 'of somebody else' });
  });
});

it('that was cut off is not there, and --force keeps the file of before then', async () => {
  writeFileSync(out, 'before');
  await expect(run(() => Readable.from(['{"profile":{}']), true)).rejects.toThrow('cut off');
  expect(files()).toEqual({ 'ann.json': 'before' });
  await run(undefined, true);
  expect(files()).toEqual({ 'ann.json': WHOLE });
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('that %s interrupts is not there, nor a part of it, and a line says so', async (signal) => {
  let begun = false;
  const endless = new Readable({
    read() {
      if (begun) process.emit(signal, signal);
      else this.push('{"profile":{}');
      begun = true;
    },
  });
  const listeners = process.listenerCount(signal);
  await expect(run(() => endless)).rejects.toThrow(`The export was interrupted (${signal}); nothing of it is left.`);
  expect([files(), process.listenerCount(signal)]).toEqual([{}, listeners]);
});

it('that nobody answers with is waited for until a signal, and no longer; what comes after that is closed', async () => {
  const listeners = process.listenerCount('SIGINT');
  const late = Promise.withResolvers<Readable>();
  const exporting = exportPerson({ who: WHO, out, force: false }, never, () => late.promise);
  process.emit('SIGINT', 'SIGINT');
  // The next signal is the process's end.
  expect(process.listenerCount('SIGINT')).toBe(listeners);
  await expect(exporting).rejects.toThrow('The export was interrupted (SIGINT)');
  const document = Readable.from([WHOLE]);
  late.resolve(document);
  await expect.poll(() => document.destroyed).toBe(true);
  expect(files()).toEqual({});
});
