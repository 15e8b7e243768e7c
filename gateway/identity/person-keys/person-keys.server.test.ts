import { describeWith, ferretDb } from '../../../servers/for-tests.fixture.ts';
import { openSecrets } from '../secrets/open.ts';
import { personKeysSuite } from './person-keys.suite.ts';

describeWith(ferretDb, 'keys of persons on a server', () => {
  personKeysSuite('MongoDB', async () => {
    const secrets = await openSecrets(await ferretDb.database(), { dataDir: '/nowhere', log: { info: () => {}, warn: () => {} } });
    return { secrets, close: () => secrets.close() };
  });
});
