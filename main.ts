/** The composition root: runs the command of the command line. */
import type { Logger } from 'pino';
import { CHECKOUT } from './app/checkout-folder.ts';
import { type Config, ConfigError, readConfig } from './app/config.ts';
import { loadEnvFile } from './app/env-file.ts';
import { isExpected } from './app/expected-errors.ts';
import { complain, print, printed } from './app/operator/print.ts';
import { ALL_PARTS, isPart, type Part, problemsAlone } from './app/parts.ts';
import type { StartOptions } from './app/start.ts';
import { checkWorkers, type DeliveredChannel, isChannel, readWorkers, superviseWorkers } from './app/worker-processes.ts';

const USAGE = `usage: npm start                        the whole system in one process
       npm start -- <part>                a part as a process of its own, on shared servers: ${ALL_PARTS.join(', ')}
       npm start -- notifier --workers email=2,sms=1
                                          the same, with delivery workers in processes of their own
       npm start -- replay [projection…]  make read models anew from history
       npm start -- dead-letters          what failed for good: list, show, retry, discard
       npm start -- migrate               move what DATA_DIR holds to the servers of EVENT_STORE_URL and SECRETS_URL
       npm start -- backup <folder>       a copy of what DATA_DIR holds, also while a process runs on it
       npm start -- media verify          bytes of files without an event, and events without bytes
       npm start -- media copy <from> <to>
                                          the files of one store into another, each named as in FILES_URL`;

async function run([command, ...rest]: string[]): Promise<void> {
  if (command === 'help' || command === '--help' || command === '-h') {
    print(USAGE);
    return printed();
  }
  if (command === undefined) return startUntilStopped(readConfig(process.env), {});
  const operate = Object.hasOwn(OPERATIONS, command) ? OPERATIONS[command] : undefined;
  // `media` alone is the part; with words it is what the operator asks of the store of files.
  if (isPart(command) && !(operate && rest.length > 0)) return runPart(configOf(command), command, rest);
  if (!operate) throw new ConfigError(`there is no command ${command}\n${USAGE}`);
  await operate(readConfig(process.env, OF_WORKERS), rest);
  await printed();
}

/** The configuration of a part as a process of its own. */
function configOf(part: Part): Config {
  return readConfig(process.env, part === 'workers' ? [] : OF_WORKERS, (given) => problemsAlone(part, given));
}

/** Variables that only the part `workers` needs, because they name files that other processes need not have. */
const OF_WORKERS = ['ORDER_RULES'] as const;

/** The commands of an operator. Each loads only the modules that it needs. */
const OPERATIONS: Readonly<Record<string, (config: Config, args: string[]) => Promise<void>>> = {
  replay: async (config, args) => (await import('./app/operator/replay.ts')).replay(config, args),
  'dead-letters': async (config, args) => (await import('./app/operator/dead-letters.ts')).deadLetters(config, args),
  migrate: async (config) => (await import('./app/operator/migrate.ts')).migrateToServers(config),
  media: async (config, args) => (await import('./app/operator/media.ts')).operateMedia(config, args),
  backup: async (config, args) => (await import('./app/operator/backup.ts')).backUp(config, args),
};

/** Runs a part alone. The notifier takes `--workers`, which starts processes with `--deliver`. */
async function runPart(config: Config, part: Part, args: string[]): Promise<void> {
  const { workers, deliver } = optionsOf(part, args);
  if (deliver) {
    const { deliveriesOnly } = await import('./app/start-parts.ts');
    // The sender of the other channel may belong to another process.
    const without = [deliver === 'email' ? 'texter' : 'mailer'] as const;
    return startUntilStopped(config, { parts: [part], name: `notifier ${deliver}`, only: deliveriesOnly(deliver), without });
  }
  if (!workers) return startUntilStopped(config, { parts: [part] });
  checkWorkers(workers, config);
  const none = Object.fromEntries([...workers.keys()].map((channel) => [channel, 0]));
  return startUntilStopped(config, { parts: [part], workers: none }, (log) => superviseWorkers(workers, log));
}

function optionsOf(part: Part, args: string[]): { workers?: Map<DeliveredChannel, number>; deliver?: DeliveredChannel } {
  const [option, value, ...more] = args;
  if (option === undefined) return {};
  if (part !== 'notifier' || value === undefined || more.length > 0) throw new ConfigError(`${part} does not take ${args.join(' ')}\n${USAGE}`);
  if (option === '--workers') return { workers: readWorkers(value) };
  if (option === '--deliver' && isChannel(value)) return { deliver: value };
  throw new ConfigError(`${part} does not take ${args.join(' ')}\n${USAGE}`);
}

/** Starts a process and stops it at a signal. A signal while it waits for servers ends the wait. */
async function startUntilStopped(config: Config, options: StartOptions, beside?: (log: Logger) => { stop(): Promise<void> }): Promise<void> {
  const { start } = await import('./app/start.ts');
  const waiting = new AbortController();
  const early = () => waiting.abort();
  for (const signal of ENDS) process.once(signal, early);
  try {
    const running = await start(config, { ...options, signal: waiting.signal });
    const more = beside?.(running.log);
    stopOnSignals({ stop: () => Promise.all([more?.stop(), running.stop()]) });
    if (waiting.signal.aborted) process.kill(process.pid, 'SIGTERM');
  } catch (error) {
    if (!waiting.signal.aborted) throw error;
    process.exit(0);
  } finally {
    for (const signal of ENDS) process.off(signal, early);
  }
}

const ENDS = ['SIGTERM', 'SIGINT', 'disconnect'] as const;

/** Stops at SIGTERM, SIGINT or the end of the npm that started the process. A second signal, a second later or more, ends it at once. */
function stopOnSignals({ stop }: { stop(): Promise<unknown> }): void {
  let stopping = false;
  let asked = 0;
  const end = () => {
    // A signal to a whole group comes twice: from the terminal and from npm, or from systemd and from our parent.
    if (stopping && performance.now() - asked < 1_000) return;
    if (stopping) process.exit(1);
    stopping = true;
    asked = performance.now();
    // What is left of the ten seconds is the log's: platform/outlet.ts.
    setTimeout(() => process.exit(1), 9_500).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  for (const signal of ENDS) process.on(signal, end);
  if (process.env.npm_lifecycle_event !== 'start') return;
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && !stopping && end(), 500).unref();
}

/** Prints an error and exits: one line where an operator can mend it, the whole stack where it is a fault of this code. */
function fail(error: unknown): never {
  complain(`taskledger: ${isExpected(error) ? error.message : ((error as Error)?.stack ?? String(error))}`);
  process.exit(1);
}

process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
try {
  if (process.env.NODE_ENV !== 'test') loadEnvFile(CHECKOUT, process.env);
} catch (error) {
  fail(error);
}
run(process.argv.slice(2)).catch(fail);
