/** The ids that the first admin of an installation may have. */
import { stableId } from './stable-id.ts';

/** In order: a registration that lost its address to another user stays closed, and the next one takes the next id. */
export const FIRST_ADMIN_IDS: readonly string[] = Array.from({ length: 10 }, (_, n) => stableId('first-admin', String(n)));
