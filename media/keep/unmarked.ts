/**
 * Uploads that were recorded and never marked: a process that is killed between the two leaves one, and a copy of an older backup, which does not know it,
 * would remove its bytes.
 */
import type { MediaEvent } from '../../contracts/media.ts';
import { checkOurs, type MarksContext, markedEvents, markOurs } from './marks.ts';

const RECEIVED: MediaEvent['type'] = 'MediaReceived';
/** Events at the end of the log that are looked through for one: each sweep marks that end, once an hour. */
const MOST = 100_000;

/**
 * Marks the end of this log where an upload stands behind all marks. Where none does the marks stay: an installation that only starts, as a copy that is
 * tried, has received nothing that they must tell of. Errors: FilesOfAnother, and then no mark is made; those of the stores.
 */
export async function markUnmarked(context: MarksContext): Promise<void> {
  await checkOurs(context);
  if (await hasUnmarked(context)) await markOurs(context);
}

async function hasUnmarked({ store, files }: MarksContext): Promise<boolean> {
  // Of a store without files nobody can lose one, and its log is not read for that.
  if (!(await holdsFiles(files))) return false;
  const marked = await markedEvents(files);
  for await (const page of store.readAll({ direction: 'backwards', limit: MOST })) {
    const end = page.find(({ id, type }) => type === RECEIVED || marked.has(id));
    if (end) return !marked.has(end.id);
  }
  return false;
}

async function holdsFiles(files: MarksContext['files']): Promise<boolean> {
  for await (const _ of files.list('media/')) return true;
  return false;
}
