import { fileURLToPath } from 'node:url';
import { describeOnBadDisk } from '../../sqlite/bad-disk.suite.ts';
import { openReadModels } from '../open.ts';
import type { ModelSpec } from '../read-models.ts';

const MODEL: ModelSpec = { name: 'visits', version: 1, fields: { host: 'text' }, indexes: [['host']] };

describeOnBadDisk('the file of the read models', {
  program: fileURLToPath(new URL('./writes-on-a-bad-disk.fixture.ts', import.meta.url)),
  file: 'read-models.db',
  acknowledged: 8,
  forces: ['fsync', 2],
  lost: async (dataDir, lines) => {
    const warned: string[] = [];
    const readModels = await openReadModels('sqlite:', { dataDir, log: { warn: (_, message) => warned.push(message) } });
    const state = await readModels.state(MODEL);
    const ids = Array.from({ length: 8 }, (_, index) => `visit-${index + 1}`);
    const there = state ? await readModels.get(MODEL, state.generation, ids) : [];
    await readModels.begin(MODEL);
    await readModels.close();
    const position = state?.checkpoint.position ?? '';
    // Documents and checkpoint are one transaction.
    const torn = there.length === Number(position) ? [] : [`${there.length} documents at ${position}`];
    return [...lines.filter((line) => line > position), ...torn, ...warned];
  },
});
