/**
 * A process that writes a read model and prints each position that was written: `node writes-on-a-bad-disk.fixture.ts <folder>`. It ends with code 1
 * where the file cannot be opened, or nothing more can be written.
 */
import { openReadModels } from '../open.ts';
import { type ModelSpec, ReadModelsUnavailable } from '../read-models.ts';

const say = (level: number) => (data: object, message: string) => void process.stderr.write(`${JSON.stringify({ level, ...data, msg: message })}\n`);
const log = { error: say(50), warn: say(40) };

const MODEL: ModelSpec = { name: 'visits', version: 1, fields: { host: 'text' }, indexes: [['host']] };
const positionOf = (n: number) => String(n).padStart(16, '0');

async function writeAll(dataDir: string): Promise<void> {
  const readModels = await openReadModels('sqlite:', { dataDir, log, ended: () => process.exit(1) });

  /** Tries three times, as a projection would for ever. */
  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ReadModelsUnavailable)) process.stdout.write(`wrong: ${(error as Error).stack}\n`);
        if (attempt === 3) throw error;
      }
    }
  }

  const generation = await patiently(() => readModels.begin(MODEL));
  for (let n = 1; n <= 8; n++) {
    const position = positionOf(n);
    const document = { host: 'x'.repeat(100 * n) };
    await patiently(() => readModels.write(MODEL, generation, [{ id: `visit-${n}`, position, document }], { position, eventId: `event-${n}` }));
    if (n === 1) await patiently(() => readModels.update(MODEL, { generation }));
    process.stdout.write(`${position}\n`);
  }
  await readModels.close();
}

await writeAll(process.argv[2] ?? '').catch((error: Error) => {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exit(1);
});
