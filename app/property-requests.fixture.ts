/** A valid request for each row of property work. */
import { type Asked, type Make, one } from './asked.fixture.ts';
import type { Furnished } from './furnished.fixture.ts';

const site = one(async (make) => (await make.site()).id);
const asset = one((make) => make.asset());
const inSite =
  (name: 'place' | 'residency', more: Asked = {}): Make =>
  async ({ make }) => {
    const { id, ...parts } = await make.site();
    return { id, params: { [name]: parts[name] }, ...more };
  };
/** The token on the label of an asset. */
const labelled: Make = async (world) => ({ params: { token: await tokenOfLabel(world) } });
const filed = one(async (make) => (await make.repair()).id);
const done = one(async (make) => (await make.repair('done')).id);

async function tokenOfLabel({ make, admin }: Furnished): Promise<string> {
  const { link } = (await admin.ok(`GET /api/assets/${await make.asset()}/link`)).body;
  return link.split('/').at(-1);
}

const COLD = { cause: 'heating', subject: 'It is cold', text: 'It has been cold since Monday.' };
/** A complaint that was filed. */
async function complained({ make, admin }: Furnished): Promise<{ id: string; position: string }> {
  const { id: site } = await make.site({ units: false });
  return (await admin.ok('POST /api/complaints', { ...COLD, site })).body;
}
const complain = async (world: Furnished) => (await complained(world)).id;
const complaint: Make = async (world) => ({ id: await complain(world) });

/** A visit of somebody who is expected now, with the code that lets them in, and its site. */
async function expected({ make, admin }: Furnished): Promise<{ id: string; site: string; code: string }> {
  const { id: site } = await make.site({ units: false });
  const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const { body } = await admin.ok('POST /api/visitors', { ...VERA, site, from: inHours(-1), until: inHours(1) });
  await admin.ok(`GET /api/visitors/${body.id}`, undefined, { 'read-after': body.position });
  return { id: body.id, site, code: body.code.letters };
}
const VERA = { name: 'Vera Blume' };
const BLOCKED = () => ({ name: 'Max Muster', reason: 'He broke the door.', until: new Date(Date.now() + 86_400_000).toISOString() });
const visit: Make = async (world) => ({ id: (await expected(world)).id });

