/** `npm start -- seal`: seals the events of an embedded log that an older release wrote clear. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { openProcessLog } from '../../platform/log.ts';
import { sealingNotes } from '../../platform/sealing/sealing-log.ts';
import { UserError } from '../../platform/user-error.ts';
import { openClosers } from '../closers.ts';
import { misused } from '../command-options.ts';
import { type Config, ConfigError } from '../config.ts';
import { ownerOnServer } from '../owner.ts';
import { isEmbedded } from '../parts.ts';
import { openSealing } from '../sealing.ts';
import { moveLog } from './migrate/move.ts';
import { claim, handOver } from './migrate/target.ts';
import { showSteps } from './migrate.ts';
import { print } from './print.ts';
import { sealedCopy } from './sealed-copy.ts';

/**
 * Writes a sealed copy of the log beside it, compares both, puts it in the log's place, and overwrites the clear one. It may be killed anywhere and run again.
 * Errors: ConfigError; FolderError while a process runs on the folder; `UserError` with one line.
 */
export async function sealLog(config: Config, args: string[]): Promise<void> {
  if (args.length > 0) throw misused('seal', `it takes no ${args.join(' ')}`);
  const { DATA_DIR: dataDir, EVENT_STORE_URL } = config;
  if (EVENT_STORE_URL !== 'sqlite:')
    throw new ConfigError(
      isEmbedded(EVENT_STORE_URL)
        ? 'seal: it seals the log in DATA_DIR; move the file of EVENT_STORE_URL there, as events.db, and leave EVENT_STORE_URL out'
        : 'seal: EVENT_STORE_URL names a server, where nothing is changed once it is written; migrate to an empty one seals what it copies',
    );
  if (!existsSync(join(dataDir, 'events.db')))
    throw new UserError(`There is no log to seal: ${dataDir} has no events.db. Set DATA_DIR to the folder of an installation.`);
  process.umask(0o077);
  const lock = lockFolder(dataDir);
  try {
    await sealIn(config);
  } finally {
    lock.release();
  }
}

async function sealIn(config: Config): Promise<void> {
  const copy = sealedCopy(config.DATA_DIR);
  copy.finishReplacing();
  const events = await written(config, copy.begin);
  if (events === null) {
    copy.drop();
    print('All of the log is sealed already. Nothing was changed.');
    return;
  }
  copy.replace();
  print(
    `Sealed the log: all ${events} events were compared, and the clear file was overwritten. Read models, files and older backups hold clear text.`,
  );
}

/** Writes the copy, or goes on with one that is there; resolves to the number of its events, or to null where the log is sealed already. */
async function written(config: Config, begin: () => string): Promise<number | null> {
  const { DATA_DIR: dataDir } = config;
  const log = openProcessLog({ level: 'warn' });
  const { closing, closeAll } = openClosers();
  try {
    const source = closing(await openEventStore('sqlite:', { dataDir, log }));
    if ((await sealingNotes(source)).whole) return null;
    const secrets = closing(await openSecrets(config.SECRETS_URL, { dataDir, log, installation: await ownerOnServer(config.SECRETS_URL, source) }));
    // The right master key, or a refusal before anything is written.
    await openSealing({ store: source, secrets, signal: new AbortController().signal });
    const target = closing(await openEventStore('sqlite:', { dataDir: begin(), log }));
    await claim(target);
    const steps = showSteps();
    const { events } = await moveLog({ source, target }, secrets, steps.update);
    steps.end();
    await handOver(target);
    return events;
  } finally {
    await closeAll();
  }
}
