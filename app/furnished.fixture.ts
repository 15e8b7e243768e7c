/** An installation in a process whose dependencies can be away, and the things that are made in it for one question each. */
import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { startProvider } from '../notifier/texter/http/provider.fixture.ts';
import { logIn, type User } from '../system/client.fixture.ts';
import { UNLIMITED } from '../system/unlimited.fixture.ts';
import { type DependentProcess, openDependent } from './absence.fixture.ts';

const ADMIN = { name: 'Administrator', email: 'admin@localhost.localdomain', password: 'the admin of the tests' };
const PATIENCE = { timeout: 60_000, interval: 50 };

export interface Furnished {
  process: DependentProcess;
  /** Somebody new, confirmed and logged in. */
  user(): Promise<User>;
  /** The id of a new site that queries have. */
  site(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts it, with an admin, and with a provider of SMS. Nobody is limited. */
export async function furnish(): Promise<Furnished> {
  const provider = await startProvider(() => 'take');
  const process = await openDependent({ ADMIN_PASSWORD: ADMIN.password, ...UNLIMITED, SMS_URL: provider.url, SMS_FROM: '+4930123456' });
  const admin = await logIn(() => process.url, ADMIN);
  return {
    process,
    user: async () => {
      const account = { name: 'Carol', email: `${randomUUID()}@example.org`, password: 'a long phrase of theirs' };
      const { body, headers } = await admin.ok('POST /api/users', account);
      await admin.ok(`POST /api/users/${body.id}/confirm`);
      await admin.ok('GET /api/users', undefined, { 'read-after': headers.get('position') ?? '' });
      return logIn(() => process.url, account);
    },
    site: async () => {
      const { body } = await admin.ok('POST /api/sites', { name: 'Linden Court', address: 'Lindenstraße 12', timeZone: 'Europe/Berlin' });
      await vi.waitFor(async () => expect((await admin.call(`GET /api/sites/${body.id}`)).status).toBe(200), PATIENCE);
      return body.id;
    },
    stop: async () => {
      await process.stop();
      await provider.stop();
    },
  };
}
