import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Audited } from '../../platform/http/audited.ts';
import { openSecrets } from '../identity/secrets/open.ts';
import type { Secrets } from '../identity/secrets/secrets.ts';
import { openAuditLog } from './audit-log.ts';
import { eraseFromAudit } from './erase-from-audit.ts';

const [ALICE, BOB, CAROL] = ['7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', '3c9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e02'];
const SEEN: Audited = { kind: 'login', outcome: 'done', status: 200, row: 'POST /api/login', user: null, about: ALICE, network: '192.0.2.7' };
const silent = { warn: () => {}, info: () => {} };

async function opened() {
  const dataDir = mkdtempSync(join(tmpdir(), 'audit-'));
  const now = () => new Date('2026-11-30T10:00:00.000Z');
  const secrets = await openSecrets('sqlite:', { dataDir, log: silent, now });
  const log = openAuditLog({ secrets, days: 90, log: silent, now, every: 3_600_000 });
  onTestFinished(async () => {
    await log.close();
    await secrets.close();
    rmSync(dataDir, { recursive: true });
  });
  const all = async () => {
    await log.flush();
    return (await log.page({ limit: 1_000 })).items;
  };
  return { secrets, log, all };
}

it('takes the networks of what a person asked for, and of tries on their account, and leaves the facts, and everything of others', async () => {
  const { secrets, log, all } = await opened();
  log.note(SEEN);
  log.note({ ...SEEN, outcome: 'refused', status: 401, network: '192.0.2.8' });
  log.note({ ...SEEN, kind: 'export', user: ALICE, network: '192.0.2.9' });
  log.note({ ...SEEN, kind: 'role', user: ALICE, about: BOB, network: '192.0.2.9' });
  log.note({ ...SEEN, kind: 'role', user: BOB, about: ALICE, network: '198.51.100.1' });
  log.note({ ...SEEN, about: BOB, network: '198.51.100.1' });
  const before = await all();
  expect(await eraseFromAudit(secrets, new Set([ALICE, CAROL]))).toEqual(Array(4).fill(ALICE));
  const isOthers = ({ network }: { network: string }) => network.startsWith('198.');
  expect(await all()).toEqual(before.map((entry) => (isOthers(entry) ? entry : { ...entry, network: '' })));
  expect(before.filter(isOthers)).toHaveLength(2);
  expect(await eraseFromAudit(secrets, new Set([ALICE, CAROL]))).toEqual([]);
});

it('keeps the end of each record, and what the log adds to a record meanwhile', async () => {
  const { secrets, log, all } = await opened();
  for (let n = 0; n < 450; n++) log.note({ ...SEEN, row: `POST /api/${n}` });
  await log.flush();
  const ends = async () => (await secrets.list('audit', '2026-11-30')).map(({ expires }) => expires);
  const before = await ends();
  let hasAdded = false;
  const meanwhile: Pick<Secrets, 'all' | 'get' | 'put'> = {
    ...secrets,
    put: async (...args) => {
      if (!hasAdded) {
        hasAdded = true;
        log.note({ ...SEEN, user: ALICE, row: 'added meanwhile' });
        await log.flush();
      }
      return secrets.put(...args);
    },
  };
  expect((await eraseFromAudit(meanwhile, new Set([ALICE]))).length).toBeGreaterThanOrEqual(450);
  await eraseFromAudit(secrets, new Set([ALICE]));
  log.note({ ...SEEN, about: BOB, row: 'goes on' });
  const items = await all();
  expect([items.length, items.filter(({ network }) => network !== '').map(({ row }) => row)]).toEqual([452, ['goes on']]);
  expect(new Set(await ends())).toEqual(new Set(before));
});
