import { expect, it } from 'vitest';
import { describeWith, ferretDb } from './for-tests.fixture.ts';
import { firstStartOfMongo } from './mongodb-first-start.ts';

describeWith(ferretDb, 'the first start of MongoDB', () => {
  it('says in one line where the server has no replica sets, and does not wait', async () => {
    const { host } = new URL(await ferretDb.url());
    const log = { info: () => {}, warn: () => {} };
    await expect(firstStartOfMongo(host, null, { log })).rejects.toThrow(`MongoDB at ${host} is no MongoDB: it has no replica sets.`);
  });
});
