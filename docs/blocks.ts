import { eventsTable } from './events-table.ts';
import { kindsTable } from './kinds-table.ts';
import { needsTable, pathsTable } from './parts-tables.ts';
import { proxyMap } from './proxy-map.ts';
import { queuesByPart, queuesByPurpose } from './queue-tables.ts';
import { topicsTable } from './topics-table.ts';

/** The generated blocks: by file, then by the block's name, the function that makes its text. */
export const BLOCKS: Readonly<Record<string, Readonly<Record<string, () => string | Promise<string>>>>> = {
  'docs/EVENTS.md': { events: eventsTable },
  'docs/LIVE.md': { topics: topicsTable },
  'docs/PARTS.md': { paths: pathsTable, 'queues by part': queuesByPart, needs: needsTable },
  'docs/QUEUES.md': { 'queues by purpose': queuesByPurpose, kinds: kindsTable },
  'servers/proxy.conf.template': { rows: proxyMap },
};
