/** A site with two flats in a house, of which somebody lives in the first, somebody works there in each role; and another site. */
import { SITE_ROLES, type SiteRole } from '../contracts/post.ts';
import type { User } from './client.fixture.ts';
import type { Installation } from './system.fixture.ts';

/** What a site is made with. */
export const COURT = { name: 'Linden Court', address: 'Lindenstraße 12, Berlin', timeZone: 'Europe/Berlin' };

export interface Court {
  id: string;
  house: string;
  flat: string;
  kitchen: string;
  other: string;
  /** Of who lives in the first flat. */
  residency: string;
}
export type Workers = Record<SiteRole, User>;

/** Makes them. */
export async function openCourt({ admin, register }: Installation, resident: User): Promise<{ court: Court; elsewhere: string; workers: Workers }> {
  const workers = {} as Workers;
  for (const role of SITE_ROLES) workers[role] = await register(role);
  const { id } = (await admin.ok('POST /api/sites', COURT)).body;
  const elsewhere = (await admin.ok('POST /api/sites', { ...COURT, name: 'Elm Court' })).body.id;
  const add = async (body: object) => (await admin.ok(`POST /api/sites/${id}/places`, body)).body.place as string;
  const house = await add({ kind: 'building', name: 'House A' });
  const flat = await add({ kind: 'unit', name: 'Flat 1', parent: house });
  const kitchen = await add({ kind: 'place', name: 'Kitchen', parent: flat });
  const other = await add({ kind: 'unit', name: 'Flat 2', parent: house });
  const { residency } = (await admin.ok(`POST /api/sites/${id}/residents`, { unit: flat, userId: resident.id })).body;
  for (const role of SITE_ROLES) await admin.ok(`PUT /api/users/${workers[role].id}/posts`, { posts: [{ role, sites: [id] }] });
  return { court: { id, house, flat, kitchen, other, residency }, elsewhere, workers };
}
