/** A program of the operator's that looks at files: called with the path of one, it ends with 0 (clean), 1 (infected; it says with what) or another code. */
import { type ExecFileException, execFile } from 'node:child_process';
import { type FileScanner, ScannerAway, type ScanVerdict } from './scan.ts';

/** The program at this path; it is ended after so many milliseconds. */
export function commandScanner(program: string, patience = 120_000): FileScanner {
  return {
    scan: (path, signal) =>
      new Promise<ScanVerdict>((resolve, reject) => {
        // Nothing of the environment but where programs are: the secrets of this process are in it.
        const env = { PATH: process.env.PATH ?? '' };
        const options = { timeout: patience, killSignal: 'SIGKILL', env, signal, maxBuffer: 64 * 1024 } as const;
        execFile(program, [path], options, (error, stdout) => {
          try {
            resolve(error ? outcomeOf(program, error, stdout) : { found: null });
          } catch (away) {
            reject(away);
          }
        });
      }),
  };
}

function outcomeOf(program: string, error: ExecFileException, stdout: string): ScanVerdict {
  if (error.code === 1 && !error.killed) return { found: firstLine(stdout) };
  throw new ScannerAway(`${program} cannot say: ${error.code ?? error.signal ?? error.message}`, { cause: error });
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.trim().slice(0, 200) || 'something';
}
