/** GET /api/admin/audit, for admins. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { AUDIT_KINDS, type AuditEntry, auditEntry } from '../../contracts/audit.ts';
import { instant } from '../../contracts/fields.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { networkOf } from '../../platform/http/limits/limits.ts';
import { queryNumber } from '../../platform/http/query-schemas.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { AuditLog } from './audit-log.ts';

const PATH = '/api/admin/audit';

const auditQuery = z.strictObject({
  user: z.string().max(100).optional().meta({ description: 'The id of a user, or of an API key: who asked, or whom it is about.' }),
  kind: z.enum(AUDIT_KINDS).optional(),
  outcome: z.enum(['done', 'refused']).optional(),
  network: z.string().max(64).optional().meta({ description: 'An IP address, or a network as the entries have it.' }),
  from: instant.optional(),
  to: instant.optional(),
  cursor: z.string().max(300).optional().meta({ description: 'The `next` of the page before.' }),
  limit: queryNumber(1, 200).default(50),
});

type Query = z.output<typeof auditQuery>;

export const auditRoutes: readonly RouteWith<{ audit: Pick<AuditLog, 'page' | 'flush'> }>[] = [
  {
    row: {
      method: 'GET',
      path: PATH,
      who: ['admin'],
      tag: 'admin',
      summary: 'Who came in, was refused, or changed what others may; newest first. Kept for AUDIT_DAYS.',
      query: auditQuery,
      response: z.strictObject({ items: z.array(auditEntry), next: z.string().optional() }),
    },
    answer: answerPage,
  },
];

async function answerPage({ audit }: { audit: Pick<AuditLog, 'page' | 'flush'> }, request: RouteRequest): Promise<Answer> {
  const { cursor, network, ...query } = request.query as Query;
  // What happened in this process just now is to be seen, too.
  await audit.flush();
  const { items, more } = await audit.page({ ...query, network: network && isIP(network) ? networkOf(network) : network, after: afterOf(cursor) });
  const last = items.at(-1);
  const headers = { 'Cache-Control': 'no-store' };
  if (!more || !last) return { headers, body: { items } };
  const next = cursorOf(last);
  return { headers: { ...headers, Link: `<${PATH}?${searchOf({ ...query, network, cursor: next })}>; rel="next"` }, body: { items, next } };
}

function searchOf(parameters: object): URLSearchParams {
  return new URLSearchParams(Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

function cursorOf({ time, id }: AuditEntry): string {
  return Buffer.from(`${time} ${id}`).toString('base64url');
}

function afterOf(cursor: string | undefined): Pick<AuditEntry, 'time' | 'id'> | undefined {
  if (cursor === undefined) return undefined;
  const [time = '', id] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (id && instant.safeParse(time).success) return { time, id };
  const detail = 'must be the `next` of an earlier page';
  throw new ProblemError('invalid', `Not valid: ?cursor.`, { status: 400, errors: [{ pointer: '?cursor', detail }] });
}
