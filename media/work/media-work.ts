/** The work on a file that was received: it is scanned where a scanner is set, a picture is made in its sizes, and the outcome is recorded. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { idOf } from '../../contracts/message.ts';
import { ROLES, type Role } from '../../contracts/role.ts';
import { absencesIn } from '../../platform/absences/absences.ts';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import type { Offer } from '../../platform/event-bus/event-bus.ts';
import { FileExists, type Files } from '../../platform/files/files.ts';
import { withoutServers } from '../../platform/without-servers.ts';
import { afterUncounted, backoff, nextAttempt } from '../../platform/work/backoff.ts';
import type { HeldLease } from '../../platform/work/held-lease.ts';
import { type LeasedItem, leasedWork, type TellingOf, type WorkContext } from '../../platform/work/leased-work.ts';
import { infectedDetail, type MediaState, type MediaWorkCommand } from '../../write-side/deciders/media.ts';
import { FileRefused } from '../file-refused.ts';
import { hasSizes } from '../pictures/limits.ts';
import type { MadePicture } from '../pictures/messages.ts';
import type { Pictures } from '../pictures/pictures.ts';
import { PicturesBusy } from '../pictures/refused.ts';
import type { FileScanner } from '../scan/scan.ts';
import { ATTEMPT_FOLDER, keyOfMedia, keyToLookAt } from './keys.ts';
import { MEDIA_DISPATCHER } from './work-rows.ts';

export interface MediaWork extends WorkContext {
  files: Files;
  pictures: Pick<Pictures, 'render'>;
  /** Null: none is set, and nothing is scanned. */
  scanner: FileScanner | null;
  /** The folder for what is being worked on; each attempt has a folder of its own in it, and leaves none. */
  spool: string;
  /** True: the bytes of a picture as uploaded are kept; default false. */
  keepOriginal?: boolean;
  /** True where users of a role may read every task: whether who uploaded a file may still add it is asked again at its end. */
  seesAll(role: Role): boolean;
  /** The most attempts in all that fail by the file itself; the last refuses it. Default 5. */
  attempts?: number;
  random?: () => number;
  /** Milliseconds to wait after so many failures for which the file is not to blame; default `backoff`. */
  pause?: (failures: number) => number;
}

type Telling = TellingOf<MediaWorkCommand>;
type Item = LeasedItem<MediaState, Telling, object>;

/** Milliseconds that an attempt may take: more than all sizes of a picture and a scanner that is slow. */
const LONGEST = 20 * 60_000;
/** Milliseconds to wait for a child where all are taken, and for this process to be started again. */
const UNTIL_ROOM = 2_000;
const UNTIL_STARTED = 1_000;
const UNREADABLE = 'It could not be looked at in several attempts. Save it anew in another program, and upload that.';

/** Something was deleted, refused or leased by another worker while it was worked on. */
class TakenAway extends Error {
  override readonly name = 'TakenAway';
}

