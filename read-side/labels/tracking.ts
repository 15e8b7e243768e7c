/** GET /api/repairs/track/:token: how a repair request goes that was filed without an account. */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import { ENDED_REPAIRS, type RepairStatus } from '../../contracts/repair-state.ts';
import { trackedRepair } from '../../contracts/repair-view.ts';
import { networkOf } from '../../platform/http/limits/limits.ts';
import type { RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { trackingLinks } from '../../platform/link-tokens.ts';
import { type RepairDetailsDocument, repairDetails } from '../../projections/projectors/repair-details.ts';
import { type RepairDocument, repairs } from '../../projections/projectors/repairs.ts';
import { timeOf } from '../queries/site-rights.ts';
import { reading } from '../reading.ts';
import type { LabelsContext } from './label-routes.ts';

/** Days after the end of a request for which it is shown. */
const SHOWN_DAYS = 90;

export const trackRepair: RouteWith<LabelsContext> = {
  row: {
    method: 'GET',
    path: '/api/repairs/track/:token',
    who: 'anyone',
    summary: 'How a repair request goes that was filed without an account, for whoever has its link, up to 90 days after its end.',
    tag: 'repairs',
    query: z.strictObject({}),
    response: trackedRepair,
  },
  answer: async (context, request) => {
    const { repair, details } = await tracked(context, request);
    const { state, waitingFor, filedAt, updatedAt } = repair;
    const replies = details.comments.map(({ time, text }) => ({ time, text }));
    return { headers: { 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' }, body: { state, waitingFor, filedAt, updatedAt, replies } };
  },
};

/** The request of the token. Errors: ProblemError `not_found` for one that is good for nothing, and `limited` after many of these from one network. */
async function tracked(context: LabelsContext, request: RouteRequest): Promise<{ repair: RepairDocument; details: RepairDetailsDocument }> {
  const read = trackingLinks(context.hmac).read(request.params.token ?? '');
  if (read?.isLink(0)) {
    const repair = (await reading(context, repairs, request, ({ one }) => one(read.id))).result?.document as RepairDocument | null | undefined;
    const details = (await reading(context, repairDetails, request, ({ one }) => one(read.id))).result?.document as
      | RepairDetailsDocument
      | null
      | undefined;
    if (repair && details && isShown(repair, details, timeOf(context))) return { repair, details };
  }
  await context.limits.consume('code-tries', networkOf(request.ip));
  throw new ProblemError('not_found', 'This link is not good, or it has ended. What was filed a moment ago is there in a moment.');
}

/** True for what was filed without an account, and has no end or had it lately. */
export function isShown({ requester, state, filedAt }: RepairDocument, { steps }: RepairDetailsDocument, now: string): boolean {
  if (requester !== null) return false;
  if (!(ENDED_REPAIRS as readonly RepairStatus[]).includes(state)) return true;
  return Date.parse(steps.at(-1)?.time ?? filedAt) + SHOWN_DAYS * 86_400_000 > Date.parse(now);
}
