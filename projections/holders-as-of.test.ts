import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { openReadModels } from '../platform/read-models/open.ts';
import { describeHoldersAsOf } from './holders-as-of.suite.ts';

describe('on the embedded store', () => {
  let dataDir: string;
  let opened = 0;
  beforeAll(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'holders-'));
  });
  afterAll(() => rmSync(dataDir, { recursive: true }));

  describeHoldersAsOf(() => openReadModels(`sqlite:${join(dataDir, `${opened++}.db`)}`, { dataDir, log: { warn: () => {} } }), 100);
});
