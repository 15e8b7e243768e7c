/** The whole system in one process, started as `without-media.ts` starts it. */
import { readConfig } from '../../app/config.ts';
import { start } from '../../app/start.ts';

const running = await start(readConfig(process.env));
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
