/** Makes a process stand still, as a hung one does: its connections stay open, and nothing answers. */
import { readdirSync, readFileSync } from 'node:fs';

const STAND_STILL_PATIENCE = 2_000;

/** Stops a process (SIGSTOP) and waits until each of its threads has stopped: the signal alone lets them answer for a moment longer. */
export function standStill(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  const end = performance.now() + STAND_STILL_PATIENCE;
  while (!hasStopped(pid) && performance.now() < end);
}

function hasStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => /\) [TtZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  } catch {
    // Without /proc (macOS) it cannot be checked.
    return true;
  }
}
