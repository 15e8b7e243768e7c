/**
 * The process that looks at files, and the turns before it. It is started by the first file, and ended when none has come for a while: what parses
 * bytes of strangers may loop, grow or crash, and then it is that file which is refused.
 *
 *     const inspector = openInspector();
 *     const { type, width, height } = await inspector.inspect({ path: '/data/spool/x', extension: 'jpg' }, 2_812_331);
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Unavailable } from '../../../platform/absences/unavailable.ts';
import { mutex } from '../../../platform/concurrency/mutex.ts';
import type { InspectAnswer } from './child.ts';
import { FileRefused, type Found, type Question } from './finding.ts';

export interface Inspector {
  /** What a local file of so many bytes is. Errors: FileRefused, InspectorUnavailable. */
  inspect(question: Question, bytes: number): Promise<Found>;
  /** The id of the process; undefined where none runs. */
  pid(): number | undefined;
  close(): void;
}

/** The process cannot be started, or was ended because this one stops. */
export class InspectorUnavailable extends Unavailable {
  override readonly name = 'InspectorUnavailable';
  readonly dependency = 'the process that looks at files';
  readonly answer = 'Files cannot be looked at right now. Try again.';
}

export interface InspectorOptions {
  /** The program; tests have others. */
  program?: string;
  /** Milliseconds for a file of the usual size; larger ones have as many more as reading them takes. Default 5,000. */
  within?: number;
  /** Milliseconds without a file after which the process is ended. Default 30,000. */
  idle?: number;
}

/** Bytes that are surely read in a millisecond, also on a slow disk. */
const BYTES_IN_A_MS = 20_000;
/** The process may read files, and neither write any nor start others; its heap is bounded, and what is beside it is bounded by what it reads at once. */
const FLAGS = ['--max-old-space-size=128', '--max-semi-space-size=4', '--permission', '--allow-fs-read=*', '--disable-warning=ExperimentalWarning'];

export function openInspector(options: InspectorOptions = {}): Inspector {
  const { program = fileURLToPath(new URL('./child.ts', import.meta.url)), within = 5_000, idle = 30_000 } = options;
  const inTurn = mutex();
  let child: ChildProcess | undefined;
  let resting: NodeJS.Timeout | undefined;
  let closed = false;

  function start(): ChildProcess {
    if (closed) throw new InspectorUnavailable('it is being stopped');
    // Nothing of the environment, in which the secrets of this process are.
    const started = fork(program, { execArgv: FLAGS, env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const gone = () => {
      if (child === started) child = undefined;
    };
    // The listeners stay: an error may come later, too, and must not end this process.
    started.once('exit', gone).on('error', gone);
    return started;
  }

  function end(): void {
    clearTimeout(resting);
    child?.kill('SIGKILL');
    child = undefined;
  }

  async function inspect(question: Question, bytes: number): Promise<Found> {
    clearTimeout(resting);
    child ??= start();
    try {
      return found(await ask(child, question, within + bytes / BYTES_IN_A_MS));
    } catch (error) {
      // Whatever it was doing, the next file gets a process that has seen no other.
      if (!(error instanceof FileRefused) || error.rule === 'unreadable') end();
      throw error;
    } finally {
      resting = setTimeout(end, idle).unref();
    }
  }

  return {
    inspect: (question, bytes) => inTurn(() => inspect(question, bytes)),
    pid: () => child?.pid,
    close: () => {
      closed = true;
      end();
    },
  };
}

function found(answered: InspectAnswer): Found {
  if ('found' in answered) return answered.found;
  if ('refused' in answered) throw new FileRefused(answered.refused.rule, answered.refused.detail);
  throw unreadable();
}

function unreadable(): FileRefused {
  return new FileRefused('unreadable', 'The file cannot be looked at. Save it anew in another program, and upload that.');
}

function ask(child: ChildProcess, question: Question, within: number): Promise<InspectAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(unreadable())), within);
    const settle = (how: () => void) => {
      clearTimeout(timer);
      child.off('message', answered).off('exit', crashed).off('error', failed);
      how();
    };
    const answered = (message: unknown) => settle(() => resolve(message as InspectAnswer));
    // SIGTERM and SIGKILL from outside look the same as a crash: who stops this machine stops the upload with it.
    const crashed = () => settle(() => reject(unreadable()));
    const failed = (error: Error) => settle(() => reject(new InspectorUnavailable(error.message, { cause: error })));
    child.once('message', answered).once('exit', crashed).once('error', failed);
    child.send(question, (error) => error && failed(error));
  });
}
