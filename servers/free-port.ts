/** Ports for servers that must keep their port over a restart. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below 32768: from there on the system gives ports to outgoing connections, and a client that tries again and again
// to reach a stopped server could be given that server's own port (and would then talk to itself).
const FIRST = 20_000;
const LAST = 32_768;
const given = new Set<number>();

/** A port on the loopback on which nobody listens. Error: none found in 100 draws. */
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
