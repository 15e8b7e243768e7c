/** `npm start -- media …`: compares the store of files with the events, makes these the ones that decide about it, or copies it into another. */
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { takeOverFiles } from '../../media/keep/marks.ts';
import { type ComparedSoFar, type Verified, type VerifiedLine, verifiedLines } from '../../media/keep/verify.ts';
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
import { lockOrAsk, type OpenAnswer } from './lock-or-ask.ts';
import { openStoreBehindEdge } from './opened-store.ts';
import { complain, print } from './print.ts';

/** Milliseconds between two lines that tell how far it is. */
const TELL_EVERY = 5_000;

/** Does what the words ask for. Errors: ConfigError, FolderError while a process runs on the folder, `UserError` with one line. */
export async function operateMedia(config: Config, [what, ...rest]: string[]): Promise<void> {
  const hashes = rest.join(' ') === '--hashes';
  if (what === 'verify' && (rest.length === 0 || hashes)) return verify(config, hashes);
  if (what === 'claim' && rest.length === 0) return withBoth(config, claim);
  const [from, to, ...more] = rest;
  if (what !== 'copy' || from === undefined || to === undefined || more.length > 0)
    throw misused('media', 'it takes verify, verify --hashes, claim, or copy <from> <to>');
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
  const lock = isEmbedded(config.EVENT_STORE_URL) ? lockFolder(config.DATA_DIR) : undefined;
  try {
    await onBoth(config, work);
  } finally {
    lock?.release();
  }
}

/** Opens them for whoever has the lock, or needs none. */
async function onBoth(config: Config, work: (both: Both) => Promise<void>): Promise<void> {
  const closers = openClosers();
  try {
    const log = openProcessLog({ level: 'error' });
    const { store } = await openStoreBehindEdge(config, closers, log);
    const files = closers.closing(await filesAt(config.FILES_URL, config));
    await work({ store, files, log });
  } finally {
    await closers.closeAll();
  }
}

/** Compares both, in the process that runs on the folder, where there is one. Error: `UserError` where something differs. */
async function verify(config: Config, hashes: boolean): Promise<void> {
  complain('Comparing the files that the events name with the objects of the store; each difference is a line.');
  let found: Verified | undefined;
  // On servers the parts go on; on embedded stores this has the folder's lock.
  const others = isEmbedded(config.EVENT_STORE_URL) ? {} : { beside: Date.now };
  const here = () =>
    onBoth(config, async ({ store, files, log }) => {
      // It only loads: no body is hashed.
      const commands = commandHandler({ store, hmac: (text) => text, log });
      found = await tell(verifiedLines({ store, files, commands, keepOriginal: config.MEDIA_KEEP_ORIGINAL, hashes, ...others }));
    });
  const there = async (_ask: unknown, open: OpenAnswer) => {
    found = await tell(linesIn(await open(`/api/admin/media/differences${hashes ? '?hashes=1' : ''}`)));
  };
  if (isEmbedded(config.EVENT_STORE_URL)) await lockOrAsk(config.DATA_DIR, here, there);
  else await here();
  if (!found) throw CUT_OFF;
  print(`Compared ${found.files} files with ${found.objects} objects: ${found.differences} differences. Nothing was changed.`);
  if (found.differences > 0) throw new UserError('The store of files and the events differ: docs/MEDIA.md says what to do.');
}

const CUT_OFF = new UserError('The comparison was cut off in the middle: nothing is known of what it had not reached. Run it again.');

/** Prints the differences, and how far it is beside them; resolves to the numbers, which come last, or to undefined where they do not come. */
async function tell(lines: AsyncIterable<VerifiedLine>): Promise<Verified | undefined> {
  let numbers: Verified | undefined;
  const tellHowFar = openHowFar();
  for await (const line of lines) {
    if ('what' in line) print(`${line.what}: ${line.key}`);
    else if ('of' in line) tellHowFar(line);
    else numbers = line;
  }
  return numbers;
}

/** Says how far a comparison is, where it has said nothing for a while. */
function openHowFar(): (far: ComparedSoFar) => void {
  let told = performance.now();
  return ({ compared, of }) => {
    if (performance.now() - told < TELL_EVERY) return;
    told = performance.now();
    complain(`${compared} ${of} compared so far.`);
  };
}

/** The lines of a running process's answer. Error: `UserError` where it is cut off. */
async function* linesIn(answer: Readable): AsyncGenerator<VerifiedLine> {
  let rest = '';
  try {
    for await (const piece of answer.setEncoding('utf8')) {
      const texts = `${rest}${piece}`.split('\n');
      rest = texts.pop() ?? '';
      for (const text of texts) yield JSON.parse(text);
    }
  } catch {
    throw CUT_OFF;
  }
}

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
