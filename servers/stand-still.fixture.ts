/** For tests of what hangs: a process that stands still (see stand-still.ts). */
export { standStill } from './stand-still.ts';
