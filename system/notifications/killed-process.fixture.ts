/**
 * A process with everything between a command and a mail server, until it is killed:
 * `node killed-process.fixture.ts <folder> <mail server> <number of tasks> <milliseconds its clock is ahead>`.
 * Registers one user and makes the tasks, where they are not there yet; prints a line when all their notifications are decided.
 */

import { openSmtp } from '../../notifier/mailer/smtp/smtp.ts';
import { startNotifier } from '../../notifier/notifier.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { NotificationState } from '../../write-side/deciders/notification.ts';
import { openWholeProcess } from './whole-process.fixture.ts';

const [dataDir = '', url = '', count = '', ahead = ''] = process.argv.slice(2);
const whole = await openWholeProcess(dataDir, Number(ahead));
const { now, store, commands } = whole;
const mailer = openSmtp({ url, from: 'taskledger <no-reply@example.org>' });
await startNotifier({ ...whole, mailer, workers: { email: 3 }, again: 100, random: () => 0 });

const userId = stableId('user');
await tell('RegisterUser', `user-${userId}`, { name: 'Alice Moreau', email: 'alice@example.org' });
await Promise.all(
  Array.from({ length: Number(count) }, (_, n) => tell('CreateTask', `task-${stableId('task', String(n))}`, { title: `Task ${n}`, userId })),
);
setInterval(() => allDecided().then((it) => it && process.stdout.write('decided\n')), 50);

async function tell(type: string, stream: string, data: unknown): Promise<void> {
  const commandId = stableId(type, stream);
  const id = stream.slice(stream.indexOf('-') + 1);
  const actor = { id: userId, role: 'member', seesAll: true } as const;
  await commands.handle({ type, stream, id, data, commandId, actor, now: now().toISOString() }, { correlationId: commandId });
}

/** True where as many notifications by mail are there as were asked for, each of them sent or failed. */
async function allDecided(): Promise<boolean> {
  const streams = new Set<string>();
  for await (const page of store.readAll()) for (const { stream } of page) if (stream.startsWith('notification-')) streams.add(stream);
  const all = await Promise.all([...streams].map((stream) => commands.load<NotificationState>(stream)));
  const states = all.filter(({ state }) => state.channel === 'email');
  return states.length === Number(count) + 1 && states.every(({ state }) => ['sent', 'failed'].includes(state.status));
}
