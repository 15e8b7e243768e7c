import type { ToldOfVisit } from '../../contracts/notifications/visit.ts';
import { rolesAt } from '../../contracts/post.ts';
import type { SiteState } from '../../write-side/deciders/site-state.ts';
import type { VisitState } from '../../write-side/deciders/visit-state.ts';
import { Withdrawn } from '../withdrawn.ts';
import { type Reader, type Teller, whole } from './teller.ts';

/** Tells of a visit to its host, and to whoever is at the desk of its site. */
export const tellOfVisit: Teller<ToldOfVisit> = async ({ about, reader }, context) => {
  const visit = await whole<VisitState>(about.stream, context);
  if (!visit.exists) throw new Withdrawn('the visit is not there any more');
  if (!mayKnow(reader, visit)) throw new Withdrawn('the recipient may not know of the visit any more');
  const { fields } = await whole<SiteState>(`site-${visit.site}`, context);
  return { place: fields.name, people: visit.people, here: visit.status === 'arrived' };
};

function mayKnow(reader: Reader | null, { site, host }: VisitState): boolean {
  // A number is no user, whom one could ask.
  if (reader === null) return true;
  const roles: readonly string[] = rolesAt(reader.user, site);
  return reader.id === host || reader.user.role === 'admin' || roles.includes('staff') || roles.includes('security');
}
