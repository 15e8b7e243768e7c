/** The browsers of bench/live.ts, all in one process: `node bench/live-clients.ts <port> <sockets>`. Tells its parent the number of changes heard. */
import { io } from 'socket.io-client';

const [port, sockets] = process.argv.slice(2).map(Number);
/** Connections that are being made at once. */
const AT_ONCE = 50;

let heard = 0;
let told = 0;

async function connect(): Promise<void> {
  const socket = io(`http://127.0.0.1:${port}`, { auth: { token: 'bench' }, forceNew: true, transports: ['websocket'] });
  socket.on('change', () => heard++);
  await socket.emitWithAck('subscribe', { topics: ['tasks'] });
}

for (let made = 0; made < (sockets ?? 0); made += AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, (sockets ?? 0) - made) }, connect));
process.send?.(0);
setInterval(() => {
  if (heard !== told) process.send?.(heard);
  told = heard;
}, 20);
process.on('disconnect', () => process.exit(0));
