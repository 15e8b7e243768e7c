/** The `.env` of the checkout. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { UserError } from '../platform/user-error.ts';

/** Variables that name a file or a folder. Where `.env` sets one, it is seen from the folder of `.env`. */
const isPath = (name: string) => name === 'DATA_DIR' || name === 'ORDER_RULES' || name.endsWith('_FILE');

/** Sets the variables of a folder's `.env` that are not set yet; none where it has no such file. Error: one line where the file cannot be read. */
export function loadEnvFile(folder: string, env: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(parseEnv(readOptional(join(folder, '.env')))))
    env[name] ??= isPath(name) && value ? resolve(folder, value) : value;
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
