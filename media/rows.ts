/** The routes of the part `media`, whose rows app/rows.ts lists. */
import type { RouteWith } from '../platform/http/route.ts';
import { fetchRoute } from './access/fetch-route.ts';
import type { AccessContext } from './access/open.ts';
import { rotateRoute } from './access/rotate-route.ts';
import { urlRoute, urlsRoute } from './access/url-route.ts';
import type { MediaContext } from './context.ts';
import { type DirectContext, directRoute } from './intake/direct/begin-route.ts';
import { finishRoute } from './intake/direct/finish-route.ts';
import type { IntakeContext } from './intake/receive.ts';
import { uploadRoute } from './intake/upload.ts';
import { type VerifyingContext, verifyRoute } from './keep/verify-route.ts';

/** The context of the routes: that of the part, and what its pieces opened. */
export type StartedMedia = MediaContext & AccessContext & IntakeContext & DirectContext & VerifyingContext;

export const mediaRoutes: readonly RouteWith<StartedMedia>[] = [
  uploadRoute,
  directRoute,
  finishRoute,
  urlRoute,
  urlsRoute,
  fetchRoute,
  rotateRoute,
  verifyRoute,
];
