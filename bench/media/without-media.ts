/** The whole system but for the part `media`, in one process. */
import { readConfig } from '../../app/config.ts';
import { ALL_PARTS } from '../../app/parts.ts';
import { start } from '../../app/start.ts';

const running = await start(readConfig(process.env), { parts: ALL_PARTS.filter((part) => part !== 'media'), name: 'without media' });
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
