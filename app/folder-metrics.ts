/** What is measured of the files in DATA_DIR. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Metrics } from '../platform/http/metrics.ts';
import { sizeOfLog } from '../platform/sqlite/folding.ts';

const FILES = ['events.db', 'secrets.db', 'read-models.db', 'outbox.db'];

/** Gauges the write-ahead logs of the files that are there. */
export function gaugeFolder(dataDir: string, { gauge }: Metrics): void {
  gauge('wal_bytes', 'Bytes of the write-ahead log of a file in DATA_DIR.', () =>
    Object.fromEntries(FILES.filter((name) => existsSync(join(dataDir, name))).map((name) => [name, sizeOfLog(join(dataDir, name))])),
  );
}
