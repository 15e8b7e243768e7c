/** The composition root: what the command line asks for. */
import { ConfigError, readConfig } from './config.ts';
import { StoreDamaged, StoreUnavailable } from './write-side/event-store/event-store.ts';
import { FolderError } from './write-side/event-store/lock.ts';

const USAGE = `usage: npm start                        the whole system in one process
       npm start -- replay [projection…]  make read models anew from history`;

async function run([command, ...rest]: string[]): Promise<void> {
  if (command === 'help' || command === '--help' || command === '-h') {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const config = readConfig(process.env);
  if (command === undefined) {
    const { startAll } = await import('./start.ts');
    return stopOnSignals(await startAll(config));
  }
  if (command === 'replay') {
    const { replay } = await import('./replay.ts');
    return replay(config, rest);
  }
  throw new ConfigError(`there is no command ${command}\n${USAGE}`);
}

/** Stops once at SIGTERM, SIGINT or the end of the npm that started us; a second signal ends the process at once. */
function stopOnSignals({ stop }: { stop(): Promise<void> }): void {
  let stopping = false;
  const end = () => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), 10_000).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (process.env.npm_lifecycle_event !== 'start') return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && !stopping && end(), 500).unref();
}

/** One clear line where somebody else can mend it; everything where it is a fault of ours. */
function fail(error: unknown): never {
  const expected = [ConfigError, FolderError, StoreDamaged, StoreUnavailable].some((kind) => error instanceof kind) || isListenError(error);
  process.stderr.write(`taskledger: ${expected ? (error as Error).message : ((error as Error)?.stack ?? String(error))}\n`);
  process.exit(1);
}

function isListenError(error: unknown): boolean {
  return (error as { syscall?: string })?.syscall === 'listen' || (error as { name?: string })?.name === 'UserError';
}

process.on('unhandledRejection', (error) => fail(error));
try {
  if (process.env.NODE_ENV !== 'test') process.loadEnvFile('.env');
} catch (error) {
  if ((error as { code?: string }).code !== 'ENOENT') fail(error);
}
run(process.argv.slice(2)).catch(fail);
