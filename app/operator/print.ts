/** The output of an operator's command. */
import { outletOf } from '../../platform/outlet.ts';
import { UserError } from '../../platform/user-error.ts';

let failure: NodeJS.ErrnoException | undefined;

/** Prints a line. Where standard output cannot be written, the work goes on, and `printed` tells at its end. */
export function print(line: string): void {
  write(`${line}\n`);
}

/** Standard output as the place where progress is shown. */
export const screen = {
  get isTTY() {
    return process.stdout.isTTY;
  },
  get columns() {
    return process.stdout.columns;
  },
  write,
};

/** Writes a line on standard error, after what the log has written there. */
export function complain(line: string): void {
  outletOf(2).write(`${line}\n`);
}

/** True once a line could not be written: what is only there to be read need not be made. */
export function isUnread(): boolean {
  return failure !== undefined;
}

/** Resolves when everything that was printed is written. Error: one line where something was not. */
export async function printed(): Promise<void> {
  await new Promise<void>((resolve) => write('', () => resolve()));
  if (failure) throw new UserError(`Standard output cannot be written (${failure.code}), so what the command printed there is lost.`);
}

function write(text: string | Uint8Array, done?: (error?: Error | null) => void): void {
  // An error without a listener would end the process in the middle of its work.
  if (process.stdout.listenerCount('error', fails) === 0) process.stdout.on('error', fails);
  process.stdout.write(text, done);
}

function fails(error: NodeJS.ErrnoException): void {
  failure ??= error;
}
