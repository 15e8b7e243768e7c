/** The whole system in one process on embedded stores, with the settings of its environment; with `clear` as its word without the edge that seals. */
import { readConfig } from '../app/config.ts';
import { openPorts } from '../app/open-ports.ts';
import { start } from '../app/start.ts';

/** The ports, of which the store is the log as it is: what is appended stays clear. */
const clear: typeof openPorts = async (...args) => {
  const opened = await openPorts(...args);
  return new Proxy(opened, { get: (all, name) => Reflect.get(all, name === 'store' ? 'sealedLog' : name) });
};

const running = await start(readConfig(process.env), process.argv[2] === 'clear' ? { ports: clear } : {});
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
