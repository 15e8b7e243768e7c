import { expect, it } from 'vitest';
import { openInstallation } from './identity.fixture.ts';
import { REGISTRATIONS } from './session-rules.ts';

const ANN = { name: 'Ann', email: 'ann@example.org', password: 'correct horse battery' };

it.each(REGISTRATIONS)('a page learns that registration is %s, and a registration that is not wanted is refused', async (registrations) => {
  const here = await openInstallation({ registrations });
  try {
    expect((await here.call('GET /api/session-rules')).body).toEqual({ registration: registrations, directUploads: false });
    const { status, body, headers } = await here.call('POST /api/users', ANN);
    if (registrations === 'open') expect(status).toBe(201);
    else {
      expect([status, body.code, headers.get('content-type')]).toEqual([403, 'forbidden', 'application/problem+json']);
      expect(body.detail).toContain(registrations === 'invited' ? 'invited' : 'closed');
      expect(await here.events()).toEqual([]);
      expect(here.stored('credentials')).toEqual([]);
    }
  } finally {
    await here.close();
  }
});
