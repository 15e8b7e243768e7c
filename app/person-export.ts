/** The row that gives a person's data back, in the ports of a process: every source there is, together. */
import type { AuditLog } from '../gateway/audit/audit-log.ts';
import type { Identity } from '../gateway/identity/identity.ts';
import { exportRoute } from '../gateway/person-export/export-route.ts';
import { openExportTurns } from '../gateway/person-export/export-turns.ts';
import { auditSource } from '../gateway/person-export/own-sources.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import type { Limits } from '../platform/http/limits/limits.ts';
import { type Route, routesWith } from '../platform/http/route.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { readSources } from '../read-side/person/sources.ts';

export interface PersonExportPorts {
  store: EventStore;
  readModels: ReadModels;
  identity: Pick<Identity, 'personData' | 'expectFresh'>;
  audit: Pick<AuditLog, 'flush' | 'page'>;
  limits: Pick<Limits, 'consume'>;
}

/** Makes the route of `GET /api/users/:id/export`. */
export function personExportRoutes({ store, readModels, identity, audit, limits }: PersonExportPorts): Route[] {
  const { profileOf, sources } = identity.personData;
  const all = [...sources, ...readSources({ store, readModels }), auditSource(audit)];
  const { expectFresh } = identity;
  return routesWith({ profileOf, sources: all, head: store.head, expectFresh, limits, turns: openExportTurns(), now: () => new Date() }, [
    exportRoute,
  ]);
}
