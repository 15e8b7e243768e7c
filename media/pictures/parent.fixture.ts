/** A process that has a picture made, and tells its own parent the process id of the child. It is killed by a test. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openPictures } from './pictures.ts';

const [path = '', folder = ''] = process.argv.slice(2);
const pictures = openPictures({ children: 1 });
void pictures.render({ path, type: 'image/png', folder, without: [] }, () => {}, new AbortController().signal);
while (pictures.pids().length === 0) await nextTurn();
process.send?.(pictures.pids()[0]);
