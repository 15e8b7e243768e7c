/**
 * Live updates: from a command to a socket, against its hops one by one; fan-out and idle sockets, against a Socket.IO that does nothing else.
 * `node bench/live.ts` prints the lines.
 */
import { pathToFileURL } from 'node:url';
import { commandToSocket } from './live-latency.ts';
import { type LiveServer, startServer, startSockets } from './live-process.ts';
import { bestOf, line, type Row } from './measure.ts';

/** The fan-out's sockets, the events that each of them hears in a round, and the milliseconds between two events. */
const FAN_OUT = { sockets: 1_000, events: 60, every: 50 };
const IDLE_SOCKETS = 2_000;
const ROUNDS = 3;

/** The rows of command to socket at 30 % load, the CPU of a delivery, and the memory of an idle socket. */
export async function benchLive(): Promise<Row[]> {
  return [...(await commandToSocket()), await fanOut(), await idleSockets()];
}

const figures = (server: LiveServer) => server.ask({ events: 0, every: 0 });

async function fanOut(): Promise<Row> {
  const { sockets, events, every } = FAN_OUT;
  const sides = await Promise.all(
    (['ours', 'bare'] as const).map(async (kind) => {
      const server = await startServer(kind);
      const clients = await startSockets(server.port, sockets);
      let total = 0;
      async function round(): Promise<number> {
        const before = await figures(server);
        await server.ask({ events, every });
        total += events * sockets;
        await clients.heard(total);
        return (((await figures(server)).cpu - before.cpu) / (events * sockets)) * 1_000;
      }
      const stop = () => {
        clients.stop();
        server.stop();
      };
      return { round, stop };
    }),
  );
  const [ours, bare] = sides;
  if (!ours || !bare) throw new Error('two sides');
  try {
    const what = `CPU of 1,000 deliveries, ${sockets} sockets`;
    return await bestOf({ what, unit: 'ms', target: 1.1, rounds: ROUNDS, best: 'lowest', ours: ours.round, bare: bare.round });
  } finally {
    for (const side of sides) side.stop();
  }
}

async function idleSockets(): Promise<Row> {
  const measure = (kind: 'ours' | 'bare') => async () => {
    const server = await startServer(kind);
    const before = await figures(server);
    const clients = await startSockets(server.port, IDLE_SOCKETS);
    // Garbage of connecting is collected, more than once.
    await figures(server);
    const after = await figures(server);
    clients.stop();
    server.stop();
    return ((after.rss - before.rss) / IDLE_SOCKETS / 1024 / 1024) * 1_000;
  };
  const what = 'memory of 1,000 idle sockets';
  return bestOf({ what, unit: 'MB', target: 1.15, rounds: ROUNDS, best: 'lowest', ours: measure('ours'), bare: measure('bare') });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const row of await benchLive()) process.stdout.write(`${line(row)}\n`);
