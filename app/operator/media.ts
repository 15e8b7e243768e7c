/** `npm start -- media …`: compares the store of files with the events, makes these the ones that decide about it, or copies it into another. */
import type { Logger } from 'pino';
import { takeOverFiles } from '../../media/keep/marks.ts';
import { verifyMedia } from '../../media/keep/verify.ts';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { copyFiles } from '../../platform/files/copy-files.ts';
import type { Files } from '../../platform/files/files.ts';
import { filesUrlProblem } from '../../platform/files/files-url.ts';
import { openFiles } from '../../platform/files/open.ts';
import { openProcessLog } from '../../platform/log.ts';
import { UserError } from '../../platform/user-error.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { openClosers } from '../closers.ts';
import { misused } from '../command-options.ts';
import { type Config, ConfigError } from '../config.ts';
import { isEmbedded } from '../parts.ts';
import { interruptibly } from './interruption.ts';
import { openStoreBehindEdge } from './opened-store.ts';
import { print } from './print.ts';

/** Does what the words ask for. Errors: ConfigError, FolderError while a process runs on the folder, `UserError` with one line. */
export async function operateMedia(config: Config, [what, ...rest]: string[]): Promise<void> {
  if (what === 'verify' && rest.length === 0) return withBoth(config, verify(config));
  if (what === 'claim' && rest.length === 0) return withBoth(config, claim);
  const [from, to, ...more] = rest;
  if (what !== 'copy' || from === undefined || to === undefined || more.length > 0)
    throw misused('media', 'it takes verify, claim, or copy <from> <to>');
  await copy(config, from, to);
}

/** Opens the files at a URL, with the credentials of the configuration. */
export function filesAt(url: string, config: Config): Promise<Files> {
  const problem = filesUrlProblem(url);
  if (problem) throw new ConfigError(`The address of a store of files ${problem}`);
  return openFiles(url, { dataDir: config.DATA_DIR, accessKey: config.S3_ACCESS_KEY, secretKey: config.S3_SECRET_KEY });
}

type Both = { store: EventStore; files: Files; log: Logger };

/** Opens the configuration's events and files. On embedded stores no process may run. */
async function withBoth(config: Config, work: (both: Both) => Promise<void>): Promise<void> {
  const closers = openClosers();
  try {
    if (isEmbedded(config.EVENT_STORE_URL)) closers.add(lockFolder(config.DATA_DIR), (lock) => lock.release());
    const log = openProcessLog({ level: 'error' });
    const { store } = await openStoreBehindEdge(config, closers, log);
    const files = closers.closing(await filesAt(config.FILES_URL, config));
    await work({ store, files, log });
  } finally {
    await closers.closeAll();
  }
}

const verify =
  (config: Config) =>
  async ({ store, files, log }: Both): Promise<void> => {
    // It only loads: no body is hashed.
    const commands = commandHandler({ store, hmac: (text) => text, log });
    const found = await verifyMedia({ store, files, commands, keepOriginal: config.MEDIA_KEEP_ORIGINAL }, ({ what, key }) =>
      print(`${what}: ${key}`),
    );
    print(`Compared ${found.files} files with ${found.objects} objects: ${found.differences} differences. Nothing was changed.`);
    if (found.differences > 0) throw new UserError('The store of files and the events differ: docs/MEDIA.md says what to do.');
  };

async function claim(both: Both): Promise<void> {
  await takeOverFiles(both);
  print('The store of files is this installation’s, as its events are now: what they do not name is removed by the next sweeps.');
}

async function copy(config: Config, from: string, to: string): Promise<void> {
  const closers = openClosers();
  try {
    const source = closers.closing(await filesAt(from, config));
    const target = closers.closing(await filesAt(to, config));
    const { files, copied } = await interruptibly(
      (signal) => `The copy was interrupted (${signal}). Run it again: it goes on where it stopped.`,
      (interruption) => copyFiles(source, target, interruption.signal),
    );
    print(`The second store has all ${files} files of the first; ${copied} were copied.`);
  } finally {
    await closers.closeAll();
  }
}
