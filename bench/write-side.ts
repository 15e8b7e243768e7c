/** The write side alone as a process: HTTP, access tokens, validation, load, decide, append; no follower; with `sealed` as its second word behind the edge that seals. Prints its address and an access token. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { openSealing } from '../app/sealing.ts';
import { openIdentity } from '../gateway/identity/identity.ts';
import { loadKeys } from '../gateway/identity/keys.ts';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { createApp } from '../platform/http/app.ts';
import { openLimits } from '../platform/http/limits/limits.ts';
import { routesWith } from '../platform/http/route.ts';
import { sealedStore } from '../platform/sealing/sealed-store.ts';
import { commandRoutes } from '../write-side/command-routes.ts';
import { commandHandler } from '../write-side/handle-command.ts';

const dataDir = process.argv[2] ?? '';
const log = pino({ level: 'info' }, pino.destination('/dev/null'));
const plain = await openEventStore('sqlite:', { dataDir, log });
const secrets = await openSecrets('sqlite:', { dataDir, log });
const sealing = process.argv[3] === 'sealed' ? await openSealing({ store: plain, secrets, signal: new AbortController().signal }) : null;
const store = sealing ? sealedStore(plain, sealing) : plain;
const keys = await loadKeys(secrets, {});
const commands = commandHandler({ store, hmac: keys.hmac, log });
const limits = await openLimits('memory:', { hmac: keys.hmac });
const identity = await openIdentity({ secrets, keys, commands, store, config: { taskVisibility: 'team' }, limits, log });
await identity.ensureAdmin('admin@example.org', 'admin-password');
const app = createApp({
  routes: [...identity.routes, ...routesWith({ commands, hmac: keys.hmac }, commandRoutes)],
  accessTokens: identity.accessTokens,
  callerOf: identity.callerOf,
  origins: [],
  trustProxy: false,
  log,
});
const server = createServer(app.callback());
server.listen(0, '127.0.0.1', () => process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
