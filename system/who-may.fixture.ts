/** Who may use each route, where TASK_VISIBILITY is `own`: groups of those who ask, with the routes that let just these in. */

import { rowName } from '../app/rows.ts';
import { pageRoutes } from '../gateway/page-routes.ts';
import { wellKnownRoutes } from '../gateway/well-known.ts';
import { rowsOf } from '../platform/http/route.ts';

/** Those who ask: without a token; not confirmed; a member without any part in the thing; its owner; who is assigned; the other roles; a backend's key. */
export const ASKERS = [
  ...(['nobody', 'unconfirmed', 'stranger', 'owner', 'assignee'] as const),
  ...(['resident', 'staff', 'security', 'maintenance', 'customer-service', 'admin', 'key'] as const),
];
export type Asker = (typeof ASKERS)[number];

/** Those who work at sites. */
const AT_SITES: readonly Asker[] = ['staff', 'security', 'maintenance', 'customer-service'];

const USERS = ASKERS.slice(ASKERS.indexOf('stranger'), ASKERS.indexOf('key'));

/** The groups, each with its routes as `METHOD /path`. */
export const WHO_MAY: readonly { who: readonly Asker[]; routes: readonly string[] }[] = [
  {
    who: ASKERS,
    routes: [
      // The page, which is the same at each of its places.
      ...rowsOf(pageRoutes).map(rowName),
      ...rowsOf(wellKnownRoutes).map(rowName),
      ...['GET /openapi.json', 'GET /asyncapi.json', 'GET /docs'],
      ...['GET /livez', 'GET /readyz', 'GET /metrics', 'GET /media/:id/:size', 'POST /api/notifications/:id/sms-status'],
      ...['POST /api/users', 'GET /api/session-rules', 'POST /api/login', 'POST /api/token/refresh', 'POST /api/confirmations'],
      ...['POST /api/confirmation-mails', 'POST /api/password-resets', 'POST /api/password-resets/finish', 'POST /api/invitations/accept'],
      ...['GET /api/unsubscribe', 'POST /api/unsubscribe', 'GET /api/assets/by-link/:token', 'GET /fault/:token'],
      ...['POST /api/assets/by-link/:token/repairs', 'GET /api/repairs/track/:token'],
      ...['GET /api/oidc/start', 'GET /api/oidc/callback', 'POST /api/oidc/tokens'],
      ...['POST /api/login/second-factor', 'GET /api/erasure', 'POST /api/link-checks'],
    ],
  },
  {
    who: ['unconfirmed', ...USERS],
    routes: [
      'POST /api/logout',
      'GET /api/sessions',
      'DELETE /api/sessions',
      'GET /api/me',
      'POST /api/me/proof',
      'GET /api/me/notifications',
      'POST /api/me/confirmation',
    ],
  },
  {
    who: USERS,
    routes: [
      ...['POST /api/tasks', 'POST /api/orders', 'POST /api/media', 'POST /api/media/direct/finish', 'GET /api/media/urls', 'GET /api/users/:id'],
      ...['GET /api/tasks', 'GET /api/inbox', 'GET /api/orders', 'GET /api/media', 'POST /api/inbox/read-all', 'PUT /api/me/password'],
      ...['POST /api/email-changes/finish', 'PUT /api/me/notifications', 'GET /api/dashboard'],
      ...['PUT /api/me/phone', 'POST /api/me/phone/confirm', 'DELETE /api/me/phone'],
      ...['GET /api/me/second-factor', 'POST /api/me/second-factor', 'POST /api/me/second-factor/confirm', 'DELETE /api/me/second-factor'],
      ...[
        'POST /api/me/second-factor/recovery-codes',
        'GET /api/me/sign-ins',
        'GET /api/sites',
        'GET /api/assets',
        'GET /api/repairs',
        'GET /api/complaints',
      ],
      // What is wrong in the body is told to whoever is logged in: a site where they neither live nor are staff.
      ...['POST /api/visitors', 'GET /api/visitors'],
    ],
  },
  { who: [...USERS, 'key'], routes: ['GET /api/notifications'] },
  { who: USERS.filter((one) => one !== 'resident'), routes: ['GET /api/users'] },
  { who: ['owner'], routes: ['PUT /api/notifications/:id/read', 'DELETE /api/sessions/:id'] },
  {
    who: ['owner', 'admin'],
    routes: [
      ...['PATCH /api/users/:id', 'DELETE /api/users/:id', 'POST /api/tasks/:id/restore', 'GET /api/orders/:id', 'POST /api/orders/:id/cancel'],
      ...['PUT /api/media/:id/attachment', 'PUT /api/media/:id/access', 'DELETE /api/users/:id/email-change'],
      ...['GET /api/users/:id/export', 'GET /api/users/:id/posts'],
    ],
  },
  {
    who: ['owner', 'assignee', 'admin'],
    routes: [
      ...['GET /api/tasks/:id', 'GET /api/tasks/:id/history', 'PATCH /api/tasks/:id', 'DELETE /api/tasks/:id', 'PUT /api/tasks/:id/assignee'],
      ...['PUT /api/tasks/:id/status', 'POST /api/tasks/:id/comments', 'GET /api/media/:id', 'GET /api/media/:id/url', 'DELETE /api/media/:id'],
      ...['DELETE /api/media/:id/attachment', 'PUT /api/tasks/:id/watchers/me', 'DELETE /api/tasks/:id/watchers/me'],
    ],
  },
  {
    who: ['admin', 'key'],
    routes: [
      ...['POST /api/notifications/send', 'POST /api/notifications/:id/cancel', 'GET /api/notifications/:id'],
      'GET /api/notifications/:id/status',
    ],
  },
  {
    who: ['admin'],
    routes: [
      ...['POST /api/users/:id/confirm', 'PUT /api/users/:id/role', 'GET /outbox', 'POST /api/admin/orders/:id/retry'],
      ...['GET /api/admin/dead-letters', 'GET /api/admin/dead-letters/:id', 'POST /api/admin/dead-letters/retry'],
      ...['POST /api/admin/dead-letters/:id/retry', 'POST /api/admin/dead-letters/:id/discard', 'POST /api/admin/media/url-keys'],
      'GET /api/admin/media/differences',
      ...['POST /api/admin/api-keys', 'GET /api/admin/api-keys', 'DELETE /api/admin/api-keys/:id', 'GET /api/admin/queues'],
      ...['GET /api/admin/projections', 'POST /api/admin/projections/:name/rebuild', 'GET /api/admin/projections/:name/rebuild'],
      ...['POST /api/invitations', 'GET /api/invitations', 'GET /api/invitations/:id', 'POST /api/invitations/:id/send-again'],
      ...['DELETE /api/invitations/:id', 'GET /api/admin/audit', 'GET /api/users/:id/sessions', 'DELETE /api/users/:id/sessions'],
      ...['DELETE /api/users/:id/sessions/:session', 'GET /api/admin/users'],
      ...['GET /api/users/:id/second-factor', 'DELETE /api/users/:id/second-factor'],
      ...['GET /api/admin/parked', 'POST /api/admin/parked/:follower/:stream/release', 'POST /api/admin/parked/:follower/:stream/discard'],
      'POST /api/admin/erasures/verify',
    ],
  },
  // The roles of accounts that no post bounds work at all sites; the owner lives in a unit of this one.
  {
    who: ['owner', ...AT_SITES, 'admin'],
    routes: ['GET /api/sites/:id', 'GET /api/sites/:id/places', 'GET /api/sites/:id/residents', 'GET /api/assets/:id'],
  },
  {
    who: [...AT_SITES, 'admin'],
    routes: [
      'GET /api/sites/:id/staff',
      'GET /api/sites/:id/asset-kinds',
      'GET /api/sites/:id/labels',
      'GET /api/assets/:id/link',
      'GET /api/assets/:id/qr',
    ],
  },
  {
    who: ['owner', ...AT_SITES, 'admin'],
    routes: ['POST /api/repairs', 'GET /api/repairs/:id', 'POST /api/repairs/:id/comments'],
  },
  // It is done, and the owner filed it.
  { who: ['owner'], routes: ['POST /api/repairs/:id/confirm'] },
  { who: ['owner', 'staff', 'admin'], routes: ['POST /api/repairs/:id/reopen'] },
  {
    who: ['staff', 'maintenance', 'admin'],
    routes: [
      ...['PUT /api/repairs/:id/triage', 'PUT /api/repairs/:id/state'],
      ...['POST /api/repairs/:id/costs', 'DELETE /api/repairs/:id/costs/:cost'],
    ],
  },
  { who: ['staff', 'maintenance', 'admin'], routes: ['POST /api/assets/:id/downtime', 'DELETE /api/assets/:id/downtime'] },
  { who: ['owner', 'staff', 'security', 'admin'], routes: ['GET /api/visitors/:id'] },
  { who: ['owner', 'staff', 'admin'], routes: ['POST /api/visitors/:id/cancel', 'POST /api/visitors/:id/code'] },
  {
    who: ['staff', 'security', 'admin'],
    routes: [
      ...['POST /api/visitors/walk-ins', 'POST /api/visitors/:id/arrive', 'POST /api/visitors/:id/leave', 'POST /api/visitors/:id/refuse'],
      ...['GET /api/sites/:id/inside', 'POST /api/sites/:id/arrivals', 'GET /api/sites/:id/blocked'],
    ],
  },
  {
    who: ['staff', 'admin'],
    routes: [
      ...['PATCH /api/sites/:id', 'POST /api/sites/:id/places', 'PATCH /api/sites/:id/places/:place', 'DELETE /api/sites/:id/places/:place'],
      ...['POST /api/sites/:id/residents', 'PUT /api/sites/:id/residents/:residency/end'],
      ...[
        'PUT /api/sites/:id/asset-kinds',
        'POST /api/assets',
        'PATCH /api/assets/:id',
        'PUT /api/assets/:id/place',
        'POST /api/assets/:id/retire',
        'POST /api/assets/:id/link',
      ],
      ...['PATCH /api/repairs/:id', 'PUT /api/repairs/:id/assignee', 'POST /api/repairs/:id/merge'],
      ...['POST /api/sites/:id/blocked', 'DELETE /api/sites/:id/blocked/:entry'],
    ],
  },
  { who: ['owner'], routes: ['POST /api/complaints/anonymous'] },
  {
    who: ['owner', 'staff', 'customer-service', 'admin'],
    routes: ['POST /api/complaints', 'GET /api/complaints/:id', 'POST /api/complaints/:id/reopen', 'POST /api/complaints/:id/replies'],
  },
  {
    who: ['staff', 'customer-service', 'admin'],
    routes: [
      ...['PATCH /api/complaints/:id', 'PUT /api/complaints/:id/status', 'POST /api/complaints/:id/escalate'],
      'POST /api/complaints/:id/notes',
    ],
  },
  { who: ['admin'], routes: ['POST /api/sites', 'DELETE /api/sites/:id', 'PUT /api/users/:id/posts'] },
  // Embedded files take none, and nobody has a sign-in or was erased here: 404 for all who are logged in. Accounts are made and changed by the operator alone, from the command line.
  { who: [], routes: ['POST /api/media/direct', 'DELETE /api/me/sign-ins/:id', 'POST /api/admin/accounts', 'GET /api/users/:id/erasure'] },
];

