import { openReadModels } from '../platform/read-models/open.ts';
import { describeWith, ferretDb } from '../servers/for-tests.fixture.ts';
import { describeHoldersAsOf } from './holders-as-of.suite.ts';

describeWith(ferretDb, 'on MongoDB', () => {
  describeHoldersAsOf(async () => openReadModels(await ferretDb.database(), { dataDir: '/nowhere', log: { warn: () => {} } }), 4);
});
