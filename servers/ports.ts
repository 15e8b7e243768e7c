/** Ports for servers that must keep theirs over a restart. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below 32768: from there on the system gives ports to outgoing connections, and one of a client that tries again and again
// to reach a stopped server could get that server's own port (and then talks to itself).
const FIRST = 20_000;
const LAST = 32_768;
const given = new Set<number>();

/** A port on the loopback that nobody listens on. Error: none found in 100 draws. */
export async function freePort(): Promise<number> {
  for (let draw = 0; draw < 100; draw++) {
    const port = randomInt(FIRST, LAST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error('no free port found on 127.0.0.1');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
