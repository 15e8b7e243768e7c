/** The composition root: runs the command of the command line. */
import { sep } from 'node:path';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { CHECKOUT } from './app/checkout-folder.ts';
import { helpOn } from './app/command-help.ts';
import { type CommandWords, commandWords, misused } from './app/command-options.ts';
import { type Config, ConfigError, readConfig } from './app/config.ts';
import { endAtOnce } from './app/end-at-once.ts';
import { loadEnvFile } from './app/env-file.ts';
import { isExpected } from './app/expected-errors.ts';
import { complain, print, printed } from './app/operator/print.ts';
import { isPart, type Part, problemsAlone, unusedBy } from './app/parts.ts';
import { loadSecretFiles } from './app/secret-files.ts';
import type { StartOptions } from './app/start.ts';
import { checkWorkers, type DeliveredChannel, isChannel, readWorkers, superviseWorkers } from './app/worker-processes.ts';

async function run(args: string[]): Promise<void> {
  const told = await toldOf(args);
  if (told !== undefined) {
    print(told);
    return printed();
  }
  loadSecretFiles(process.env);
  const [command, ...rest] = args;
  if (command === undefined) return startUntilStopped(readConfig(process.env), {});
  const operate = Object.hasOwn(OPERATIONS, command) ? OPERATIONS[command] : undefined;
  if (!isPart(command) && !operate) throw unknownCommand(command);
  const given = commandWords(command, rest);
  // `media` alone is the part; with words it is what the operator asks of the store of files.
  if (isPart(command) && !(operate && rest.length > 0)) return runPart(command, optionsOf(command, given));
  await operate?.(readConfig(process.env, OF_WORKERS), rest);
  await printed();
}

/** What is only to be printed: help, of everything or of one command, or the version; undefined where there is something to do. */
async function toldOf(args: string[]): Promise<string | undefined> {
  const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const;
  // Each command looks at its own options.
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: false });
  const isHelp = values.help === true || positionals[0] === 'help';
  const [command] = positionals[0] === 'help' ? positionals.slice(1) : positionals;
  if (isHelp) return helpOn(knownCommand(command));
  return values.version === true ? `taskledger ${(await import('./app/checkout.ts')).version}` : undefined;
}

/** A command, or none; what is neither is refused. Error: ConfigError. */
function knownCommand(command: string | undefined): string | undefined {
  if (command === undefined || isPart(command) || Object.hasOwn(OPERATIONS, command)) return command;
  throw unknownCommand(command);
}

function unknownCommand(name: string): ConfigError {
  return new ConfigError(`there is no ${name.startsWith('-') ? 'option' : 'command'} ${name}. What there is says: npm start -- --help`);
}

/** The configuration of a part as a process of its own. */
function configOf(part: Part): Config {
  return readConfig(process.env, unusedBy(part), (given) => problemsAlone(part, given));
}

/** Variables that an operator's command does not need, because they name files that only the part `workers` has. */
const OF_WORKERS = ['ORDER_RULES'] as const;

/** The commands of an operator. Each loads only the modules that it needs. */
const OPERATIONS: Readonly<Record<string, (config: Config, args: string[]) => Promise<void>>> = {
  replay: async (config, args) => (await import('./app/operator/replay.ts')).replay(config, args),
  'dead-letters': async (config, args) => (await import('./app/operator/dead-letters.ts')).deadLetters(config, args),
  users: async (config, args) => (await import('./app/operator/users.ts')).users(config, args),
  migrate: async (config, args) => {
    if (args.length > 0) throw misused('migrate', `it takes no ${args.join(' ')}`);
    await (await import('./app/operator/migrate.ts')).migrateToServers(config);
  },
  seal: async (config, args) => (await import('./app/operator/seal.ts')).sealLog(config, args),
  'rotate-master-key': async (config, args) => (await import('./app/operator/rotate-master-key.ts')).rotateMasterKey(config, args),
  'verify-erasure': async (config, args) => (await import('./app/operator/verify-erasure.ts')).verifyErasure(config, args),
  media: async (config, args) => (await import('./app/operator/media.ts')).operateMedia(config, args),
  backup: async (config, args) => (await import('./app/operator/backup.ts')).backUp(config, args),
};

interface PartOptions {
  workers?: Map<DeliveredChannel, number> | undefined;
  deliver?: DeliveredChannel | undefined;
}

/** Runs a part alone. The notifier takes `--workers`, which starts processes with `--deliver`. */
async function runPart(part: Part, { workers, deliver }: PartOptions): Promise<void> {
  const config = configOf(part);
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

function optionsOf(part: Part, { values: { workers, deliver }, words }: CommandWords): PartOptions {
  if (words.length > 0) throw misused(part, `it takes no ${words.join(' ')}`);
  if (typeof deliver === 'string' && (!isChannel(deliver) || workers !== undefined))
    throw misused(part, `--deliver takes one channel alone, not ${deliver}`);
  return { deliver: deliver as DeliveredChannel | undefined, workers: typeof workers === 'string' ? readWorkers(workers) : undefined };
}

/** Starts a process and stops it at a signal. A signal while it waits for servers ends the wait, and any start within 10 seconds. */
async function startUntilStopped(config: Config, options: StartOptions, beside?: (log: Logger) => { stop(): Promise<void> }): Promise<void> {
  const { start } = await import('./app/start.ts');
  const waiting = new AbortController();
  // What cannot hear of the abort, as the reading of a long log, is not waited for: nothing was answered yet.
  const early = () => {
    waiting.abort();
    setTimeout(endAtOnce, 9_500).unref();
  };
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
    if (stopping) return endAtOnce();
    stopping = true;
    asked = performance.now();
    setTimeout(endAtOnce, 9_500).unref();
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

/** A message without the way to this folder: nobody has typed that. */
function asTyped(message: string): string {
  const root = CHECKOUT.endsWith(sep) ? CHECKOUT : `${CHECKOUT}${sep}`;
  // What is said of the checkout itself keeps its name.
  return message.replaceAll(root, (path, at: number) => (/[\w.]/.test(message[at + path.length] ?? '') ? '' : path));
}

/** Prints an error and exits: one line where an operator can mend it, the whole stack where it is a fault of this code. */
function fail(error: unknown): never {
  complain(`taskledger: ${isExpected(error) ? asTyped(error.message) : ((error as Error)?.stack ?? String(error))}`);
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
