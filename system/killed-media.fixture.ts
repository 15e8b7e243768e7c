/** The whole system, or the part of the command line, in a process that is killed (SIGKILL, by itself) when its store of files has an object whose key ends as KILL_AT says. */
import { readConfig } from '../app/config.ts';
import { openPorts } from '../app/open-ports.ts';
import { type Part, unusedBy } from '../app/parts.ts';
import { start } from '../app/start.ts';
import type { Files } from '../platform/files/files.ts';

const { KILL_AT = 'nothing', ...env } = process.env;
const parts = process.argv.slice(2) as Part[];

function dyingFiles(files: Files): Files {
  return {
    ...files,
    put: async (key, from, signal) => {
      await files.put(key, from, signal);
      if (key.endsWith(KILL_AT)) process.kill(process.pid, 'SIGKILL');
    },
  };
}

await start(readConfig(env, parts.flatMap(unusedBy)), {
  ...(parts.length > 0 ? { parts } : {}),
  ports: async (...asked) => {
    const ports = await openPorts(...asked);
    return Object.assign(Object.create(ports), { files: dyingFiles((ports as unknown as { files: Files }).files) });
  },
});
