import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { describeWith, ferretDb } from '../../../servers/for-tests.fixture.ts';
import { openReadModels } from '../../read-models/open.ts';
import { ServerRefused } from '../reach.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

/** Opens and closes read models as those of an installation. */
async function openAs(url: string, installation: string | null): Promise<void> {
  const opened = await openReadModels(url, { dataDir: '/nowhere', log, installation });
  await opened.close();
}

describeWith(ferretDb, 'a MongoDB database', () => {
  it('is its first installation’s, and any other one is refused in one line that says what to do, until the mark is removed', async () => {
    const url = await ferretDb.database();
    await openAs(url, 'one');
    await openAs(url, 'one');
    const refusal = await openAs(url, 'another').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ServerRefused);
    const { message } = refusal as Error;
    expect(message).toMatch(/^the read models in the database test_[0-9a-f]+ are those of another installation \(one; this one is another\)\. /);
    expect(message).toMatch(
      /Name another database in READ_MODELS_URL, .* drop this one; .* remove the mark: db\.getCollection\("_installation"\)\.drop\(\)$/,
    );
    const client = await MongoClient.connect(url);
    await client.db().collection('_installation').drop();
    await client.close();
    await openAs(url, 'another');
    await expect(openAs(url, 'one')).rejects.toThrow('those of another installation (another; this one is one)');
  });

  it('that was never marked, as by an older release, is taken by one of those that come at once', async () => {
    const url = await ferretDb.database();
    await openAs(url, null);
    const names = ['one', 'two', 'three', 'four'];
    const came = await Promise.allSettled(names.map((name) => openAs(url, name)));
    expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await openAs(url, null);
  });
});
