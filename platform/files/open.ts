/** Opens the store of files that a URL names. */
import { join } from 'node:path';
import { openFolderFiles } from './file/file.ts';
import type { Files, OnForeignFile } from './files.ts';
import { filesUrlProblem, folderIn, readBucketUrl } from './files-url.ts';
import { patient } from './patient.ts';

export interface OpenFilesOptions {
  /** The folder in which `file:` keeps its own. */
  dataDir: string;
  /** The key of the account at the S3 server, and its secret; without them the variables and files of Amazon's tools are asked. */
  accessKey?: string | undefined;
  secretKey?: string | undefined;
  /** Hears of what is in the store and none of ours. */
  foreign?: OnForeignFile;
}

/**
 * Opens `file:` (in `dataDir`), `file:/a/folder` or `s3://bucket`. Nothing is asked of a server yet: one that is away is so at the first call.
 * Rejects for any other URL. A store that takes too long is given up. The SDK of S3 is loaded only where it is used.
 *
 *     const files = await openFiles('file:', { dataDir: '/var/lib/taskledger' });
 */
export async function openFiles(url: string, { dataDir, accessKey, secretKey, foreign }: OpenFilesOptions): Promise<Files> {
  const problem = filesUrlProblem(url);
  if (problem) throw new Error(`FILES_URL ${problem}`);
  if (url.startsWith('file:')) return patient(openFolderFiles(folderIn(url) ?? join(dataDir, 'files'), foreign));
  const { openS3Files } = await import('./s3/s3.ts');
  return patient(openS3Files(readBucketUrl(url), { accessKey, secretKey }, { foreign }));
}
