/** Opens what uploads need: the folder in which they arrive, the process that looks at them, the count of the room that files take. */
import { turns } from '../../platform/concurrency/stream-turns.ts';
import type { Answer } from '../../platform/http/route.ts';
import type { MediaContext } from '../context.ts';
import { openUploadMarks } from '../keep/upload-marks.ts';
import { openAtHand } from './at-hand.ts';
import type { DirectContext } from './direct/begin-route.ts';
import { openPosted } from './direct/posted.ts';
import { openUnderWay } from './direct/under-way.ts';
import { openInspector } from './inspect/inspector.ts';
import { openQuota } from './quota.ts';
import type { IntakeContext } from './receive.ts';
import { openSpool } from './spool.ts';

/** The part of the context of uploads that is opened for them. */
export type Intake = Pick<IntakeContext, 'inspector' | 'spool' | 'quota' | 'mostBytes' | 'atHand' | 'inTurn' | 'marked'> &
  Pick<DirectContext, 'underWay' | 'posted'>;

/** What it opens is closed with the part. */
export async function openIntake({ settings, readModels, store, files, add }: MediaContext): Promise<Intake> {
  const { bytesOfUser: ofUser, bytesOfAll: ofAll, mostBytes } = settings;
  const spool = add(await openSpool(settings.spool), (it) => it.close());
  const inspector = add(openInspector(), (it) => it.close());
  // Opened last: it is closed first, while what its uploads need is there.
  const atHand = add(openAtHand(), (it) => it.close());
  const direct = { underWay: openUnderWay<Answer>(), posted: openPosted({ store }) };
  return {
    spool,
    inspector,
    quota: openQuota({ readModels, posted: files.directPost && files, ofUser, ofAll }),
    mostBytes,
    atHand,
    inTurn: turns(),
    marked: openUploadMarks({ store, files, atHand }),
    ...direct,
  };
}
