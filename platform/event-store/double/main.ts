/** `node platform/event-store/double/main.ts --folder /tmp/x [--port 2113]` runs the double until it is ended, and prints its URL. */
import { parseArgs } from 'node:util';
import { startDouble } from './double.ts';

const { values } = parseArgs({ options: { folder: { type: 'string' }, port: { type: 'string', default: '0' } } });
if (!values.folder) {
  process.stderr.write('--folder: where the double of EventStoreDB keeps its log\n');
  process.exit(1);
}
const double = await startDouble({ folder: values.folder, port: Number(values.port) });
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    double.stop().then(() => process.exit(0));
  });
}
process.stdout.write(`${double.url}\n`);
