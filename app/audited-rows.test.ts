import { expect, it } from 'vitest';
import type { RouteRow } from '../platform/http/route.ts';
import { ALL_ROWS, rowName } from './rows.ts';

/** Rows of admins that change something and have no entry in the audit log, with the reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  'POST /api/notifications/send': 'Backends do it all day, which is `key-use`; the event of each notification has who asked for it.',
  'POST /api/notifications/:id/cancel': 'As sending: the event has who cancelled, and a backend’s is `key-use`.',
  'POST /api/sites': 'Work as any other, and no account’s: the event has who added it.',
  'DELETE /api/sites/:id': 'As adding: the event has who removed it, and only an empty one goes.',
};

const isForAdmins = ({ who, path }: RouteRow) => (Array.isArray(who) && who.includes('admin')) || path.startsWith('/api/admin/');

it('every row of admins that changes something has its kind of entry in the audit log, or a reason why not', () => {
  const rows = ALL_ROWS.filter((row) => row.method !== 'GET' && isForAdmins(row));
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.filter(({ audit }) => !audit).map(rowName)).toEqual(Object.keys(WITHOUT));
});

it('what is ordered of the machinery is an entry of its own kind, which strangers and backends push out by nothing', () => {
  const operations = ALL_ROWS.filter(({ audit }) => audit === 'operation');
  expect(operations.length).toBeGreaterThan(5);
  expect(operations.filter((row) => String(row.who) !== 'admin').map(rowName)).toEqual([]);
});
