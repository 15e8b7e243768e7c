import { describeWith, ferretDb } from '../../servers/for-tests.ts';
import { openMongoReadModels } from './mongodb.ts';
import { describeReadModels } from './read-models.suite.ts';

const log = { info: () => {}, warn: () => {} };

describeWith(ferretDb, 'read models on a server', () => {
  describeReadModels('mongodb', async () => openMongoReadModels(await ferretDb.database(), { log }), { runs: 10 });
});
