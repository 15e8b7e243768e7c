/**
 * Whose a store of files is. Two marks lie beside the files: the installation's id, and the last event of its log, written anew after each upload and by each sweep.
 *
 * A log that does not hold the marked event is that of another installation, or an older copy of this one's, as of a backup: what it does not know may be
 * somebody's all the same, so that it removes nothing.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { type EventStore, StreamGone } from '../../platform/event-store/event-store.ts';
import { installationOf } from '../../platform/event-store/installation.ts';
import { FileExists, FileMissing, type Files } from '../../platform/files/files.ts';
import { UserError } from '../../platform/user-error.ts';

export interface MarksContext {
  store: EventStore;
  files: Files;
}

/** The store of files is another installation's, or one whose log is longer than this one. The message is one line for the operator. */
export class FilesOfAnother extends UserError {
  override readonly name = 'FilesOfAnother';
}

/** An event, by its place in its stream, which it keeps when a log is moved to another store. A storage format. */
const markedEvent = z.object({ id: z.string(), stream: z.string(), revision: z.int().nonnegative() });
type MarkedEvent = z.infer<typeof markedEvent>;

const OWNER = 'marks/installation/owner';
const LOG = 'marks/log/';
const TRY = 'marks/readiness/try';
/** Milliseconds that an event store which is away is waited for. */
const PATIENCE = 10_000;

/** Marks a store of files as an installation's own, where it has no mark. Errors: FilesOfAnother, FilesUnavailable. */
export async function claimFiles(files: Files, installation: string): Promise<void> {
  if ((await textUnder(files, OWNER)) === installation) return;
  try {
    await putText(files, OWNER, installation);
  } catch (error) {
    if (!(error instanceof FileExists)) throw error;
    const other = await textUnder(files, OWNER);
    throw new FilesOfAnother(
      `The store of files is used by another installation (${other}; this one is ${installation}). Name another one in FILES_URL, as s3://bucket/prefix or file:/another/folder; or, where that installation is no more, take it over: npm start -- media claim`,
    );
  }
}

/** Resolves where this log may decide what is removed. Errors: FilesOfAnother; those of the stores. */
export async function checkOurs({ store, files }: MarksContext): Promise<void> {
  if ((await textUnder(files, OWNER)) !== undefined) await claimFor({ store, files });
  for (const key of await marksOf(files)) await checkMark({ store, files }, key);
}

async function checkMark({ store, files }: MarksContext, key: string): Promise<void> {
  const event = await markedBy(files, key);
  if (event && !(await hasEvent(store, event))) throw unknownEvent(event);
}

async function claimFor({ store, files }: MarksContext): Promise<void> {
  const installation = await installationOf(store, AbortSignal.timeout(PATIENCE));
  if (installation !== null) await claimFiles(files, installation);
}

function unknownEvent({ stream, revision }: MarkedEvent): FilesOfAnother {
  return new FilesOfAnother(
    `The store of files belongs to a longer log than this one: event ${revision} of ${stream}, which was its last at the last upload or sweep, is not here. No file is removed. Where this is a copy of an installation that runs, give it a FILES_URL of its own; where it is that installation, put back from a backup, make it the one that decides: npm start -- media claim`,
  );
}

/**
 * Marks the store as one that the present end of this log has decided about, where this log may decide. A store that has nothing yet stays as it is, until
 * there is something to keep; what a try for readiness has put is nothing. Errors: FilesOfAnother, and then no mark is made; those of the stores.
 */
export async function markOurs(context: MarksContext): Promise<void> {
  await checkOurs(context);
  if (!(await isEmpty(context.files))) await markFiles(context);
}

async function isEmpty(files: Files): Promise<boolean> {
  for await (const { key } of files.list('')) if (key !== TRY) return false;
  return true;
}

