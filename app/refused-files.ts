/** A start that the file system refuses, told in one line: which file, why, what to do. */
import { join } from 'node:path';
import { StoreDamaged } from '../platform/event-store/event-store.ts';
import { fileTrouble } from '../platform/file-trouble.ts';
import { UserError } from '../platform/user-error.ts';
import { CHECKOUT } from './checkout-folder.ts';
import type { Config } from './config.ts';
import { isEmbedded, type Need } from './parts.ts';

/** A file that a port keeps. */
interface KeptFile {
  /** Its name for people. */
  what: string;
  variable: 'EVENT_STORE_URL' | 'READ_MODELS_URL' | 'SECRETS_URL' | 'MAIL_URL' | 'SMS_URL';
  name: string;
  /** What an operator may do besides, where more than room is missing. */
  besides?: string;
}

const OUTBOX = { what: 'outbox', name: 'outbox.db', besides: 'Or move it away: a new one is made, without the mails of this one.' };
const FILES: Partial<Record<Need, KeptFile>> = {
  store: { what: 'event store', variable: 'EVENT_STORE_URL', name: 'events.db' },
  readModels: {
    what: 'file of the read models',
    variable: 'READ_MODELS_URL',
    name: 'read-models.db',
    besides: 'Or delete it: all in it is made from the events, and is made again.',
  },
  secrets: { what: 'secrets file', variable: 'SECRETS_URL', name: 'secrets.db' },
  mailer: { ...OUTBOX, variable: 'MAIL_URL' },
  texter: { ...OUTBOX, variable: 'SMS_URL' },
};

/** Opens a port; a file that the system refuses is a UserError that names it. Other errors are left as they are. */
export async function namingItsFile<T>(need: Need, config: Config, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw (need === 'pages' ? unbuilt(error) : refusedFile(FILES[need], config, error)) ?? error;
  }
}

/** Refusals that name their file: they come again through the ports that stand on it. */
const told = new WeakSet<Error>();

function refusedFile(file: KeptFile | undefined, config: Config, error: unknown): UserError | undefined {
  if (!file || !isEmbedded(config[file.variable]) || error instanceof StoreDamaged || told.has(error as Error)) return undefined;
  const path = config[file.variable].slice(config[file.variable].indexOf(':') + 1) || join(config.DATA_DIR, file.name);
  const trouble = fileTrouble(path, error);
  if (!trouble) return undefined;
  const more = file.besides && !trouble.isFull ? ` ${file.besides}` : '';
  const refused = new UserError(`The ${file.what} ${path} cannot be used: ${trouble.text}${more}`, { cause: error });
  told.add(refused);
  return refused;
}

/** The web app is built at the first start, into the checkout. */
function unbuilt(error: unknown): UserError | undefined {
  const web = join(CHECKOUT, 'dist', 'web');
  // Node says ENOENT of a folder that cannot be made on a file system that can only be read.
  const trouble = fileTrouble(join(web, 'index.html'), (error as NodeJS.ErrnoException).code === 'ENOENT' ? readOnly(error) : error);
  if (!trouble) return undefined;
  const advice = 'Or start once where the checkout can be written, and copy its dist/web here.';
  return new UserError(`The web app is not built, or older than its sources, and cannot be built in ${web}: ${trouble.text} ${advice}`, {
    cause: error,
  });
}

function readOnly(error: unknown): Error {
  return Object.assign(new Error((error as Error).message, { cause: error }), { code: 'EROFS', syscall: 'mkdir' });
}

/** The error of a start, as a UserError also where a file was refused after it was opened; any other error is left as it is. */
export function asRefusedFile(error: unknown, { DATA_DIR }: Config): unknown {
  if (error instanceof UserError || error instanceof StoreDamaged) return error;
  const { path = join(DATA_DIR, 'events.db'), message } = error as NodeJS.ErrnoException;
  const trouble = fileTrouble(path, error);
  return trouble ? new UserError(`The start with DATA_DIR ${DATA_DIR} failed (${message}): ${trouble.text}`, { cause: error }) : error;
}
