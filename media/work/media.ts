/** The work on files: the dispatcher offers files that were received, and workers compete for them. */
import { isKnown } from '../../contracts/catalog.ts';
import type { MediaEvent } from '../../contracts/media.ts';
import type { Position, RecordedEvent } from '../../contracts/message.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import type { Checkpoint } from '../../platform/followers/checkpoint-type.ts';
import type { FollowContext } from '../../platform/followers/follow.ts';
import { compete } from '../../platform/work/compete.ts';
import { type Dispatcher, type Dispatching, dispatch } from '../../platform/work/dispatch.ts';
import { type Due, dueOf } from '../../platform/work/due.ts';
import { type MediaWork, mediaWorker } from './media-work.ts';
import { MEDIA, MEDIA_DISPATCHER } from './work-rows.ts';

/** Reads undecided files, those due first, with the checkpoint of their read model: as `Dispatching.undecided`, with ids instead of streams. */
export type UndecidedMedia = (limit: number, after: Position | null) => Promise<{ items: (Due & { id: string })[]; checkpoint: Checkpoint } | null>;

export interface MediaWorkersContext extends FollowContext, Omit<MediaWork, 'worker' | 'ending' | 'log' | 'store'> {
  bus: EventBus;
  undecided: UndecidedMedia;
  /** Number of workers in this process: more than there are children for pictures, so that none of these waits for a store. */
  workers: number;
  /** Milliseconds that files at hand are given when the workers stop; default 5,000. */
  grace?: number;
  /** Milliseconds after which an offered file that is still undecided is offered again; default 60,000. */
  again?: number;
}

export interface MediaWorkers {
  dispatcher: Dispatcher;
  /** The number of files that wait for a worker, an attempt or an outcome, as far as the dispatcher keeps them. */
  waiting(): number;
  /** Stops dispatcher and workers, and waits for the files at hand; a file that takes longer than `grace` is tried again later. */
  stop(): Promise<void>;
}

/** Starts the dispatcher and this process's workers. */
export function startMediaWork(context: MediaWorkersContext): MediaWorkers {
  const { bus, log, workers, grace, now = () => new Date() } = context;
  const dispatcher = dispatch(mediaDispatching(context.undecided), { ...context, clock: () => now().getTime() });
  const handler = (worker: string, ending: AbortSignal) => mediaWorker({ ...context, worker, ending });
  const competing = compete({ bus, log, queue: MEDIA, workers, grace, handler });
  return {
    dispatcher,
    waiting: dispatcher.waiting,
    stop: async () => {
      await Promise.all([competing.stop(), dispatcher.stop()]);
    },
  };
}

/** The description of files for the dispatcher: which events make a file due or decided, and which files are undecided. */
function mediaDispatching(undecided: UndecidedMedia): Dispatching {
  return {
    ...MEDIA_DISPATCHER,
    read,
    undecided: async (limit, after) => {
      const found = await undecided(limit, after);
      const items = found?.items.map(({ id, due, within, leased }) => ({ stream: `media-${id}`, queue: MEDIA, due, within, leased }));
      return found && items ? { ...found, items } : null;
    },
  };
}

function read(recorded: RecordedEvent): ReturnType<Dispatching['read']> {
  if (!isKnown(recorded)) return undefined;
  const event = recorded as RecordedEvent & MediaEvent;
  switch (event.type) {
    case 'MediaReceived':
    case 'MediaProcessing':
    case 'MediaDeferred':
      return { ...dueOf(event), queue: MEDIA };
    case 'MediaReady':
    case 'MediaRefused':
    case 'MediaDeleted':
      return 'decided';
    default:
      return undefined;
  }
}
