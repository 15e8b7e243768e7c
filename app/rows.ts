/** The rows of every part, as data. The documents, the proxy's map and docs/PARTS.md are made of them. */
import { adminRoutes } from '../gateway/admin-routes.ts';
import { auditRoutes } from '../gateway/audit/audit-routes.ts';
import { docRoutes } from '../gateway/docs.ts';
import { erasureRoutes } from '../gateway/erasing/erasure-routes.ts';
import { identityRoutes } from '../gateway/identity/identity-routes.ts';
import { pageRoutes } from '../gateway/page-routes.ts';
import { exportRoute } from '../gateway/person-export/export-route.ts';
import { visitRoutes } from '../gateway/visits/visit-routes.ts';
import { wellKnownRoutes } from '../gateway/well-known.ts';
import { mediaRoutes } from '../media/rows.ts';
import { outboxRoute } from '../notifier/outbox-routes.ts';
import { reportRoute } from '../notifier/texter/report-routes.ts';
import { healthRoutes } from '../platform/http/metrics.ts';
import { type RouteRow, rowsOf } from '../platform/http/route.ts';
import { labelRoutes } from '../read-side/labels/label-routes.ts';
import { trackRepair } from '../read-side/labels/tracking.ts';
import { readRoutes } from '../read-side/query-routes.ts';
import { commandRoutes } from '../write-side/command-routes.ts';
import { repairByLink } from '../write-side/repair-by-link.ts';
import { ALL_PARTS, type Part } from './parts.ts';

/** The rows that each part answers, besides those of every process. (Sockets are no rows: `/socket.io/` and all below it are realtime's.) */
export const ROWS: Readonly<Record<Part, readonly RouteRow[]>> = {
  'write-side': rowsOf([...commandRoutes, repairByLink]),
  forwarder: [],
  projections: [],
  workers: [],
  notifier: rowsOf([outboxRoute, reportRoute]),
  media: rowsOf(mediaRoutes),
  'read-side': rowsOf([...readRoutes, ...labelRoutes, trackRepair]),
  realtime: [],
  gateway: rowsOf([
    ...identityRoutes,
    ...auditRoutes,
    ...visitRoutes,
    exportRoute,
    ...erasureRoutes,
    ...adminRoutes,
    ...pageRoutes,
    ...wellKnownRoutes,
    ...docRoutes,
  ]),
};

/** The rows that every process answers for itself. */
export const ROWS_OF_EVERY_PROCESS: readonly RouteRow[] = rowsOf(healthRoutes);

/** The name of a row: its method and path, as `GET /api/tasks/:id`. */
export function rowName({ method, path }: Pick<RouteRow, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

/** The rows of all parts and of every process. */
export const ALL_ROWS: readonly RouteRow[] = [...ALL_PARTS.flatMap((part) => ROWS[part]), ...ROWS_OF_EVERY_PROCESS];
