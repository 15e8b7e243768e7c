/** Everything that the notifier needs in one process, for tests that kill it. */
import { QUEUES } from '../../app/queues.ts';
import { memoryCache } from '../../platform/cache/memory/memory.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { openReadModels } from '../../platform/read-models/open.ts';
import { stableId } from '../../platform/stable-id.ts';
import { startProjections } from '../../projections/project.ts';
import { startForwarder } from '../../write-side/forwarder/forward.ts';
import { commandHandler } from '../../write-side/handle-command.ts';

/** Opens the context of a notifier, but for its senders, on a folder. `ahead`: milliseconds that its clock is ahead. */
export async function openWholeProcess(dataDir: string, ahead: number) {
  const now = () => new Date(Date.now() + ahead);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const store = await openEventStore('sqlite:', { dataDir, log });
  const readModels = await openReadModels('sqlite:', { dataDir, log });
  const bus = await openEventBus('memory:', { queues: QUEUES, log });
  const commands = commandHandler({ store, hmac: (text) => stableId(text), log });
  startForwarder({ store, bus, log });
  await startProjections({ store, bus, log, readModels, cache: memoryCache() });
  const pages = { publicUrl: () => 'https://tasks.example.org', site: 'The House', issueCode: async () => 'code', seesAll: () => true };
  return { now, log, store, readModels, bus, commands, attempts: 100, ...pages };
}
