/** Preloaded into a process (`--import`): its time of day, in all of its threads, is the machine's, moved by what a file says. */
import { openSync, readSync } from 'node:fs';

const file = openSync(process.env.CLOCK_FILE ?? '', 'r');
const moved = new Float64Array(1);
const bytes = new Uint8Array(moved.buffer);
const real = Date.now;

Date.now = () => {
  readSync(file, bytes, 0, bytes.length, 0);
  return real() + (moved[0] ?? 0);
};
globalThis.Date = new Proxy(Date, {
  construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [target.now()] : args, as),
  apply: (target) => new target(target.now()).toString(),
});
