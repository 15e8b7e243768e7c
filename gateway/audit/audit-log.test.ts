import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Audited } from '../../platform/http/audited.ts';
import { openSecrets } from '../identity/secrets/open.ts';
import { type SecretRecord, type Secrets, SecretsUnavailable } from '../identity/secrets/secrets.ts';
import { openAuditLog } from './audit-log.ts';
import type { AuditRecord } from './audit-record.ts';

const ALICE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const SEEN: Audited = { kind: 'login', outcome: 'done', status: 200, row: 'POST /api/login', user: null, about: ALICE, network: '192.0.2.7' };
const silent = { warn: () => {}, info: () => {} };

/** An audit log on real secrets, whose time passes by hand. */
async function opened({ days = 90 } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'audit-'));
  let time = Date.parse('2026-11-30T10:00:00.000Z');
  const now = () => new Date(time);
  const secrets = await openSecrets('sqlite:', { dataDir, log: silent, now });
  let away = false;
  let lost = 0;
  const losable: Pick<Secrets, 'put' | 'list'> = {
    put: (...args) => (away ? Promise.reject(new SecretsUnavailable('away')) : secrets.put(...args)),
    list: (kind, owner) => secrets.list(kind, owner),
  };
  const count = (entries: number) => {
    lost += entries;
  };
  const log = openAuditLog({ secrets: losable, days, log: silent, now, every: 3_600_000, lost: count });
  onTestFinished(async () => {
    away = false;
    await log.close();
    await secrets.close();
    rmSync(dataDir, { recursive: true });
  });
  return {
    log,
    secrets,
    lost: () => lost,
    lose: (is: boolean) => {
      away = is;
    },
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    all: async (limit = 1_000) => {
      await log.flush();
      return (await log.page({ limit })).items;
    },
    records: () => secrets.list('audit', '2026-11-30') as Promise<SecretRecord<AuditRecord>[]>,
  };
}

