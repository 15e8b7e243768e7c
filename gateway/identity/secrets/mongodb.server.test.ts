import { describeWith, ferretDb } from '../../../servers/for-tests.ts';
import { openSecrets } from './open.ts';
import { secretsSuite } from './secrets.suite.ts';

const START = Date.parse('2026-11-21T09:00:00.000Z');
const log = { info: () => {}, warn: () => {} };

describeWith(ferretDb, 'secrets on a server', () => {
  secretsSuite('MongoDB', async () => {
    const url = await ferretDb.database();
    let time = START;
    const now = () => new Date(time);
    const options = { dataDir: '/nowhere', log, now };
    const test = {
      secrets: await openSecrets(url, options),
      advance: (milliseconds: number) => {
        time += milliseconds;
      },
      now: () => now().toISOString(),
      reopen: async () => {
        await test.secrets.close();
        test.secrets = await openSecrets(url, options);
      },
      close: () => test.secrets.close(),
    };
    return test;
  });
});
