/** The bare server of comparisons: Koa and its router say hello to a POST; with `--stores`, also Socket.IO and an SQLite file. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import Koa from 'koa';

const app = new Koa();
const router = new Router();
router.post('/api/tasks', (ctx) => {
  ctx.body = { hello: 'world' };
});
app.use(router.routes());
const server = createServer(app.callback());
if (process.argv.includes('--stores')) {
  const { Server } = await import('socket.io');
  const { DatabaseSync } = await import('node:sqlite');
  new Server(server);
  const db = new DatabaseSync(process.argv.at(-1) ?? '');
  db.exec('PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, data TEXT)');
}
server.listen(0, '127.0.0.1', () => process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
