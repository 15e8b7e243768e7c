/** The bare server of uploads: Koa writes the body of each request to a file, and removes it. Prints its port. `node bare-upload.ts <file>` */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import Koa from 'koa';

const [file = ''] = process.argv.slice(2);
const app = new Koa();
let count = 0;
app.use(async (ctx) => {
  const path = `${file}.${count++}`;
  await pipeline(ctx.req, createWriteStream(path));
  await rm(path);
  ctx.body = { id: 'one' };
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
