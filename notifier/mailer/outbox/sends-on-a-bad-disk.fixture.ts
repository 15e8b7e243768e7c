/**
 * A process that sends mails into the outbox, each again until it is taken or three times, and prints the Message-ID of each that was taken:
 * `node sends-on-a-bad-disk.fixture.ts <folder>`. It ends with code 1 where the outbox cannot be opened, or nothing more can be written.
 */
import { join } from 'node:path';
import { openOutbox } from './outbox.ts';

const log = { error: (data: object, message: string) => void process.stderr.write(`${JSON.stringify({ level: 50, ...data, msg: message })}\n`) };
const { signal } = new AbortController();

async function sendAll(dataDir: string): Promise<void> {
  const outbox = openOutbox(join(dataDir, 'outbox.db'), { log, ended: () => process.exit(1) });

  async function send(messageId: string): Promise<boolean> {
    const mail = { to: { name: 'Bob', address: 'bob@example.org' }, subject: 'A lamp', text: 'text', html: '<p>text</p>', messageId };
    const taken = await outbox.send(mail, signal).then(
      () => true,
      () => false,
    );
    if (taken) process.stdout.write(`${messageId}\n`);
    return taken;
  }

  for (let n = 0; n < 8; n++) {
    for (let attempt = 0; attempt < 3; attempt++) if (await send(`${n}@example.org`)) break;
  }
  await outbox.close();
}

await sendAll(process.argv[2] ?? '').catch((error: Error) => {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exit(1);
});
