/** What the export has of the audit log. */
import { expect, it } from 'vitest';
import type { AuditEntry } from '../../contracts/audit.ts';
import { auditSource } from './own-sources.ts';

const [ANN, BEN] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
const time = '2026-11-21T09:00:00.000Z';

function entry(more: Partial<AuditEntry>): AuditEntry {
  const base = { id: '1', time, last: time, count: 1, kind: 'login', outcome: 'done', status: 200, row: 'POST /api/sessions' } as const;
  return { ...base, user: null, about: null, network: '192.0.2.1', ...more };
}

it.each([
  ['a login of theirs', entry({ about: ANN }), '192.0.2.1'],
  ['a refused login to their account', entry({ about: ANN, outcome: 'refused', status: 401 }), null],
  ['what they asked for', entry({ user: ANN, about: BEN }), '192.0.2.1'],
  ['what they asked for and were refused', entry({ user: ANN, outcome: 'refused', status: 403 }), '192.0.2.1'],
  ['what another did to them', entry({ user: BEN, about: ANN }), null],
])('the network of %s', async (_, one, network) => {
  const audit = { flush: async () => {}, page: async () => ({ items: [one], more: false }) };
  const items: unknown[] = [];
  for await (const item of auditSource(audit as unknown as Parameters<typeof auditSource>[0]).items(ANN)) items.push(item);
  expect(items).toMatchObject([{ network }]);
});
