import { openReadModels } from '../platform/read-models/open.ts';
import { describeWith, ferretDb } from '../servers/for-tests.fixture.ts';
import { describeMediaQueries } from './media.suite.ts';

describeWith(ferretDb, 'on MongoDB', () => {
  describeMediaQueries(async () => openReadModels(await ferretDb.database(), { dataDir: '/nowhere', log: { warn: () => {} } }));
});
