import { describeWith, S3_ACCOUNT, versityGw } from '../servers/for-tests.fixture.ts';
import { describePrivateFiles } from './private-files.suite.ts';

describeWith(versityGw, 'files in S3', () => {
  const credentials = { S3_ACCESS_KEY: S3_ACCOUNT.accessKey, S3_SECRET_KEY: S3_ACCOUNT.secretKey };
  describePrivateFiles('in a bucket, through us', async () => ({ ...credentials, FILES_URL: await versityGw.bucket() }));
  describePrivateFiles('in a bucket that browsers reach', async () => {
    const url = await versityGw.bucket();
    return { ...credentials, FILES_URL: `${url}&public=${new URL(url).searchParams.get('endpoint')}` };
  });
});
