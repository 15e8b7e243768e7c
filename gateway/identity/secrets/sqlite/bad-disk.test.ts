import { fileURLToPath } from 'node:url';
import { describeOnBadDisk } from '../../../../platform/sqlite/bad-disk.suite.ts';
import { openSecrets } from '../open.ts';

describeOnBadDisk('the secrets file', {
  program: fileURLToPath(new URL('./puts-on-a-bad-disk.fixture.ts', import.meta.url)),
  file: 'secrets.db',
  acknowledged: 12,
  forces: ['fsync', 4],
  lost: async (dataDir, lines) => {
    const secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
    const lost: string[] = [];
    for (const line of lines) {
      const [key = '', version] = line.split(' ');
      const found = await secrets.get<{ at: number }>('sessions', key);
      if (!found || found.version < Number(version) || found.value.at !== found.version) lost.push(line);
    }
    if (!(await secrets.put('sessions', { key: 'after', value: 1, owner: 'me' }, 0))) lost.push('after');
    await secrets.close();
    return lost;
  },
});
