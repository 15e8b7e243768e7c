import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FILES_NOT_SEEN } from '../../contracts/erasure.ts';
import type { Config } from '../config.ts';
import { asOperator } from './as-operator.ts';
import { print } from './print.ts';
import { verifyErasure } from './verify-erasure.ts';

vi.mock('./as-operator.ts', () => ({ asOperator: vi.fn() }));
vi.mock('./print.ts', () => ({ print: vi.fn() }));

const FILE = '11111111-0000-4000-8000-000000000001';
const PERSON = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const NOTHING_LEFT = 'ok   the store of files: bytes: nothing is left';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verify-erasure-'));
  writeFileSync(join(folder, 'certificate.json'), JSON.stringify({ person: PERSON }));
  const check = { lines: [], notKnown: ['backups', FILES_NOT_SEEN], files: [FILE] };
  vi.mocked(asOperator).mockImplementation((_, work) => work(async <T>() => check as T, vi.fn()));
  vi.mocked(print).mockClear();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is printed where the events and the files are in these stores. */
async function printed(eventStore: string, files: string): Promise<string> {
  const config = { EVENT_STORE_URL: eventStore, FILES_URL: files, DATA_DIR: folder } as Config;
  await verifyErasure(config, [join(folder, 'certificate.json')]);
  return vi
    .mocked(print)
    .mock.calls.map(([line]) => line)
    .join('\n');
}

describe('the bytes of files', () => {
  it('are not known, and not told to be gone, where the events are on a server and no store of files is named', async () => {
    const said = await printed('esdb://127.0.0.1:2113?tls=false', 'file:');
    expect(said).toContain(`Not known:\n  backups\n  ${FILES_NOT_SEEN}; nor does this command where FILES_URL names no store`);
    expect(said).not.toContain('the store of files: bytes');
  });

  it('are looked at in DATA_DIR beside an embedded log, and in a store that is named beside a server', async () => {
    mkdirSync(join(folder, 'shared'));
    for (const [events, files] of [
      ['sqlite:', 'file:'],
      ['esdb://127.0.0.1:2113?tls=false', `file:${join(folder, 'shared')}`],
    ] as const) {
      vi.mocked(print).mockClear();
      const said = await printed(events, files);
      expect(said).toContain(NOTHING_LEFT);
      expect(said).not.toContain(FILES_NOT_SEEN);
    }
  });
});
