/** A process that appends and prints each acknowledged revision, until it is killed: `node appender.fixture.ts <folder> <run>`. */
import { anEvent } from '../example-event.fixture.ts';
import { openEventStore } from '../open.ts';

const [, , dataDir = '', run = ''] = process.argv;
const store = await openEventStore('sqlite:', { dataDir, log: { error: () => {} } });

async function write(stream: string): Promise<void> {
  for (let revision = -1; ; revision++) {
    const event = anEvent(`${stream} ${revision + 1}`);
    await store.append(stream, revision, [event]);
    process.stdout.write(`${stream} ${event.id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, writer) => write(`task-${run}.${writer}`)));
