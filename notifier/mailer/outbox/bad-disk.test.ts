import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeOnBadDisk } from '../../../platform/sqlite/bad-disk.suite.ts';
import { openOutbox } from './outbox.ts';

describeOnBadDisk('the outbox', {
  program: fileURLToPath(new URL('./sends-on-a-bad-disk.fixture.ts', import.meta.url)),
  file: 'outbox.db',
  acknowledged: 8,
  forces: ['fdatasync', 4],
  lost: async (dataDir, lines) => {
    const outbox = openOutbox(join(dataDir, 'outbox.db'));
    const there = outbox.list({ limit: 100 }).map(({ messageId }) => messageId);
    const mail = { to: { name: 'Bob', address: 'bob@example.org' }, subject: '', text: '', html: '', messageId: 'after@example.org' };
    await outbox.send(mail, new AbortController().signal);
    await outbox.close();
    return [...lines.filter((line) => !there.includes(line)), ...(new Set(there).size < there.length ? ['twice'] : [])];
  },
});
