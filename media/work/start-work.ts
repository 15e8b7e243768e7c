/** Starts the work on files in the part `media`: the dispatcher, the workers, and the makers of pictures, whose children start with the first picture. */
import { availableParallelism } from 'node:os';
import type { Dispatcher } from '../../platform/work/dispatch.ts';
import { mediaFiles } from '../../projections/projectors/media.ts';
import { undecidedIn } from '../../projections/undecided.ts';
import type { MediaContext } from '../context.ts';
import { openPictures } from '../pictures/pictures.ts';
import { openScanner } from '../scan/scan.ts';
import { startMediaWork } from './media.ts';

/** Workers for each child of pictures: one fetches and stores while the other's picture is made. */
const WORKERS_PER_CHILD = 2;
/** Milliseconds that files at hand have at a stop. Little: a picture goes on from its last size, and mails that are on their way need the rest of the ten seconds. */
const GRACE = 2_000;

/** `spool`: the folder of this process for files on their way. */
export function startWork({ settings, add, metrics, readModels, ...ports }: MediaContext, spool: string): Dispatcher {
  const pictures = add(openPictures(), (it) => it.close());
  const options = { ...ports, pictures, scanner: openScanner(settings.scan) ?? null, spool, keepOriginal: settings.keepOriginal };
  const workers = WORKERS_PER_CHILD * availableParallelism();
  const work = add(startMediaWork({ ...options, undecided: undecidedIn(readModels, mediaFiles), workers, grace: GRACE }), (it) => it.stop());
  metrics.gauge('media_waiting', 'Files not yet looked at to the end.', () => ({ all: work.waiting() }));
  metrics.gauge('pictures_waiting', 'Pictures that are being made or wait for a process.', () => ({ all: pictures.waiting() }));
  metrics.gauge('pictures_done', 'Pictures made, and refused or failed, since the start.', () => {
    const { made, failed } = pictures.done();
    return { made, failed };
  });
  metrics.gauge('picture_seconds', 'Seconds that all pictures took together since the start.', () => ({ all: pictures.done().seconds }));
  return work.dispatcher;
}
