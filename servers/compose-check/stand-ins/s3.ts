/** Answers the health check of versitygw. */
import { createServer } from 'node:http';

createServer(({ url }, response) => response.writeHead(url === '/health' ? 200 : 501).end()).listen(7070);
process.once('SIGTERM', () => process.exit(0));
