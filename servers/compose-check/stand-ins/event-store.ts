/** The double of EventStoreDB on the port and in the folder of the image; asked in HTTP/1.1, it says that it lives, as the real one does. */
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { startDouble } from '../../../platform/event-store/double/double.ts';

const double = await startDouble({ folder: '/var/lib/eventstore' });
const http = createHttpServer(({ url }, response) => response.writeHead(url === '/health/live' ? 204 : 404).end()).listen(0, '127.0.0.1');
const httpPort = () => (http.address() as { port: number }).port;

createServer((socket) => {
  socket.once('error', () => socket.destroy());
  socket.once('data', (first) => {
    const other = connect(first.toString('latin1').startsWith('PRI ') ? double.port : httpPort(), '127.0.0.1');
    other.write(first);
    socket.pipe(other).pipe(socket);
    other.once('error', () => socket.destroy());
    socket.once('close', () => other.destroy());
  });
}).listen(2113, '0.0.0.0');
process.once('SIGTERM', () => void double.stop().then(() => process.exit(0)));
