/** GET /api/users/:id/export: all that is kept of a person, for that person and for admins, after a fresh login. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Position } from '../../contracts/message.ts';
import { type ExportProfile, personExport } from '../../contracts/person-export.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { ROLES } from '../../contracts/role.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { PersonSource } from '../../platform/person-source.ts';
import { OPERATOR } from '../operator.ts';
import type { ExportTurns } from './export-turns.ts';
import { expectAllWhole, piecesOf } from './writing.ts';

export interface ExportRouteOptions {
  /** The profile of a user, also of a deleted one; null where there never was one. */
  profileOf(id: string): Promise<ExportProfile | null>;
  sources: readonly PersonSource[];
  /** The position of the log up to which the document has everything. */
  head(): Promise<Position>;
  expectFresh(caller: Caller): Promise<void>;
  limits: Pick<Limits, 'consume'>;
  /** The places of this process. */
  turns: ExportTurns;
  now(): Date;
}

export const exportRoute: RouteWith<ExportRouteOptions> = {
  row: {
    method: 'GET',
    path: '/api/users/:id/export',
    // Each role by its name, and so the operator of this machine, too, who is no user.
    who: ROLES,
    audit: 'export',
    summary:
      'All that is kept of a person, as one JSON document to download (oneself, or as an admin). Wants a fresh login. Its last member is `complete`: a document without it was cut off.',
    tag: 'users',
    query: z.strictObject({}),
    response: personExport,
  },
  answer: exportOf,
};

async function exportOf(options: ExportRouteOptions, { params, caller }: RouteRequest): Promise<Answer> {
  const { id = '' } = params;
  const asking = mayExport(caller, id);
  await options.expectFresh(asking);
  const profile = await options.profileOf(id);
  if (!profile) throw new ProblemError('not_found', 'There is no such user.');
  // Before it counts: who asks again until a read model has caught up, or there is a place, would have used up all.
  await expectAllWhole(options.sources, await options.head());
  options.turns.expectPlace(asking.id);
  const counted = asking.id === OPERATOR.id ? {} : await options.limits.consume('exports', asking.id);
  const exportedAt = options.now().toISOString();
  return {
    headers: {
      ...counted,
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Disposition': `attachment; filename="taskledger-${id}-${exportedAt.slice(0, 10)}.json"`,
      'Cache-Control': 'no-store',
      // A proxy that gathers it would take a document that is cut off for one that is whole, and fill its disk.
      'X-Accel-Buffering': 'no',
    },
    open: async () =>
      options.turns.open(asking.id, () => Readable.from(piecesOf({ profile, sources: options.sources, exportedAt }), { objectMode: false })),
  };
}

/** The caller, who is the person or an admin. Error: ProblemError `forbidden`. */
function mayExport(caller: Caller | null, id: string): Caller {
  // The session of an API key is the key itself.
  if (!caller || (caller.id === caller.sessionId && caller.id !== OPERATOR.id))
    throw new ProblemError('forbidden', 'This is for people who log in: an API key has nobody’s data but by its own rows.');
  if (caller.id === id || caller.role === 'admin') return caller;
  throw new ProblemError('forbidden', 'Only the user, or an admin, may do this.');
}