describe('the audit log', () => {
  it('has what was noted, newest first, by user, kind, outcome, network and time, page by page', async () => {
    const { log, pass, all } = await opened();
    for (let n = 0; n < 7; n++) {
      log.note({ ...SEEN, about: `user-${n}`, outcome: n % 2 ? 'refused' : 'done', network: `192.0.2.${n % 3}` });
      pass(10_000);
    }
    pass(24 * 3_600_000);
    log.note({ ...SEEN, kind: 'role', user: 'admin', about: 'user-1' });
    const items = await all();
    expect(items.map(({ about }) => about)).toEqual(['user-1', 'user-6', 'user-5', 'user-4', 'user-3', 'user-2', 'user-1', 'user-0']);
    const found = async (filter: object) => (await log.page({ limit: 100, ...filter })).items.map(({ about }) => about);
    expect(await found({ user: 'user-1' })).toEqual(['user-1', 'user-1']);
    expect(await found({ user: 'admin' })).toEqual(['user-1']);
    expect(await found({ kind: 'role' })).toEqual(['user-1']);
    expect(await found({ outcome: 'refused' })).toEqual(['user-5', 'user-3', 'user-1']);
    expect(await found({ network: '192.0.2.0' })).toEqual(['user-6', 'user-3', 'user-0']);
    expect(await found({ from: items[3]?.time, to: items[2]?.time })).toEqual(['user-5', 'user-4']);
    const pages: unknown[] = [];
    for (let after = undefined as (typeof items)[number] | undefined; ; ) {
      const page = await log.page({ limit: 3, after });
      pages.push(...page.items);
      after = page.items.at(-1);
      if (!page.more) break;
    }
    expect(pages).toEqual(items);
  });

  it('counts what is the same within a minute, in one entry', async () => {
    const { log, pass, all } = await opened();
    for (let n = 0; n < 500; n++) log.note(SEEN);
    await log.flush();
    pass(30_000);
    log.note(SEEN);
    await log.flush();
    pass(31_000);
    log.note(SEEN);
    expect((await all()).map(({ count, last }) => [count, last])).toEqual([
      [1, '2026-11-30T10:01:01.000Z'],
      [501, '2026-11-30T10:00:30.000Z'],
    ]);
  });

  it('gives refusals a room of their own: who causes them without end fills no disk, and pushes nothing out', async () => {
    const { log, all, records } = await opened();
    for (let n = 0; n < 20_000; n++) {
      log.note({ ...SEEN, outcome: 'refused', status: 401, network: `net-${n}` });
      if (n % 900 === 0) await log.flush();
    }
    log.note({ ...SEEN, kind: 'role', user: 'admin' });
    const items = await all(10_000);
    expect(items.filter(({ outcome, kind }) => outcome === 'refused' && kind !== 'left-out').length).toBeLessThanOrEqual(5_000);
    expect(items.filter(({ kind }) => kind === 'left-out').reduce((sum, { count }) => sum + count, 0)).toBe(15_000);
    expect(items.filter(({ kind }) => kind === 'role')).toHaveLength(1);
    expect(Math.max(...(await records()).map(({ value }) => value.entries.length))).toBeLessThanOrEqual(400);
  });

  it('takes room for what is an entry alone: who repeats a refusal, however often, blinds nobody', async () => {
    const { log, pass, all } = await opened();
    const refused: Audited = { ...SEEN, kind: 'refusal', outcome: 'refused', status: 401 };
    for (let n = 0; n < 6_000; n++) {
      log.note(refused);
      if (n % 1_000 === 0) await log.flush();
    }
    pass(1_000);
    log.note({ ...refused, kind: 'login', network: '198.51.100.9' });
    expect((await all()).map(({ kind, count }) => [kind, count])).toEqual([
      ['login', 1],
      ['refusal', 6_000],
    ]);
  });

  it('has no more than a share of the refusals by one network, and what is repeated while records fill up takes room, too', async () => {
    const { log, all } = await opened();
    const rows = Array.from({ length: 450 }, (_, n) => ({ ...SEEN, outcome: 'refused' as const, status: 401, row: `GET /api/${n}` }));
    for (let n = 0; n < 4; n++) {
      for (const one of rows) log.note(one);
      await log.flush();
    }
    log.note({ ...SEEN, outcome: 'refused', network: '198.51.100.9' });
    const items = await all(10_000);
    const left = items.filter(({ kind }) => kind === 'left-out');
    const there = items.filter(({ kind }) => kind !== 'left-out');
    expect(there.filter(({ network }) => network === SEEN.network).length).toBeLessThanOrEqual(500);
    expect(there.filter(({ network }) => network === '198.51.100.9')).toHaveLength(1);
    expect([...left, ...there].reduce((sum, { count }) => sum + count, 0)).toBe(4 * 450 + 1);
  });

  it.each([
    ['registers', { kind: 'registration', user: null }],
    ['logs in', { kind: 'login', user: null }],
  ] as const)('has what people do, however many accounts and networks somebody %s with', async (_, caused) => {
    const { log, all } = await opened();
    for (let n = 0; n < 21_000; n++) {
      log.note({ ...SEEN, ...caused, about: `user-${n}`, network: `net-${n}` });
      if (n % 900 === 0) await log.flush();
    }
    log.note({ ...SEEN, kind: 'password', user: ALICE });
    log.note({ ...SEEN, kind: caused.kind === 'login' ? 'confirmation' : 'login', network: '198.51.100.9' });
    const kinds = (await all(50_000)).map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['password', 'login', caused.kind === 'login' ? 'confirmation' : 'registration']));
    expect(kinds.filter((kind) => kind === caused.kind).length).toBeLessThanOrEqual(20_001);
  });

  it('has no more than a share of what strangers do by one network, all of a subscriber’s with IPv6 being one', async () => {
    const { log, all } = await opened();
    for (let n = 0; n < 600; n++) {
      log.note({ ...SEEN, kind: 'registration', about: `user-${n}`, network: `2001:db8:7:${n.toString(16)}::/64` });
      if (n % 300 === 0) await log.flush();
    }
    log.note({ ...SEEN, kind: 'registration', network: '2001:db8:8:1::/64' });
    const there = (await all(10_000)).filter(({ kind }) => kind === 'registration');
    expect(there).toHaveLength(501);
    expect(there.filter(({ network }) => network === '2001:db8:8:1::/64')).toHaveLength(1);
  });

  it('has changes of rights by who was not logged in, and what a mail’s link finished, however much strangers do', async () => {
    const { log, all } = await opened();
    for (let n = 0; n < 600; n++) {
      log.note({ ...SEEN, kind: 'password-reset', row: 'POST /api/password-resets', status: 202, about: n % 2 ? `user-${n}` : null });
      log.note({ ...SEEN, kind: 'registration', row: 'POST /api/users', about: `new-${n}` });
      if (n % 300 === 0) await log.flush();
    }
    const done = [
      ['role', 'POST /api/oidc/tokens'],
      ['invitation', 'POST /api/invitations/accept'],
      ['account', 'POST /api/email-changes/finish'],
      ['password-reset', 'POST /api/password-resets/finish'],
      ['confirmation', 'POST /api/confirmations'],
    ] as const;
    for (const [kind, row] of done) log.note({ ...SEEN, kind, row });
    const there = await all(10_000);
    expect(there.map(({ row }) => row)).toEqual(expect.arrayContaining(done.map(([, row]) => row)));
    expect(there.filter(({ kind, row }) => kind === 'registration' || row === 'POST /api/password-resets')).toHaveLength(500);
  });

  it('has logins however much keys are used', async () => {
    const { log, all } = await opened();
    for (let n = 0; n < 21_000; n++) {
      log.note({ ...SEEN, kind: 'key-use', row: `GET /api/${n}` });
      if (n % 900 === 0) await log.flush();
    }
    log.note(SEEN);
    expect((await all(30_000)).filter(({ kind }) => kind === 'login')).toHaveLength(1);
  });

  it('waits while the secrets are away, neither throws nor waits, and loses what is too much, counted', async () => {
    const { log, lose, lost, all } = await opened();
    lose(true);
    for (let n = 0; n < 1_500; n++) log.note({ ...SEEN, network: `net-${n}` });
    await log.flush();
    log.note({ ...SEEN, kind: 'role' });
    expect(lost()).toBe(500);
    lose(false);
    const items = await all(5_000);
    expect(items).toHaveLength(1_001);
  });

  it('leaves a record that somebody else changed as it is, and goes on in another', async () => {
    const { log, secrets, all, records } = await opened();
    log.note(SEEN);
    await log.flush();
    const [record] = await records();
    const erased = { entries: record?.value.entries.map((one) => ({ ...one, about: null, network: '' })) };
    expect(await secrets.put('audit', { key: record?.key ?? '', value: erased, owner: '2026-11-30', expires: record?.expires ?? null }, 1)).toBe(
      true,
    );
    log.note({ ...SEEN, kind: 'logout' });
    expect((await all()).map(({ kind, about }) => [kind, about]).toSorted()).toEqual([
      ['login', null],
      ['logout', ALICE],
    ]);
  });

  it('keeps nothing for longer than its days', async () => {
    const { log, pass, all, secrets } = await opened({ days: 2 });
    log.note(SEEN);
    expect(await all()).toHaveLength(1);
    pass(2 * 24 * 3_600_000);
    expect(await all()).toHaveLength(1);
    pass(24 * 3_600_000);
    expect(await all()).toEqual([]);
    expect(await secrets.list('audit', '2026-11-30')).toEqual([]);
  });

  it('has everything once, whatever writes fail before or after they were done', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.constantFrom('well', 'before', 'after'))), async (steps) => {
        const kept = new Map<string, SecretRecord>();
        let how = 'well';
        const put: Secrets['put'] = async (_, record, version = 0) => {
          if (how === 'before') throw new SecretsUnavailable('before');
          if ((kept.get(record.key)?.version ?? 0) !== version) return false;
          kept.set(record.key, { expires: null, ...record, version: version + 1 });
          if (how === 'after') throw new SecretsUnavailable('after');
          return true;
        };
        const log = openAuditLog({ secrets: { put, list: async () => [] }, days: 90, log: silent, every: 3_600_000 });
        let noted = 0;
        for (const [notes, mood] of steps) {
          how = mood;
          for (let n = 0; n < notes; n++) log.note({ ...SEEN, network: `net-${noted++}` });
          await log.flush();
        }
        how = 'well';
        await log.close();
        const networks = [...kept.values()].flatMap(({ value }) => (value as AuditRecord).entries.map(({ network }) => network));
        expect(networks.toSorted()).toEqual(Array.from({ length: noted }, (_, n) => `net-${n}`).toSorted());
      }),
      { numRuns: 50 },
    );
  });
});
