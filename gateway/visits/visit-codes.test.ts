import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hmacForTests } from '../../platform/sealing/person-keys.fixture.ts';
import { openSecrets } from '../identity/secrets/open.ts';
import type { Secrets } from '../identity/secrets/secrets.ts';
import { isInLetters, openVisitCodes, type VisitCodes } from './visit-codes.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'visit-codes-'));
let secrets: Secrets;
let codes: VisitCodes;
beforeAll(async () => {
  secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  codes = openVisitCodes({ secrets, hmac: (text) => `h${hmacForTests(text)}` });
});
afterAll(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

let n = 0;
let visit: { id: string; site: string; until: string };
beforeEach(() => {
  visit = { id: `visit${++n}`, site: 'court', until: '2099-01-01T00:00:00.000Z' };
});

describe('a code of a visit', () => {
  it('has 128 bits for the QR code, and eight letters', async () => {
    const { qr, letters } = await codes.issue(visit);
    expect(Buffer.from(qr, 'base64url')).toHaveLength(16);
    expect(letters).toMatch(/^[A-HJKMNP-Z]{8}$/);
    expect([isInLetters(letters), isInLetters(qr)]).toEqual([true, false]);
  });

  it('is found in either form, however the letters are typed, at its site alone', async () => {
    const { qr, letters } = await codes.issue(visit);
    const typed = ` ${letters.slice(0, 4).toLowerCase()}-${letters.slice(4)}`;
    for (const code of [qr, letters, typed, ` ${qr} `]) expect(await codes.find('court', code)).toBe(visit.id);
    for (const code of [qr, letters]) expect(await codes.find('elsewhere', code)).toBeNull();
    expect(await codes.find('court', qr.toLowerCase())).toBeNull();
    expect(await codes.find('court', `visit-${visit.id}`)).toBeNull();
  });

  it('ends the one before, and of many that are made at once one is good', async () => {
    const first = await codes.issue(visit);
    const all = await Promise.all([1, 2, 3, 4].map(() => codes.issue(visit)));
    const found = await Promise.all(
      [first, ...all].map(async ({ qr, letters }) => [await codes.find('court', qr), await codes.find('court', letters)]),
    );
    expect(found[0]).toEqual([null, null]);
    expect(found.filter(([qr]) => qr !== null)).toEqual([[visit.id, visit.id]]);
  });

  it('ends with its visit', async () => {
    const { qr, letters } = await codes.issue({ ...visit, until: '2020-01-01T00:00:00.000Z' });
    expect([await codes.find('court', qr), await codes.find('court', letters)]).toEqual([null, null]);
  });

  it('is not in the secrets as it is', async () => {
    const { qr, letters } = await codes.issue(visit);
    const kept = JSON.stringify(await secrets.list('codes', visit.id));
    expect(kept).not.toContain(qr);
    expect(kept).not.toContain(letters);
  });
});