/** Makes the handler of offers. `lease`: milliseconds, default 60,000. Errors: those of `leasedWork`. */
export function mediaWorker(context: MediaWork): (offer: Offer) => Promise<void> {
  const { files, pictures, scanner, spool, keepOriginal = false, worker, log, attempts = 5 } = context;
  const {
    now = () => new Date(),
    random = Math.random,
    ending = new AbortController().signal,
    lease = 60_000,
    commands,
    pause = (failures) => backoff(failures, 0.5),
  } = context;

  return leasedWork<MediaState, Telling, object>(
    { ...context, lease },
    {
      dispatcher: MEDIA_DISPATCHER.name,
      begins: ({ type }) => type === 'MediaReceived',
      // A store that is away begins no attempt: there would be an event for each look at it.
      prepare: async (stream) => (await soon(files.stat(originalOf(stream)), ending)) ?? {},
      lease: (until, waited) => ({ type: 'LeaseMedia', data: { worker, until, lease, ...(waited ? { waited } : {}), attempts } }),
      renew: (renewal) => ({ type: 'RenewMedia', data: { ...renewal, worker, lease } }),
      longest: LONGEST,
      attempt: (item, held) => worked(item, held).catch((error: unknown) => wrong(item, error)),
      fails: 'RefuseMedia',
      // Who uploaded it is told; there is nothing that an operator could have tried again.
      failure: () => undefined,
    },
  );

  async function worked(item: Item, { over }: HeldLease): Promise<Telling> {
    const { stream, state } = item;
    const attempt = state.attempts;
    const found = isLookedAt(state) ? null : await inFolder((folder) => lookedAt(item, folder, over));
    if (found !== null) return { type: 'RefuseMedia', data: { attempt, rule: 'infected', detail: infectedDetail(found) } };
    // Before the outcome: what ends between is done again, and what is recorded as ready leaves nothing behind.
    if (hasSizes(state.type) && !keepOriginal) await soon(files.remove(originalOf(stream)), over);
    return { type: 'FinishMedia', data: { ...goodOutcome(state), seeing: ROLES.filter(context.seesAll) } };
  }

  function goodOutcome({ attempts: attempt, type, scanned }: MediaState) {
    const kept = hasSizes(type) && keepOriginal ? { kept: true as const } : {};
    return { attempt, scanned: scanner !== null || scanned, ...kept };
  }

  /** True where nothing is left to do. The full size is the last. Whether it was scanned before is recorded: the attempt that made it may have had no scanner. */
  function isLookedAt({ type, sizes, scanned }: MediaState): boolean {
    const isMade = !hasSizes(type) || sizes.includes('full');
    return isMade && (scanner === null || (hasSizes(type) && scanned));
  }

  async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(spool, ATTEMPT_FOLDER));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Scans the file, and makes the sizes of a picture; the name of what a scanner found, or null. */
  async function lookedAt(item: Item, folder: string, over: AbortSignal): Promise<string | null> {
    const path = join(folder, 'original');
    const isMade = item.state.sizes.includes('full');
    const key = await soon(keyToLookAt(files, idOf(item.stream), isMade), over);
    const { stream } = await files.read(key, undefined, over);
    await pipeline(stream, createWriteStream(path), { signal: over });
    const verdict = await scanner?.scan(path, over);
    if (verdict?.found) return verdict.found;
    if (hasSizes(item.state.type) && !isMade) await render(item, { path, folder }, over);
    return null;
  }

  /** Makes the missing sizes; each is stored and told while the next is made. */
  async function render(item: Item, { path, folder }: { path: string; folder: string }, over: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const { type, sizes } = item.state;
    let keeping = Promise.resolve();
    const made = (size: MadePicture) => {
      keeping = keeping.then(() => keep(item, size, over));
      keeping.catch((error: unknown) => failed.abort(error));
    };
    try {
      await pictures.render({ path, type, folder, without: sizes }, made, AbortSignal.any([over, failed.signal]));
    } finally {
      await keeping;
    }
  }

  async function keep({ stream, state, note }: Item, { path, ...size }: MadePicture, over: AbortSignal): Promise<void> {
    const key = keyOfMedia(idOf(stream), size.size);
    await store(key, { path, bytes: size.bytes, type: size.type }, over);
    if (await note({ type: 'RenderMedia', data: { attempt: state.attempts, ...size, ...(scanner ? { scanned: true } : {}) } }, size.size)) return;
    const { status } = (await commands.load<MediaState>(stream)).state;
    // Its bytes were removed meanwhile, without these.
    if (status === 'deleted' || status === 'refused') await files.remove(key);
    throw new TakenAway(`it is ${status}, or another worker has it`);
  }

  /** Stores a made size. What an attempt before stored and did not record may differ, as where another release made it. */
  async function store(key: string, from: { path: string; bytes: number; type: string }, over: AbortSignal): Promise<void> {
    try {
      await files.put(key, from, over);
    } catch (error) {
      if (!(error instanceof FileExists)) throw error;
      over.throwIfAborted();
      await files.remove(key);
      await files.put(key, from, over);
    }
  }

  function wrong({ stream, state }: Item, error: unknown): Telling {
    const attempt = state.attempts;
    if (error instanceof FileRefused) return { type: 'RefuseMedia', data: { attempt, rule: error.rule, detail: error.message } };
    if (!isTold(error)) log.warn({ stream, attempt, err: error }, 'a file could not be worked on');
    return again(state, error) ?? { type: 'RefuseMedia', data: { attempt, rule: 'unreadable', detail: UNREADABLE } };
  }

  /** The next attempt after an error; undefined where that was the last one. */
  function again(state: MediaState, error: unknown): Telling | undefined {
    const at = { now: now(), random: random() };
    const uncounted = uncountedPause(error, state);
    const nextAttemptAt = uncounted === null ? nextAttempt(state, { attempts, ...at }) : afterUncounted(uncounted, at);
    if (!nextAttemptAt) return undefined;
    const wait = Date.parse(nextAttemptAt) - at.now.getTime();
    return {
      type: 'DeferMedia',
      data: { attempt: state.attempts, error: wordsOf(error), nextAttemptAt, wait, ...(uncounted === null ? {} : { uncounted: true }) },
    };
  }

  /** True where the log has a line for it, or needs none. */
  function isTold(error: unknown): boolean {
    return absencesIn(log).failed(error) || error instanceof PicturesBusy || error instanceof TakenAway;
  }

  /** Milliseconds to wait after an error for which the file is not to blame; null for any other error. */
  function uncountedPause(error: unknown, { uncounted }: MediaState): number | null {
    if (ending.aborted) return UNTIL_STARTED;
    if (error instanceof PicturesBusy) return UNTIL_ROOM;
    return unavailableIn(error) || isOfDisk(error) ? pause(uncounted + 1) : null;
  }
}

/** The answer of a store; rejects with the signal's reason as soon as it aborts, however long the store takes. */
async function soon<T>(answer: Promise<T>, over: AbortSignal): Promise<T> {
  const it = await orAborted(answer, over);
  over.throwIfAborted();
  return it as T;
}

function wordsOf(error: unknown): string {
  return withoutServers(error instanceof Error ? error.message : String(error)).slice(0, 1_000);
}

function originalOf(stream: string): string {
  return keyOfMedia(idOf(stream), 'original');
}

/** True where the disk of the folder for what is being worked on is full or fails, or the folder is not there or not ours. */
function isOfDisk(error: unknown): boolean {
  return OF_DISK.includes((error as NodeJS.ErrnoException).code ?? '');
}

const OF_DISK = ['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'EROFS', 'ENOENT', 'EACCES', 'EPERM'];
