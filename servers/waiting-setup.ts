/** How long a test waits for a condition, where it does not say: Vitest's own second is too short on a machine that does other things, too. */
import { vi } from 'vitest';

/** In milliseconds; as `expect.poll` has it in vitest.config.ts. */
const PATIENCE = 20_000;

const { waitFor } = vi;
vi.waitFor = (condition, options) => waitFor(condition, typeof options === 'number' ? { timeout: options } : { timeout: PATIENCE, ...options });