/** Marks the store as one that the present end of this log has decided about. Errors: those of the stores, FilesOfAnother. */
export async function markFiles({ store, files }: MarksContext): Promise<void> {
  await claimFor({ store, files });
  const before = await marksOf(files);
  // The new mark first: a process that is killed between leaves both, and this log holds both.
  const key = await addMark({ store, files });
  if (key === undefined) return;
  for (const old of before) {
    if (old === key) continue;
    // An upload into another log may have been marked just now.
    await checkMark({ store, files }, old);
    await files.remove(old);
  }
}

/** Marks the present end of this log beside the marks that are there; resolves to the mark's key, undefined for an empty log. Errors: those of the stores. */
export async function addMark({ store, files }: MarksContext): Promise<string | undefined> {
  const last = await lastOf(store);
  if (!last) return undefined;
  const key = `${LOG}${last.id}`;
  if (!(await files.stat(key))) await putText(files, key, JSON.stringify(last));
  return key;
}

/** Makes this installation, and its log as it is, the one that decides about the files, whoever did before. Errors: those of the stores. */
export async function takeOverFiles(context: MarksContext): Promise<void> {
  await context.files.remove(OWNER);
  for (const key of await marksOf(context.files)) await context.files.remove(key);
  await markFiles(context);
}

/** Stores an object anew, to see whether the store takes any. Error: FilesUnavailable. */
export async function tryToPut(files: Files): Promise<void> {
  await files.remove(TRY);
  try {
    await putText(files, TRY, randomUUID());
  } catch (error) {
    // Another process was faster, and the store has taken what that put.
    if (!(error instanceof FileExists)) throw error;
  }
}

async function lastOf(store: EventStore): Promise<MarkedEvent | undefined> {
  for await (const [last] of store.readAll({ direction: 'backwards', limit: 1 })) {
    if (last) return { id: last.id, stream: last.stream, revision: last.revision };
  }
  return undefined;
}

/**
 * True where the log holds the event, or its stream shows that it did before an operator deleted or truncated that. (A stream that was deleted softly cannot
 * be told from one that never was.)
 */
async function hasEvent(store: EventStore, { id, stream, revision }: MarkedEvent): Promise<boolean> {
  try {
    for await (const [event] of store.readStream(stream, { from: revision, limit: 1, tellGone: true }))
      if (event) return event.id === id || event.revision > revision;
    // Only a read of the whole stream tells that all of it is truncated.
    for await (const _ of store.readStream(stream, { limit: 1, tellGone: true })) break;
    return false;
  } catch (error) {
    if (error instanceof StreamGone) return error.how !== 'missing';
    throw error;
  }
}

/** The ids of the events that the store is marked with. Errors: those of the store. */
export async function markedEvents(files: Files): Promise<ReadonlySet<string>> {
  return new Set((await marksOf(files)).map((key) => key.slice(LOG.length)));
}

async function marksOf(files: Files): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of files.list(LOG)) keys.push(key);
  return keys;
}

/** Undefined where another sweep has just removed the mark. */
async function markedBy(files: Files, key: string): Promise<MarkedEvent | undefined> {
  const written = await textUnder(files, key);
  if (written === undefined) return undefined;
  const event = markIn(written);
  if (event) return event;
  throw new FilesOfAnother(
    `The store of files has ${key}, which is no mark of ours, so that no file is removed. Where the store is this installation's, make its log the one that decides: npm start -- media claim`,
  );
}

/** Undefined for what is cut, or was put there by somebody else. */
function markIn(written: string): MarkedEvent | undefined {
  try {
    return markedEvent.safeParse(JSON.parse(written)).data;
  } catch {
    return undefined;
  }
}

async function textUnder(files: Files, key: string): Promise<string | undefined> {
  try {
    return await text((await files.read(key)).stream);
  } catch (error) {
    if (error instanceof FileMissing) return undefined;
    throw error;
  }
}

async function putText(files: Files, key: string, written: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'taskledger-mark-'));
  try {
    const path = join(folder, 'mark');
    await writeFile(path, written);
    await files.put(key, { path, bytes: Buffer.byteLength(written), type: 'text/plain' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
