/**
 * A process of one delivery worker, until it is killed:
 * `node load-worker.fixture.ts <email or sms> <event store> <bus> <mail server or provider> <lease in milliseconds>`.
 */

import { QUEUES } from '../../app/queues.ts';
import { startDeliveries } from '../../notifier/deliveries.ts';
import { openSmtp } from '../../notifier/mailer/smtp/smtp.ts';
import { openHttpTexter } from '../../notifier/texter/http/http.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { stableId } from '../../platform/stable-id.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { ATTEMPTS } from './load.fixture.ts';

// With the test that started it, whatever ended that.
process.once('disconnect', () => process.exit());
const [channel = '', storeUrl = '', busUrl = '', url = '', lease = ''] = process.argv.slice(2);
const log = { info: () => {}, warn: () => {}, error: () => {} };
const signal = new AbortController().signal;
const store = await openEventStore(storeUrl, { dataDir: '', log, signal });
const bus = await openEventBus(busUrl, { queues: QUEUES, log, signal });
const sender =
  channel === 'email'
    ? { mailer: openSmtp({ url, from: 'taskledger <no-reply@example.org>' }) }
    : { texter: openHttpTexter({ url, from: 'taskledger' }) };
startDeliveries({
  ...{ store, bus, log, ...sender },
  commands: commandHandler({ store, hmac: (text) => stableId(text), log }),
  attempts: ATTEMPTS,
  lease: Number(lease),
  workers: { email: 1, sms: 1 },
  publicUrl: () => 'https://tasks.example.org',
  site: 'The House',
  issueCode: async () => 'code',
  seesAll: () => true,
});
