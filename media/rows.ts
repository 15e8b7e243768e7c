/** The routes of the part `media`, whose rows app/rows.ts lists. */
import type { RouteWith } from '../platform/http/route.ts';
import { fetchRoute } from './access/fetch-route.ts';
import type { AccessContext } from './access/open.ts';
import { rotateRoute } from './access/rotate-route.ts';
import { urlRoute } from './access/url-route.ts';
import type { MediaContext } from './context.ts';

export const mediaRoutes: readonly RouteWith<MediaContext & AccessContext>[] = [urlRoute, fetchRoute, rotateRoute];
