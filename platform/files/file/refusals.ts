/** What the file system refuses, as the store of files says it. */
import { fileTrouble } from '../../file-trouble.ts';
import { FilesUnavailable } from '../files.ts';

/** Does something with a file. Whatever the system refuses is FilesUnavailable: what the disk has, or lacks, is no matter of the caller's. */
export async function orUnavailable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asUnavailable(path, error);
  }
}

/** A refusal of the system as FilesUnavailable; any other error as it is. */
export function asUnavailable(path: string, error: unknown): unknown {
  if (codeOf(error) === undefined || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  const trouble = fileTrouble(path, error);
  return new FilesUnavailable(`${path}: ${trouble?.text ?? (error as Error).message}`, { cause: error });
}

/** The code of an error of the system, as ENOENT. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** For `catch`: what is not there is undefined. */
export function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}
