/**
 * A child process that is given files of strangers: whatever such a file does to what parses it, is done to the child. It has none of our variables,
 * because there are passwords among them, computes at low priority, and is killed where it takes too long or is not wanted any longer.
 *
 *     const child = startGuardedChild({ program, flags: ['--max-old-space-size=64'], niceness: 10 });
 *     const answer = await child.ask({ path }, { hear: (message: Answer) => message, within: 5_000 });
 */
import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { watchLateness } from './lateness.ts';

/** The program of a child, and its bounds. */
export interface GuardedProgram {
  /** The path of a module. */
  program: string;
  /** Flags of Node, as the bound of its heap. */
  flags: readonly string[];
  /** All of its variables; default none. */
  env?: Readonly<Record<string, string>>;
  /** Its niceness: whatever answers people goes before it. */
  niceness: number;
}

/** How a question is answered. */
export interface Hearing<Message, Outcome> {
  /** Hears each message; undefined where more are to come. */
  hear(message: Message): Outcome | undefined;
  /** Milliseconds until the next message, after which the child is killed. */
  within: number;
  /** Milliseconds by the clock for a child that the system lets compute less than `within` meanwhile; default `within`. */
  patience?: number;
  /** The child is killed when it aborts. */
  signal?: AbortSignal;
}

export interface GuardedChild {
  /** The process id; undefined where it could not be started. */
  readonly pid: number | undefined;
  /** Asks one question at a time. Errors: ChildGone, ChildLate, the signal's reason. */
  ask<Message, Outcome>(question: object, hearing: Hearing<Message, Outcome>): Promise<Outcome>;
  /** True until the first question. */
  isNew(): boolean;
  /** True once it ended, or was told to. */
  isGone(): boolean;
  /** Kills it; resolves when it is gone. */
  end(): Promise<void>;
}

/** The child ended before it answered. */
export class ChildGone extends Error {
  override readonly name = 'ChildGone';
  /** False where it could not even be started. */
  readonly started: boolean;
  constructor(how: string, started: boolean, options?: ErrorOptions) {
    super(how, options);
    this.started = started;
  }
}

/** The child took too long, and was killed. */
export class ChildLate extends Error {
  override readonly name = 'ChildLate';
  /** True where it has not computed so long: this machine is to blame, and not the question. */
  readonly starved: boolean;
  constructor(message: string, starved: boolean) {
    super(message);
    this.starved = starved;
  }
}

/** Starts a child. Error: ChildGone where the system has no room for one; most such are told by the first question. */
export function startGuardedChild(program: GuardedProgram): GuardedChild {
  const child = forked(program);
  const gone = endOf(child);
  let isGone = false;
  let isNew = true;
  void gone.then(() => {
    isGone = true;
  });
  lower(child.pid, program.niceness);

  const kill = () => {
    isGone = true;
    child.kill('SIGKILL');
  };
  return {
    pid: child.pid,
    ask: (question, hearing) => {
      isNew = false;
      return answered({ child, gone, kill }, question, hearing);
    },
    isNew: () => isNew,
    isGone: () => isGone,
    end: async () => {
      kill();
      await gone;
    },
  };
}

function forked({ program, flags, env = {} }: GuardedProgram): ChildProcess {
  try {
    return fork(program, [], {
      execArgv: [...flags, '--disable-warning=ExperimentalWarning'],
      env,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  } catch (error) {
    throw new ChildGone((error as Error).message, false, { cause: error });
  }
}

/** Its threads begin with the priority that the process has then. */
function lower(pid: number | undefined, niceness: number): void {
  try {
    if (pid !== undefined) setPriority(pid, niceness);
  } catch {
    // It is gone already, and its first question says so.
  }
}

/** Resolves to a text that says how the child ended, also where it could not be started. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, by) => resolve(by ? `it was ended by ${by}` : `it ended with code ${code}`));
    // The listener stays, because an error may come later, too, as EPIPE when a message could not be sent, and must not end this process.
    child.on('error', (error) => resolve(error.message));
  });
}

interface Running {
  child: ChildProcess;
  gone: Promise<string>;
  kill(): void;
}

function answered<Message, Outcome>({ child, gone, kill }: Running, question: object, how: Hearing<Message, Outcome>): Promise<Outcome> {
  const { within, patience = within, signal } = how;
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const killed = (why: Error) => {
    kill();
    reject(why);
  };
  const isGone = (why: string) => killed(new ChildGone(why, child.pid !== undefined));
  const late = watchLateness(child.pid, { within, patience }, (starved) =>
    killed(new ChildLate(`it took longer than ${Math.round(starved ? patience : within)} ms`, starved)),
  );
  const abort = () => killed(signal?.reason as Error);
  const hear = (message: unknown) => {
    late.again();
    const outcome = how.hear(message as Message);
    if (outcome !== undefined) resolve(outcome);
  };
  child.on('message', hear);
  signal?.addEventListener('abort', abort, { once: true });
  void gone.then(isGone);
  // How it ended says more than that it cannot be heard; one that could not be started ends by its error.
  child.once('disconnect', kill);
  if (child.connected) child.send(question, (error) => error && isGone(error.message));
  else kill();
  if (signal?.aborted) abort();
  return promise.finally(() => {
    late.stop();
    child.off('message', hear).off('disconnect', kill);
    signal?.removeEventListener('abort', abort);
  });
}
