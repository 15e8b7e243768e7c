/** `npm start -- users export <id|e-mail> [--out file [--force]]`: all that is kept of a person, as one JSON document. */
import { createWriteStream, existsSync } from 'node:fs';
import { link, open, rename, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AccountOrderDone } from '../../gateway/identity/operator-accounts.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { UserError } from '../../platform/user-error.ts';
import { type Interruption, interruptibly } from './interruption.ts';
import type { Ask, OpenAnswer } from './lock-or-ask.ts';
import { complain, screen } from './print.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The end of a document that is whole. */
const WHOLE = '"complete":true}\n';

export interface PersonToExport {
  /** The id of a user, or the address of an account. */
  who: string;
  /** The file that is written; it is only there once it is whole. Missing: standard output. */
  out?: string | undefined;
  /** True where a file that is there is replaced. */
  force: boolean;
}

/** Writes the document. Errors: `UserError` with one line where there is no such person, the document was cut off, or cannot be written. */
export async function exportPerson({ who, out, force }: PersonToExport, ask: Ask, answer: OpenAnswer): Promise<void> {
  if (out !== undefined && !force && existsSync(out)) throw isThere(out);
  const id = UUID.test(who) ? who : (await ask<AccountOrderDone>('POST', '/api/admin/accounts', { order: 'find', email: who })).id;
  const source = () => answer(`/api/users/${id}/export`);
  if (out === undefined) return writeWhole(source, output);
  const part = `${out}.part`;
  try {
    await interruptibly(
      (signal) => `The export was interrupted (${signal}); nothing of it is left.`,
      async (interruption) => {
        await writeWhole(source, { name: out, open: () => newFile(part), interruption });
        await (force ? rename(part, out) : putNew(part, out));
      },
    );
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  complain(`${who}: written to ${out}`);
}

/** What a file system says that has one name for each file alone, as FAT and some shares do. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Gives the file its name where nothing has it, also since the beginning. */
async function putNew(part: string, out: string): Promise<void> {
  try {
    await link(part, out);
  } catch (error) {
    await refusedLink(error as NodeJS.ErrnoException, part, out);
  }
  await rm(part, { force: true });
}

async function refusedLink(error: NodeJS.ErrnoException, part: string, out: string): Promise<void> {
  if (error.code === 'EEXIST') throw isThere(out);
  if (!NO_LINKS.includes(error.code ?? '')) throw error;
  // An empty file takes the name first, where nothing has it, so that the document takes it from nobody.
  const place = await open(out, 'wx', 0o600).catch((taken: NodeJS.ErrnoException) => {
    throw taken.code === 'EEXIST' ? isThere(out) : taken;
  });
  await place.close();
  await rename(part, out).catch(async (cause: unknown) => {
    await rm(out, { force: true });
    throw cause;
  });
}

function isThere(out: string): UserError {
  return new UserError(`There is a file ${out} already: name another one, or say --force to replace it.`);
}

/** A file of its own: what a run that was killed has left may be anybody's to read. */
async function newFile(path: string): Promise<Writable> {
  await rm(path, { force: true });
  return createWriteStream(path, { mode: 0o600, flags: 'wx' });
}

/** A place that a document is written to, and how people call it. */
interface Place {
  name: string;
  open(): Writable | Promise<Writable>;
  /** Missing: a signal ends the process, which leaves nothing. */
  interruption?: Interruption;
}

/** Writes what `source` opens. Errors: `UserError`, as above. */
async function writeWhole(source: () => ReturnType<OpenAnswer>, to: Place): Promise<void> {
  let end = '';
  const isCut = (cause: unknown) => new UserError('The document was cut off in the middle: what was written is not whole. Try again.', { cause });
  const watched = async function* (pieces: AsyncIterable<string | Uint8Array>) {
    try {
      for await (const piece of pieces) {
        end = (end + Buffer.from(piece as Uint8Array).toString()).slice(-WHOLE.length);
        yield piece;
      }
    } catch (cause) {
      throw isCut(cause);
    }
  };
  const pieces = await opened(source(), to.interruption);
  try {
    await pipeline(pieces, watched, await to.open(), { signal: to.interruption?.signal });
  } catch (error) {
    to.interruption?.check();
    if (error instanceof UserError) throw error;
    throw new UserError(`${to.name} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'closed'}): what is there is not whole.`, {
      cause: error,
    });
  }
  if (end !== WHOLE) throw isCut(undefined);
}

/** What is being opened, also where a signal ends the wait for it: what is opened after that is closed. */
async function opened(opening: ReturnType<OpenAnswer>, interruption: Interruption | undefined): ReturnType<OpenAnswer> {
  const pieces = interruption ? await orAborted(opening, interruption.signal) : await opening;
  if (pieces) return pieces;
  opening.then(
    (late) => late.destroy(),
    () => {},
  );
  throw interruption?.signal.reason;
}

/** Standard output, which stays open. */
const output: Place = {
  name: 'Standard output',
  open: () => new Writable({ write: (chunk, _encoding, done) => screen.write(chunk, done) }),
};
