/** Who may see a site in an answer: admins, who works there, and who lives there at the time of the question. */
import type { Position } from '../../contracts/message.ts';
import { postsOf, rolesAt, SITE_ROLES, type SiteRole } from '../../contracts/post.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Caller, RouteRequest } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { type ResidentDocument, residents } from '../../projections/projectors/residents.ts';
import { type SiteDocument, sites } from '../../projections/projectors/sites.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';

/** The most units in which somebody is looked for to live at a time. */
const MOST_HOMES = 200;

/** The time of a query: ISO 8601, UTC. */
export function timeOf(context: QueryContext): string {
  return context.now?.() ?? new Date().toISOString();
}

/** The conditions for who lives somewhere at a time. */
export function livingAt(time: string): Condition[] {
  return [
    { field: 'from', op: 'lte', value: time },
    { field: 'end', op: 'gt', value: time },
  ];
}

/** The stretches in which the caller lives somewhere now. Errors: those of `reading`. */
export async function homesOf(context: QueryContext, request: RouteRequest): Promise<ResidentDocument[]> {
  const where: Condition[] = [{ field: 'userId', op: 'eq', value: callerOf(request).id }, ...livingAt(timeOf(context))];
  const find = { where, sort: [{ field: 'from', descending: true }], limit: MOST_HOMES };
  const { result } = await reading(context, residents, request, ({ list }) => list(find));
  return result.map(({ document }) => document as ResidentDocument);
}

/** The sites that a caller works at; `all` where no list says which. */
export function workplacesOf(caller: Caller): 'all' | string[] {
  const posts = postsOf(caller);
  if (caller.role === 'admin' || posts.some(({ sites }) => sites.length === 0)) return 'all';
  return posts.flatMap(({ sites }) => sites);
}

/** The roles that a caller has at a site: an admin has all. */
export function rolesOfCaller(caller: Caller, site: string): SiteRole[] {
  return caller.role === 'admin' ? [...SITE_ROLES] : rolesAt(caller, site);
}

/** The sites at whose desk a caller is, as staff or security; `all` where no list says which. */
export function desksOf(caller: Caller): 'all' | string[] {
  const posts = postsOf(caller).filter(({ role }) => isOfDesk(role));
  if (caller.role === 'admin' || posts.some(({ sites }) => sites.length === 0)) return 'all';
  return posts.flatMap(({ sites }) => sites);
}

/** True for who is at the desk of a site: its staff, its security, and admins. */
export function isAtDesk(caller: Caller, site: string): boolean {
  return rolesOfCaller(caller, site).some(isOfDesk);
}

const isOfDesk = (role: SiteRole) => role === 'staff' || role === 'security';

/** A site as a caller may see it. */
export interface SeenSite {
  id: string;
  document: SiteDocument;
  /** The position of the read model from which it is. */
  position: Position;
  roles: SiteRole[];
  /** The units of this site in which the caller lives now; looked up for those alone who have no role there. */
  units: string[];
}

/** The site of the path. Errors: ProblemError `not_found` where there is none that the caller may see; those of `reading`. */
export async function seenSite(context: QueryContext, request: RouteRequest): Promise<SeenSite> {
  const id = request.params.id ?? '';
  const roles = rolesOfCaller(callerOf(request), id);
  const homes = roles.length > 0 ? [] : await homesOf(context, request);
  const units = homes.flatMap(({ site, unit }) => (site === id ? [unit] : []));
  const { position, result } = await reading(context, sites, request, ({ one }) => one(id));
  if (!result?.document || roles.length + units.length === 0) throw new ProblemError('not_found', 'There is no such site.');
  return { id, document: result.document as SiteDocument, position, roles, units };
}
