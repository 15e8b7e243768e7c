/** Opens what uploads need: the folder in which they arrive, the process that looks at them, the count of the room that files take. */
import type { MediaContext } from '../context.ts';
import type { DirectContext } from './direct/begin-route.ts';
import { openUnderWay } from './direct/under-way.ts';
import { openInspector } from './inspect/inspector.ts';
import { openQuota } from './quota.ts';
import type { IntakeContext } from './receive.ts';
import { openSpool } from './spool.ts';

/** The part of the context of uploads that is opened for them. */
export type Intake = Pick<IntakeContext, 'inspector' | 'spool' | 'quota' | 'mostBytes'> & Pick<DirectContext, 'underWay'>;

/** What it opens is closed with the part. */
export async function openIntake({ settings, readModels, add }: MediaContext): Promise<Intake> {
  const { bytesOfUser: ofUser, bytesOfAll: ofAll, mostBytes } = settings;
  const spool = add(await openSpool(settings.spool), (it) => it.close());
  const inspector = add(openInspector(), (it) => it.close());
  return { spool, inspector, quota: openQuota({ readModels, ofUser, ofAll }), mostBytes, underWay: openUnderWay() };
}