export const PROPERTY_REQUESTS: Readonly<Record<string, Make>> = {
  'PATCH /api/sites/:id': site,
  'DELETE /api/sites/:id': one(async (make) => (await make.site({ units: false })).id),
  'POST /api/sites/:id/places': site,
  'PATCH /api/sites/:id/places/:place': inSite('place'),
  'DELETE /api/sites/:id/places/:place': inSite('place'),
  'POST /api/sites/:id/residents': async ({ make }) => {
    const { id, unit } = await make.site();
    return { id, body: { unit, userId: (await make.user()).id } };
  },
  'PUT /api/sites/:id/residents/:residency/end': inSite('residency'),
  'GET /api/sites/:id': site,
  'GET /api/sites/:id/places': site,
  'GET /api/sites/:id/residents': site,
  'GET /api/sites/:id/staff': site,
  'PUT /api/sites/:id/asset-kinds': site,
  'GET /api/sites/:id/asset-kinds': site,
  'GET /api/sites/:id/labels': site,

  'POST /api/assets': async ({ make, admin }) => {
    const { id } = await make.site({ units: false });
    await admin.ok(`PUT /api/sites/${id}/asset-kinds`, { kinds: [{ kind: 'Lift', fields: [] }] });
    return { body: { site: id, kind: 'Lift', name: 'Lift' } };
  },
  'PATCH /api/assets/:id': asset,
  'PUT /api/assets/:id/place': asset,
  'POST /api/assets/:id/downtime': asset,
  'DELETE /api/assets/:id/downtime': async ({ make, admin }) => {
    const id = await make.asset();
    await admin.ok(`POST /api/assets/${id}/downtime`, { reason: 'The doors do not close.' });
    return { id };
  },
  'POST /api/assets/:id/retire': asset,
  'GET /api/assets/:id': asset,
  'POST /api/assets/:id/link': asset,
  'GET /api/assets/:id/link': asset,
  'GET /api/assets/:id/qr': asset,
  'GET /api/assets/by-link/:token': labelled,
  'GET /fault/:token': labelled,
  'POST /api/assets/by-link/:token/repairs': labelled,

  'POST /api/repairs': async ({ make }) => ({ body: { site: (await make.site({ units: false })).id, title: 'The lift stops' } }),
  'PATCH /api/repairs/:id': filed,
  'PUT /api/repairs/:id/triage': filed,
  'PUT /api/repairs/:id/assignee': async ({ make }) => {
    const { id, worker } = await make.repair('assigned');
    const { id: other } = await make.worker(worker.site);
    return { id, body: { userId: other } };
  },
  'PUT /api/repairs/:id/state': one(async (make) => (await make.repair('assigned')).id),
  'POST /api/repairs/:id/confirm': done,
  'POST /api/repairs/:id/reopen': done,
  'POST /api/repairs/:id/merge': async ({ make, admin }) => {
    const { id: into, worker } = await make.repair();
    const { id } = (await admin.ok('POST /api/repairs', { site: worker.site, title: 'The lift stands' })).body;
    return { id, body: { into } };
  },
  'POST /api/repairs/:id/comments': filed,
  'POST /api/repairs/:id/costs': filed,
  'DELETE /api/repairs/:id/costs/:cost': async ({ make, admin }) => {
    const { id } = await make.repair();
    const { cost } = (await admin.ok(`POST /api/repairs/${id}/costs`, { text: 'A rope', price: { amount: 4900, currency: 'EUR' } })).body;
    return { id, params: { cost } };
  },
  'GET /api/repairs/:id': filed,
  'GET /api/repairs/track/:token': async (world) => {
    const { tracking } = (await world.admin.ok(`POST /api/assets/by-link/${await tokenOfLabel(world)}/repairs`, { title: 'The lift stops' })).body;
    return { params: { token: tracking.split('/').at(-1) } };
  },

  'POST /api/complaints': async ({ make }) => ({ body: { ...COLD, site: (await make.site({ units: false })).id } }),
  'POST /api/complaints/anonymous': async ({ make, admin }) => {
    const { id, unit } = await make.site();
    const by = await make.user();
    await admin.ok(`POST /api/sites/${id}/residents`, { unit, userId: by.id });
    return { by, body: { ...COLD, site: id, final: true } };
  },
  'PATCH /api/complaints/:id': complaint,
  'PUT /api/complaints/:id/status': complaint,
  'POST /api/complaints/:id/escalate': complaint,
  'POST /api/complaints/:id/reopen': async (world) => {
    const id = await complain(world);
    await world.admin.ok(`PUT /api/complaints/${id}/status`, { status: 'resolved' });
    return { id };
  },
  'POST /api/complaints/:id/replies': complaint,
  'POST /api/complaints/:id/notes': complaint,
  'GET /api/complaints/:id': async (world) => {
    const { id, position } = await complained(world);
    return { id, headers: { 'read-after': position } };
  },

  'POST /api/visitors': async ({ make }) => ({
    body: {
      ...VERA,
      site: (await make.site({ units: false })).id,
      from: new Date().toISOString(),
      until: new Date(Date.now() + 3_600_000).toISOString(),
    },
  }),
  'POST /api/visitors/walk-ins': async ({ make }) => ({ body: { ...VERA, site: (await make.site({ units: false })).id } }),
  'POST /api/visitors/:id/arrive': visit,
  'POST /api/visitors/:id/leave': async (world) => {
    const { id } = await expected(world);
    await world.admin.ok(`POST /api/visitors/${id}/arrive`);
    return { id };
  },
  'POST /api/visitors/:id/refuse': visit,
  'POST /api/visitors/:id/cancel': visit,
  'POST /api/visitors/:id/code': visit,
  'GET /api/visitors/:id': visit,
  'POST /api/sites/:id/arrivals': async (world) => {
    const { site: id, code } = await expected(world);
    return { id, body: { code } };
  },
  'GET /api/sites/:id/inside': site,
  'GET /api/sites/:id/blocked': site,
  'POST /api/sites/:id/blocked': async ({ make }) => ({ id: (await make.site({ units: false })).id, body: BLOCKED() }),
  'DELETE /api/sites/:id/blocked/:entry': async ({ make, admin }) => {
    const { id } = await make.site({ units: false });
    const { entry } = (await admin.ok(`POST /api/sites/${id}/blocked`, BLOCKED())).body;
    return { id, params: { entry } };
  },
};
