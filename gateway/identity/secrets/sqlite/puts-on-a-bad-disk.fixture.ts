/**
 * A process that puts secrets and prints each that was acknowledged, as `<key> <version>`: `node puts-on-a-bad-disk.fixture.ts <folder>`. It ends with
 * code 1 where the file cannot be opened, or nothing more can be written.
 */
import { openSecrets } from '../open.ts';
import { SecretsUnavailable } from '../secrets.ts';

const say = (level: number) => (data: object, message: string) => void process.stderr.write(`${JSON.stringify({ level, ...data, msg: message })}\n`);
const log = { error: say(50), warn: say(40) };

async function putAll(dataDir: string): Promise<void> {
  const secrets = await openSecrets('sqlite:', { dataDir, log, ended: () => process.exit(1) });
  let version = 0;

  async function put(key: string, at: number): Promise<boolean> {
    try {
      const written = await secrets.put('sessions', { key, value: { at: at + 1 }, owner: 'me' }, at);
      process.stdout.write(written ? `${key} ${at + 1}\n` : `wrong: ${key} is not at ${at}\n`);
      return written;
    } catch (error) {
      if (!(error instanceof SecretsUnavailable)) process.stdout.write(`wrong: ${(error as Error).stack}\n`);
      return false;
    }
  }

  for (let n = 0; n < 6; n++) {
    await put(`key-${n}`, 0);
    if (await put('one', version)) version++;
  }
  await secrets.close();
}

await putAll(process.argv[2] ?? '').catch((error: Error) => {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exit(1);
});
