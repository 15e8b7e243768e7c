import { DeleteBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3';
import { it } from 'vitest';
import { readBucketUrl } from '../platform/files/files-url.ts';
import { openFiles } from '../platform/files/open.ts';
import { openClient } from '../platform/files/s3/client.ts';
import { inChromium, openLine, PASSWORD, type ShownWorld } from '../realtime/client/board.fixture.ts';
import { dropsAPicture } from '../realtime/client/two-browsers.fixture.ts';
import { describeWith, S3_ACCOUNT, versityGw } from '../servers/for-tests.fixture.ts';
import { succeeding } from './client.fixture.ts';
import { DISTRIBUTED, openDistributed } from './distributed.fixture.ts';

const MINUTES = 300_000;

/** The FILES_URL of the test, whose server browsers reach. */
let filesUrl: string;
const store = () => readBucketUrl(filesUrl);
const s3 = () => openClient(store(), S3_ACCOUNT);

/** Every part on servers of its own, with a bucket that lets the pages of these origins post. */
async function start(): Promise<ShownWorld> {
  const url = await versityGw.bucket();
  filesUrl = `${url}&public=${new URL(url).searchParams.get('endpoint')}`;
  const credentials = { S3_ACCESS_KEY: S3_ACCOUNT.accessKey, S3_SECRET_KEY: S3_ACCOUNT.secretKey };
  const system = await openDistributed({ env: { FILES_URL: filesUrl, ...credentials } });
  const line = await openLine(() => Number(new URL(system.url()).port));
  await letPost([system.url(), line.url]);
  return {
    url: system.url(),
    line,
    register: async (name, email) => void (await succeeding(system.call)('POST /api/users', { name, email, password: PASSWORD })),
    close: async () => {
      await line.close();
      await system.remove();
    },
  };
}

async function letPost(origins: string[]): Promise<void> {
  const files = await openFiles(filesUrl, { dataDir: '/nowhere', ...S3_ACCOUNT });
  // The bucket is made with the first question to it.
  await files.stat('media/none/original');
  await files.close();
  const rule = { AllowedOrigins: origins, AllowedMethods: ['POST'], AllowedHeaders: ['*'], MaxAgeSeconds: 1 };
  await s3().send(new PutBucketCorsCommand({ Bucket: store().bucket, CORSConfiguration: { CORSRules: [rule] } }));
}

describeWith([...DISTRIBUTED, versityGw], 'two browsers before a system on servers, with its files in S3', () => {
  inChromium(
    'a picture that is dropped on a task',
    (screens) => {
      const ours = () => new URL(screens.world.url).origin;
      const stores = () => store().public ?? '';
      it(
        'is posted to the store, and is in the other browser with its thumbnail, without a reload',
        async () => {
          await dropsAPicture(screens, { sentTo: [stores()] });
        },
        MINUTES,
      );
      it(
        'is sent through us where the bucket lets no page post',
        async ({ skip }) => {
          skip((await versityGw.kind()) === 'SeaweedFS', 'SeaweedFS lets every page post');
          await s3().send(new DeleteBucketCorsCommand({ Bucket: store().bucket }));
          await dropsAPicture(screens, { title: 'Paint the door', sentTo: [stores(), ours()] });
        },
        MINUTES,
      );
    },
    start,
  );
});
