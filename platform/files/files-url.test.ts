import { expect, it } from 'vitest';
import { filesUrlProblem, folderIn, readBucketUrl } from './files-url.ts';

it.each([
  'file:',
  'file:/srv/files',
  'file:///srv/files',
  's3://bucket',
  's3://bucket/prefix/deeper',
  's3://bucket?endpoint=http://host:9000&region=eu-west-1&pathStyle=1&public=https://files.example.org',
])('%s names a store', (url) => {
  expect(filesUrlProblem(url)).toBeUndefined();
});

it.each([
  '',
  'files',
  'file:relative',
  'file://',
  's3:',
  's3://',
  's3://key:hunter2@bucket',
  's3://bucket?endpoint=host:9000',
  's3://bucket?endpoint=http://host:9000/path',
  's3://bucket?pathStyle=yes',
  's3://bucket?pathstyle=1',
  's3://bucket/a b',
  'http://host/bucket',
])('%j does not, and the refusal shows no password', (url) => {
  expect(filesUrlProblem(url)).toMatch(/^must /);
  expect(filesUrlProblem(url)).not.toContain('hunter2');
});

it('a URL is read with all that it says', () => {
  expect(readBucketUrl('s3://bucket/a/b/?endpoint=http://host:9000/&pathStyle=1')).toEqual({
    bucket: 'bucket',
    prefix: 'a/b/',
    endpoint: 'http://host:9000',
    region: 'us-east-1',
    pathStyle: true,
    public: undefined,
  });
  expect(readBucketUrl('s3://bucket')).toMatchObject({ prefix: '', pathStyle: false });
  expect([folderIn('file:'), folderIn('file:/srv/files'), folderIn('file:///srv/a%20b')]).toEqual([undefined, '/srv/files', '/srv/a b']);
});
