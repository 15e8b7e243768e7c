/** The routes of the part `media`, whose rows app/rows.ts lists. */
import type { RouteWith } from '../platform/http/route.ts';
import { fetchRoute } from './access/fetch-route.ts';
import type { AccessContext } from './access/open.ts';
import { rotateRoute } from './access/rotate-route.ts';
import { urlRoute } from './access/url-route.ts';
import type { MediaContext } from './context.ts';
import type { IntakeContext } from './intake/receive.ts';
import { uploadRoute } from './intake/upload.ts';

/** The context of the routes: that of the part, and what its pieces opened. */
export type StartedMedia = MediaContext & AccessContext & IntakeContext;

export const mediaRoutes: readonly RouteWith<StartedMedia>[] = [uploadRoute, urlRoute, fetchRoute, rotateRoute];
