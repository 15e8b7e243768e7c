/**
 * A process with everything between a command and the receiving sides, until it is killed:
 * `node load-process.fixture.ts <folder> <mail server> <provider> <how many> <milliseconds its clock is ahead>`.
 * Asks for so many notifications, where that was not done yet; prints a line when all of them have come to an end.
 */

import { openSmtp } from '../../notifier/mailer/smtp/smtp.ts';
import { startNotifier } from '../../notifier/notifier.ts';
import { openHttpTexter } from '../../notifier/texter/http/http.ts';
import { chanceOf } from '../../platform/event-bus/unreliable.fixture.ts';
import { ATTEMPTS, countingFinal, sendAll, twice } from './load.fixture.ts';
import { openWholeProcess } from './whole-process.fixture.ts';

const [dataDir = '', mailUrl = '', smsUrl = '', count = '', ahead = ''] = process.argv.slice(2);
const whole = await openWholeProcess(dataDir, Number(ahead));
const { now, store, commands } = whole;
await startNotifier({
  ...whole,
  attempts: ATTEMPTS,
  bus: twice(whole.bus, chanceOf(Number(ahead))),
  mailer: openSmtp({ url: mailUrl, from: 'taskledger <no-reply@example.org>' }),
  texter: openHttpTexter({ url: smsUrl, from: 'taskledger' }),
  workers: { email: 4, sms: 2 },
  again: 2_000,
});
await sendAll(commands, { from: 0, to: Number(count), now });
const final = countingFinal(store);
setInterval(() => final().then((n) => n === Number(count) && process.stdout.write('final\n')), 100);
