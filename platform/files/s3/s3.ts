import type { Files } from '../files.ts';
import type { BucketUrl } from '../files-url.ts';
export function openS3Files(_url: BucketUrl, _credentials: { accessKey?: string | undefined; secretKey?: string | undefined }): Files {
  throw new Error('not yet');
}
