/** The routes of the part `media`, whose rows app/rows.ts lists. */
import type { RouteWith } from '../platform/http/route.ts';
import type { MediaContext } from './context.ts';

export const mediaRoutes: readonly RouteWith<MediaContext>[] = [];
