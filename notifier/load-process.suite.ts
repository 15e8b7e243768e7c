/**
 * A process with everything between a command and the receiving sides, until it is killed:
 * `node load-process.suite.ts <folder> <mail server> <provider> <how many> <milliseconds its clock is ahead>`.
 * Asks for so many notifications, where that was not done yet; prints a line when all of them have come to an end.
 */
import { memoryCache } from '../projections/cache/memory.ts';
import { startProjections } from '../projections/project.ts';
import { openReadModels } from '../projections/read-models/open.ts';
import { openEventBus } from '../write-side/event-bus/open.ts';
import { chanceOf } from '../write-side/event-bus/unreliable-bus.ts';
import { openEventStore } from '../write-side/event-store/open.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { stableId } from '../write-side/stable-id.ts';
import { countingFinal, sendAll, twice } from './load.suite.ts';
import { openSmtp } from './mailer/smtp.ts';
import { startNotifier } from './notifier.ts';
import { openHttpTexter } from './texter/http.ts';

const [dataDir = '', mailUrl = '', smsUrl = '', count = '', ahead = ''] = process.argv.slice(2);
const now = () => new Date(Date.now() + Number(ahead));
const log = { info: () => {}, warn: () => {}, error: () => {} };
const store = await openEventStore('sqlite:', { dataDir, log });
const readModels = await openReadModels('sqlite:', { dataDir, log });
const bus = await openEventBus('memory:', { log });
const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
startForwarder({ store, bus, log });
await startProjections({ store, bus, log, readModels, cache: memoryCache() });
await startNotifier({
  ...{ store, log, readModels, commands, now },
  bus: twice(bus, chanceOf(Number(ahead))),
  mailer: openSmtp({ url: mailUrl, from: 'taskledger <no-reply@example.org>' }),
  texter: openHttpTexter({ url: smsUrl, from: 'taskledger' }),
  attempts: 100,
  workers: { email: 4, sms: 2 },
  again: 2_000,
  publicUrl: () => 'https://tasks.example.org',
  issueCode: async () => 'code',
});
await sendAll(commands, { from: 0, to: Number(count), now });
const final = countingFinal(store);
setInterval(() => final().then((n) => n === Number(count) && process.stdout.write('final\n')), 100);
