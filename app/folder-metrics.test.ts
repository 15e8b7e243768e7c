import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openMetrics } from '../platform/http/metrics.ts';
import { gaugeFolder } from './folder-metrics.ts';

it('the write-ahead log of each file that is there is a metric', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'metrics-'));
  for (const name of ['events.db', 'events.db-wal', 'secrets.db']) writeFileSync(join(dataDir, name), '');
  truncateSync(join(dataDir, 'events.db-wal'), 5_000_000);
  const metrics = openMetrics();
  gaugeFolder(dataDir, metrics);
  const lines = (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('taskledger_wal_bytes'));
  expect(lines).toEqual(['taskledger_wal_bytes{name="events.db"} 5000000', 'taskledger_wal_bytes{name="secrets.db"} 0']);
  rmSync(dataDir, { recursive: true });
});
