/** The `.env` of the checkout. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { UserError } from '../platform/user-error.ts';

/** Variables that name a file or a folder. Where `.env` sets one, it is seen from the folder of `.env`. */
const isPath = (name: string) => name === 'DATA_DIR' || name === 'ORDER_RULES' || name.endsWith('_FILE');

/** Parameters of URLs that name a file: of MAIL_URL, of MongoDB's, of the event store's. A value is read to the next parameter, or the next server. */
const NAMES_FILE = /(?<=[?&](?:ca|tlsCAFile|tlsCertificateKeyFile|tlsCRLFile|userCertFile|userKeyFile)=)[^&\s#]+/gi;
/** The file of an embedded store. */
const SQLITE_FILE = /^sqlite:(?!:)(.+)$/s;

/** A variable's value, with what it says of files seen from the folder. */
function seenFrom(folder: string, name: string, value: string): string {
  if (!value) return value;
  if (isPath(name)) return resolve(folder, value);
  if (!name.endsWith('_URL')) return value;
  return value
    .replace(SQLITE_FILE, (_, path: string) => `sqlite:${resolve(folder, path)}`)
    .replace(NAMES_FILE, (path) => (/^(\/|%2F)/i.test(path) ? path : encodedPath(resolve(folder, decoded(path)))));
}

function encodedPath(path: string): string {
  return encodeURIComponent(path).replaceAll('%2F', '/');
}

/** The text of a parameter; one that is not well encoded is left for the reader of the URL to refuse. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Sets the variables of a folder's `.env` that are not set yet; none where it has no such file. Error: one line where the file cannot be read. */
export function loadEnvFile(folder: string, env: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(parseEnv(readOptional(join(folder, '.env'))))) env[name] ??= seenFrom(folder, name, value ?? '');
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
