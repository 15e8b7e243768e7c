/** Turns for long work: it lets everything else in the process have the event loop now and then. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that work may keep the event loop for itself. */
const TURN = 10;

/** Makes a pause to await between two pieces of work: it gives up the event loop for a turn where the work has had it for TURN ms. */
export function takingTurns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN) return;
    await nextTurn();
    since = performance.now();
  };
}
