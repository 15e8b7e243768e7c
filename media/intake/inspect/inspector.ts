/**
 * The process that looks at files, and the turns before it. It is started by the first file, and ended when none has come for a while: what parses
 * bytes of strangers may loop, grow or crash, and then it is that file which is refused.
 *
 *     const inspector = openInspector();
 *     const { type, width, height } = await inspector.inspect({ path: '/data/spool/x', extension: 'jpg' }, 2_812_331);
 */
import { fileURLToPath } from 'node:url';
import { Unavailable } from '../../../platform/absences/unavailable.ts';
import { ChildPoolClosed, openChildPool } from '../../children/child-pool.ts';
import { ChildGone, ChildLate, type GuardedChild, startGuardedChild } from '../../children/guarded-child.ts';
import { FileRefused } from '../../file-refused.ts';
import type { InspectAnswer } from './child.ts';
import type { Found, Question } from './finding.ts';

export interface Inspector {
  /** What a local file of so many bytes is. Errors: FileRefused, InspectorUnavailable, the signal's reason. */
  inspect(question: Question, bytes: number, signal?: AbortSignal): Promise<Found>;
  /** The id of the process; undefined where none runs. */
  pid(): number | undefined;
  /** Ends it; what it looks at fails. */
  close(): Promise<void>;
}

/** The process cannot be started, gets no processor, or was ended because this one stops. */
export class InspectorUnavailable extends Unavailable {
  override readonly name = 'InspectorUnavailable';
  readonly dependency = 'the process that looks at files';
  readonly answer = 'Files cannot be looked at right now. Try again.';
}

export interface InspectorOptions {
  /** The program; tests have others. */
  program?: string;
  /** Milliseconds of computing for a file of the usual size; larger ones have as many more as reading them takes. Default 5,000. */
  within?: number;
  /** How many times as long it has by the clock; default TIMES_BY_CLOCK. */
  timesByClock?: number;
  /** Milliseconds without a file after which the process is ended. Default 30,000. */
  idle?: number;
}

/** Bytes that are surely read in a millisecond, also on a slow disk. */
const BYTES_IN_A_MS = 20_000;
/** By the clock it has so many times as long: it is among the last to get a busy machine's processors, and a good file must not be refused for that. */
const TIMES_BY_CLOCK = 10;
/** The process may read files, and neither write any nor start others; its heap is bounded, and what is beside it is bounded by what it reads at once. */
const FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=4', '--permission', '--allow-fs-read=*'];

/** Behind whatever answers people, and before what makes pictures: somebody waits for the end of an upload. */
const NICENESS = 5;

export function openInspector(options: InspectorOptions = {}): Inspector {
  const { program = fileURLToPath(new URL('./child.ts', import.meta.url)), within = 5_000, timesByClock = TIMES_BY_CLOCK, idle = 30_000 } = options;
  const start = () => startGuardedChild({ program, flags: FLAGS, niceness: NICENESS });
  const pool = openChildPool({ start, children: 1, mostWaiting: Number.POSITIVE_INFINITY, idle });

  async function asked(child: GuardedChild, question: Question, how: { within: number; patience: number; signal: AbortSignal }): Promise<Found> {
    const answer = await child.ask(question, { ...how, hear: (message: InspectAnswer) => message });
    if ('found' in answer) return answer.found;
    if ('refused' in answer) throw new FileRefused(answer.refused.rule, answer.refused.detail);
    // Whatever it was doing, the next file gets a process that has seen no other.
    void child.end();
    throw unreadable();
  }

  return {
    inspect: (question, bytes, ending) => {
      const own = within + bytes / BYTES_IN_A_MS;
      const bounds = { within: own, patience: timesByClock * own };
      return pool
        .use((child, signal) => asked(child, question, { ...bounds, signal }), { twice: true, ...(ending ? { signal: ending } : {}) })
        .catch((error: unknown) => {
          throw refusalOf(error);
        });
    },
    pid: () => pool.pids()[0],
    close: pool.close,
  };
}

/** The error to who uploads. SIGTERM and SIGKILL from outside look the same as a crash. */
function refusalOf(error: unknown): unknown {
  if (error instanceof ChildPoolClosed) return new InspectorUnavailable('it is being stopped', { cause: error });
  if (error instanceof ChildLate && error.starved) return new InspectorUnavailable(error.message, { cause: error });
  if (error instanceof ChildGone && !error.started) return new InspectorUnavailable(error.message, { cause: error });
  return error instanceof ChildGone || error instanceof ChildLate ? unreadable() : error;
}

function unreadable(): FileRefused {
  return new FileRefused('unreadable', 'The file cannot be looked at. Save it anew in another program, and upload that.');
}
