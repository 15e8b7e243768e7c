/** GET /api/invitations, GET /api/invitations/:id: who is invited, and what came of it. For admins. */
import { z } from 'zod';
import { type InvitationStatus, type InvitationView, invitationStatus, invitationView } from '../../contracts/invitation.ts';
import type { Condition, Stored } from '../../platform/read-models/read-models.ts';
import { shownEmail } from '../../platform/shown-email.ts';
import { type InvitationDocument, invitations } from '../../projections/projectors/invitations.ts';
import { listRoute, oneRoute } from './model-routes.ts';
import { cursor, limit } from './parameters.ts';

const listInvitationsQuery = z.strictObject({
  status: invitationStatus.optional().meta({ description: 'Only invitations in this state.' }),
  cursor,
  limit: limit(50),
});

/** The conditions of a state. An open invitation whose end has passed has no event that says so. */
function inState(status: InvitationStatus, now: string): Condition[] {
  const is = (value: InvitationStatus): Condition => ({ field: 'status', op: 'eq', value });
  if (status === 'open') return [is('open'), { field: 'until', op: 'gt', value: now }];
  if (status === 'expired')
    return [
      { field: 'status', op: 'in', value: ['open', 'expired'] },
      { field: 'until', op: 'lte', value: now },
    ];
  return [is(status)];
}

export const listInvitations = listRoute<z.output<typeof listInvitationsQuery>>({
  path: '/api/invitations',
  who: ['admin'],
  summary: 'All invitations, the newest first.',
  tag: 'invitations',
  projector: invitations,
  query: listInvitationsQuery,
  item: invitationView,
  select: ({ status }, _, now) => ({
    where: status ? inState(status, now) : [],
    sort: [{ field: 'madeAt', descending: true }],
    // Not the time: the cursor of a page is good for the next one.
    of: ['invitations', status ?? null],
  }),
  view: (stored, _, now) => viewOf(stored, now),
});

export const getInvitation = oneRoute({
  path: '/api/invitations/:id',
  who: ['admin'],
  summary: 'An invitation, and what came of it.',
  tag: 'invitations',
  projector: invitations,
  response: invitationView,
  missing: 'There is no such invitation.',
  view: (stored) => viewOf(stored, stored.now),
});

function viewOf({ id, document }: Pick<Stored, 'id' | 'document'>, now: string): InvitationView {
  const { email, status, ...rest } = document as InvitationDocument;
  return { id, ...rest, email: shownEmail(email), status: status === 'open' && rest.until <= now ? 'expired' : status };
}
