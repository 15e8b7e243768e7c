/**
 * Files that were ready before a scanner was set: they are held back while there is one, and are scanned here, one after the other, in the one process
 * whose remover is active.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ProblemError } from '../../contracts/problem.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { keepTrying } from '../../platform/concurrency/keep-trying.ts';
import { FileMissing } from '../../platform/files/files.ts';
import { stableId } from '../../platform/stable-id.ts';
import { type MediaDocument, mediaFiles } from '../../projections/projectors/media.ts';
import { isReady, type MediaState } from '../../write-side/deciders/media.ts';
import type { MediaContext } from '../context.ts';
import { ATTEMPT_FOLDER, keyToLookAt } from '../work/keys.ts';
import type { FileScanner } from './scan.ts';

export interface ScanReadyContext extends Pick<MediaContext, 'files' | 'commands' | 'readModels' | 'log' | 'add'> {
  scanner: FileScanner;
  /** The folder for files on their way. */
  spool: string;
  /** True in the one process that scans them. */
  active(): boolean;
}

/** Milliseconds until the first look, and between two: a look that finds nothing is one question. */
const FIRST = 1_000;
const BETWEEN = 60_000;
/** Milliseconds that one file may take. */
const LONGEST = 20 * 60_000;
const PAGE = 100;
const SCANNER = { id: 'system', role: 'system', seesAll: true } as const;

/** Starts it. `first`, `between`: milliseconds; tests have shorter ones. */
export function startScanningReady(context: ScanReadyContext, { first = FIRST, between = BETWEEN } = {}): void {
  const { log, active, add } = context;
  const stopping = new AbortController();
  const { signal } = stopping;
  /** What could not be scanned since the last look that went to the end: it waits for the next one, so that one such file holds up no other. */
  const failed = new Set<string>();
  const suspects = new Set<string>();
  const scanning = keepTrying({ name: 'scan of files that were ready', log, signal, backoff: 1_000 }, async (well) => {
    await pause(first, undefined, { signal, ref: false });
    for (;;) {
      // A store that does not answer holds up no stop.
      if (active()) await orAborted(scanAll({ ...context, signal, failed, suspects }), signal);
      failed.clear();
      well();
      await pause(between, undefined, { signal, ref: false });
    }
  });
  add(scanning, async (it) => {
    stopping.abort();
    await it;
  });
}

interface Scanning extends ScanReadyContext {
  signal: AbortSignal;
  failed: Set<string>;
  /** In which something was found: they stay held back, and are not looked at again by this process. */
  suspects: Set<string>;
}

/** Scans those that are known by now, the oldest first. Errors: those of the ports and of the scanner, and then the file is among those that failed. */
async function scanAll(context: Scanning): Promise<void> {
  const { failed, suspects, signal } = context;
  for await (const id of unscanned(context)) {
    signal.throwIfAborted();
    if (failed.has(id) || suspects.has(id)) continue;
    // Where it goes well it is never found again.
    failed.add(id);
    await scanOne(context, id);
    failed.delete(id);
  }
}

async function* unscanned({ readModels }: Scanning): AsyncGenerator<string> {
  const { model } = mediaFiles;
  const state = await readModels.state(model);
  if (state?.version !== model.version) return;
  let last: { values: string[]; id: string } | undefined;
  do {
    const page = await readModels.find(model, state.generation, {
      where: [{ field: 'unscanned', op: 'gt', value: '' }],
      sort: [{ field: 'unscanned', descending: false }],
      limit: PAGE,
      ...(last ? { after: last } : {}),
    });
    yield* page.map(({ id }) => id);
    const end = page.length === PAGE ? page.at(-1) : undefined;
    last = end && { values: [(end.document as MediaDocument).unscanned ?? ''], id: end.id };
  } while (last);
}

async function scanOne(context: Scanning, id: string): Promise<void> {
  const { commands } = context;
  const { state, revision, missing } = await commands.load<MediaState>(`media-${id}`);
  if (missing !== undefined || state.scanned || !isReady(state)) return;
  const verdict = await verdictOn(context, id, state);
  if (!verdict) return;
  if (verdict.found !== null) return holdBack(context, id, verdict.found);
  const commandId = stableId(id, `scan ${revision}`);
  const command = { type: 'ScanMedia', stream: `media-${id}`, id, data: verdict, commandId, actor: SCANNER, now: new Date().toISOString() };
  try {
    await commands.handle(command, { correlationId: commandId });
  } catch (error) {
    // It was deleted meanwhile.
    if (!(error instanceof ProblemError) || error.status >= 500) throw error;
  }
}

/**
 * Files that people have had are not destroyed because a scanner objects, as one does to all of them where it is broken or its signatures are wrong: they
 * are given to nobody, and whoever runs this decides.
 */
function holdBack({ suspects, log }: Scanning, id: string, found: string): void {
  suspects.add(id);
  log.error(
    { media: id, found },
    'a file that was ready is held back, as the scanner found something in it: delete it, or mend the scanner and start again',
  );
}

/** What the scanner says of a file; undefined where its bytes are not there, which `media verify` tells. */
async function verdictOn(
  { files, scanner, spool, signal }: Scanning,
  id: string,
  { sizes }: MediaState,
): Promise<{ found: string | null } | undefined> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
  const folder = await mkdtemp(join(spool, ATTEMPT_FOLDER));
  try {
    const path = join(folder, 'original');
    const { stream } = await files.read(await keyToLookAt(files, id, sizes.includes('full')), undefined, over);
    await pipeline(stream, createWriteStream(path), { signal: over });
    const { found } = await scanner.scan(path, over);
    return { found };
  } catch (error) {
    if (error instanceof FileMissing) return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
