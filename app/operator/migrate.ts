/** `npm start -- migrate`: moves the data of DATA_DIR's embedded stores to the servers of EVENT_STORE_URL and SECRETS_URL. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { copyFiles } from '../../platform/files/copy-files.ts';
import { openProcessLog } from '../../platform/log.ts';
import { UserError } from '../../platform/user-error.ts';
import { type ProgressShown, showProgress } from '../../projections/progress.ts';
import { openClosers } from '../closers.ts';
import { type Config, ConfigError } from '../config.ts';
import { isEmbedded } from '../parts.ts';
import { interruptibly } from './interruption.ts';
import { filesAt } from './media.ts';
import type { OnProgress } from './migrate/events.ts';
import { lackingFiles } from './migrate/lacking-files.ts';
import { type Moved, migrate, type Stores } from './migrate/move.ts';
import { print, screen } from './print.ts';

/** Moves the data, and shows the progress. Errors: ConfigError, FolderError while a process runs on the folder, `UserError` with one line. */
export async function migrateToServers(config: Config): Promise<void> {
  checkTarget(config);
  const { DATA_DIR: dataDir } = config;
  const missing = ['events.db', 'secrets.db'].find((name) => !existsSync(join(dataDir, name)));
  if (missing) throw new UserError(`There is no installation to move in ${dataDir}: it has no ${missing}. Set DATA_DIR to the folder of one.`);
  // Files in the folder are for this user's eyes only.
  process.umask(0o077);
  const lock = lockFolder(dataDir);
  try {
    const moved = await between(config);
    await moveFiles(config);
    await tellLacking(config);
    print(closingLine(moved, dataDir));
  } finally {
    lock.release();
  }
}

function checkTarget(config: Config): void {
  const targets = [
    ['EVENT_STORE_URL', 'esdb://host:2113?tls=false'],
    ['SECRETS_URL', 'mongodb://host:27017/taskledger_secrets'],
  ] as const;
  if (isEmbedded(config.FILES_URL) && existsSync(join(config.DATA_DIR, 'files')))
    throw new ConfigError('migrate: FILES_URL must name where the files go, like s3://bucket, or a folder of its own, like file:/srv/files');
  const problems = targets.filter(([name]) => isEmbedded(config[name])).map(([name, example]) => `${name} must name a server, like ${example}`);
  if (problems.length > 0) throw new ConfigError(`migrate: ${problems.join('; ')}`);
}

/** Copies the folder's files to FILES_URL, and says so where there are any. */
async function moveFiles(config: Config): Promise<void> {
  if (isEmbedded(config.FILES_URL)) return;
  const [source, target] = [await filesAt('file:', config), await filesAt(config.FILES_URL, config)];
  try {
    const { files } = await interruptibly(
      (signal) => `The copying of files was interrupted (${signal}). Run it again: it goes on where it stopped.`,
      (interruption) => copyFiles(source, target, interruption.signal),
    );
    if (files > 0) print(`FILES_URL has all ${files} objects of files.`);
  } finally {
    await target.close();
  }
}

/** Says where FILES_URL has not what the log names: the old process had its files elsewhere than in the folder. */
async function tellLacking(config: Config): Promise<void> {
  const { closing, closeAll } = openClosers();
  try {
    const store = closing(await openEventStore('sqlite:', { dataDir: config.DATA_DIR, log: openProcessLog({ level: 'warn' }) }));
    const files = isEmbedded(config.FILES_URL) ? null : closing(await filesAt(config.FILES_URL, config));
    const lacking = await lackingFiles({ store, files, keepOriginal: config.MEDIA_KEEP_ORIGINAL });
    if (lacking === 0) return;
    const copy = 'If they were elsewhere than in DATA_DIR, copy them before the parts start: npm start -- media copy <from> <to>.';
    print(`FILES_URL lacks ${lacking} objects of files that the events name. ${copy}`);
  } finally {
    await closeAll();
  }
}

async function between(config: Config): Promise<Moved> {
  const { closing, closeAll } = openClosers();
  const options = { dataDir: config.DATA_DIR, log: openProcessLog({ level: 'warn' }) };
  const open = async (eventStoreUrl: string, secretsUrl: string): Promise<Stores> => ({
    store: closing(await openEventStore(eventStoreUrl, options)),
    secrets: closing(await openSecrets(secretsUrl, options)),
  });
  const steps = showSteps();
  try {
    const source = await open('sqlite:', 'sqlite:');
    const target = await open(config.EVENT_STORE_URL, config.SECRETS_URL);
    const moved = await migrate(source, target, steps.update);
    steps.end();
    return moved;
  } finally {
    await closeAll();
  }
}

/** Shows the steps of the move, each as a replay shows a read model. */
export function showSteps(): { update: OnProgress; end(): void } {
  let now: { step: string; shown: ProgressShown; begun: number; events: number } | undefined;
  const end = () => now?.shown.done({ events: now.events, seconds: (performance.now() - now.begun) / 1_000 });
  return {
    update: (step, progress) => {
      if (now?.step !== step) {
        end();
        now = { step, shown: showProgress(step, screen), begun: performance.now(), events: 0 };
      }
      now.events = progress.events;
      now.shown.update(progress);
    },
    end,
  };
}

function closingLine({ events, bookkeeping, secrets }: Moved, dataDir: string): string {
  return [
    `Moved ${events} events, ${bookkeeping} streams of bookkeeping and ${secrets} secrets; each was compared.`,
    `${dataDir} is as it was. Now start the parts with these EVENT_STORE_URL and SECRETS_URL, and with BUS_URL, READ_MODELS_URL and CACHE_URL of servers;`,
    'read models are made anew from the events (docs/RUNNING.md).',
  ].join(' ');
}
