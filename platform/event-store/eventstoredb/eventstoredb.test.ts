import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { startDouble } from '../double/double.ts';
import { describeEventStore } from '../event-store.suite.ts';
import { openEventStore } from '../open.ts';

const log = { error: () => {} };

describeEventStore('esdb: on the double', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'double-'));
  const double = await startDouble({ folder });
  let store = await openEventStore(double.url, { dataDir: '', log });
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openEventStore(double.url, { dataDir: '', log });
      return store;
    },
    cleanup: async () => {
      await store.close();
      await double.stop();
      rmSync(folder, { recursive: true });
    },
  };
});

// A real server, named by whoever runs the tests: it may hold streams of others.
const real = process.env.EVENT_STORE_URL_UNDER_TEST;
describe.skipIf(!real)('a real server', () => {
  describeEventStore('esdb: at EVENT_STORE_URL_UNDER_TEST', async () => {
    let store = await openEventStore(real ?? '', { dataDir: '', log });
    return {
      store,
      reopen: async () => {
        await store.close();
        store = await openEventStore(real ?? '', { dataDir: '', log });
        return store;
      },
      cleanup: () => store.close(),
    };
  });
});
