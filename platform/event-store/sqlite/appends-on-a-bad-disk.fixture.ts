/**
 * A process that opens the store, appends, closes, and prints each append that was acknowledged as `<stream> <event id>`:
 * `node appends-on-a-bad-disk.fixture.ts <folder> <characters of an event's data>`. It ends with code 1 where the store cannot be opened or ended.
 */
import { join } from 'node:path';
import { NO_STREAM } from '../../../contracts/message.ts';
import { openAppendHealth } from '../append-health.ts';
import { WrongExpectedRevision } from '../event-store.ts';
import { anEvent } from '../example-event.fixture.ts';
import { openSqliteEventStore } from './sqlite.ts';

const [, , dataDir = '', characters = '10'] = process.argv;
const log = {
  info: () => {},
  warn: () => {},
  error: (data: object, message: string) => process.stderr.write(`${JSON.stringify({ level: 50, ...data, msg: message })}\n`),
};
const RUN = `${process.pid}-${Date.now()}`;

/** Appends two groups of three streams each, the next to be tried also where one before was refused. */
async function appendAll(): Promise<void> {
  const opened = await openSqliteEventStore({ file: join(dataDir, 'events.db'), log, ended: () => process.exit(1) });
  const store = openAppendHealth({ log }).watch(opened);
  const revisions = new Map<string, number>();

  async function append(stream: string): Promise<void> {
    const revision = revisions.get(stream) ?? NO_STREAM;
    const event = anEvent('x'.repeat(Number(characters)));
    try {
      revisions.set(stream, (await store.append(stream, revision, [event], stream.startsWith('_') ? { keep: 2 } : {})).revision);
      process.stdout.write(`${stream} ${event.id}\n`);
    } catch (error) {
      // Nothing else writes to these streams: the writer would have counted what it did not record.
      if (error instanceof WrongExpectedRevision) process.stdout.write(`wrong ${error.message}\n`);
    }
  }

  for (let group = 0; group < 4; group++) await Promise.all(['task-a', 'task-b', '_kept'].map((name) => append(`${name}.${RUN}`)));
  await store.close();
}

await appendAll().catch((error: Error) => {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exit(1);
});
