/** A server for tests that need no real one: remembers in a file how often it was started, tells it to whoever connects, and has a child. */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [, , port = '0'] = process.argv;
appendFileSync('starts', '.');
if (process.env.FAIL) throw new Error(process.env.FAIL);
const child = spawn('sleep', ['600'], { stdio: 'ignore' });
process.on('SIGTERM', () => {
  appendFileSync('starts', 'T');
  child.kill();
  process.exit(0);
});
createServer((socket) => socket.end(`${readFileSync('starts', 'utf8')} ${child.pid}`)).listen(Number(port), '127.0.0.1');
