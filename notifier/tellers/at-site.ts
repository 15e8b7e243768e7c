/** Who may be told of what happens at a site: who works there, and admins. */
import { rolesAt, type SiteRole } from '../../contracts/post.ts';
import { Withdrawn } from '../withdrawn.ts';
import type { Reader } from './teller.ts';

/**
 * Makes sure that a reader has one of the roles at a site, or is an admin; where the recipient is no user, there is nobody to ask for. Error: Withdrawn.
 */
export function assertWorksAt(reader: Reader | null, site: string, roles: readonly SiteRole[]): void {
  if (!reader || reader.user.role === 'admin' || rolesAt(reader.user, site).some((role) => roles.includes(role))) return;
  throw new Withdrawn('the recipient does not work at the site any more');
}
