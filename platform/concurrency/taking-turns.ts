/** Long work in this process takes turns with everything else. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds that work may keep the event loop for itself. */
const TURN = 10;

/** Makes a pause to await between two pieces of work: it lets others have their turn when this one has lasted long enough. */
export function takingTurns(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < TURN) return;
    await nextTurn();
    since = performance.now();
  };
}
