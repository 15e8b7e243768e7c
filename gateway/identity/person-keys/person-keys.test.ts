import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSecrets } from '../secrets/open.ts';
import { personKeysSuite } from './person-keys.suite.ts';

personKeysSuite('SQLite', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'person-keys-'));
  const secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
  return {
    secrets,
    close: async () => {
      await secrets.close();
      rmSync(dataDir, { recursive: true });
    },
  };
});