/** Those who have to do something first: confirm their address, choose a password of their own, set up a second factor. They follow nothing until then. */
export const CONFINED = ['unconfirmed', 'with a made password', 'without a second factor'] as const;

/** Those who ask for topics. Of the roles that have to have a second factor nobody else is here. */
export const FOLLOWERS = [
  ...(['nobody', 'key'] as const),
  ...CONFINED,
  ...(['stranger', 'owner', 'assignee', 'resident', 'staff', 'security', 'maintenance', 'admin'] as const),
];
export type Follower = (typeof FOLLOWERS)[number];

const LET_IN = FOLLOWERS.filter((one) => one !== 'nobody' && one !== 'key' && !(CONFINED as readonly Follower[]).includes(one));
const NO_POSTS: readonly Follower[] = ['staff', 'security', 'maintenance', 'admin'];

/** Every topic with those who may follow it. `<owner>`, and `<task>`, which is the owner's and the assignee's work; `<site>`, at which nobody has a post. Nobody names whose `notifications`: they are one's own. */
export const WHO_FOLLOWS: readonly { topic: string; who: readonly Follower[] }[] = [
  { topic: 'tasks', who: ['admin'] },
  { topic: 'task:<task>', who: ['owner', 'assignee', 'admin'] },
  { topic: 'user:<owner>', who: ['owner', 'admin'] },
  { topic: 'notifications', who: LET_IN },
  { topic: 'invitations', who: ['admin'] },
  { topic: 'profiles', who: LET_IN },
  { topic: 'sites', who: NO_POSTS },
  { topic: 'site:<site>:security', who: ['security', 'admin'] },
  { topic: 'role:member', who: ['stranger', 'owner', 'assignee', 'admin'] },
  { topic: 'role:admin', who: ['admin'] },
];
