/** Routes of API keys, for admins. */
import { z } from 'zod';
import { instant } from '../../contracts/fields.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { typedLine } from '../../contracts/typed-text.ts';
import type { RouteWith } from '../../platform/http/route.ts';
import type { ApiKeys } from './api-keys.ts';
import { expectFreshLogin } from './fresh-login.ts';
import { callerIn } from './session-routes.ts';
import type { Sessions } from './sessions.ts';

const RATE = 'must be a whole number from 1 to 100000';
const keyBody = z.strictObject({
  name: typedLine(1, 100).meta({ description: 'Which backend has it.' }),
  requestsPerMinute: z
    .int(RATE)
    .min(1, RATE)
    .max(100_000, RATE)
    .optional()
    .meta({ description: 'As many as API_KEY_LIMIT says, if nothing is said.' }),
});
const keyView = z.strictObject({
  id: z.guid().meta({ description: 'Also the actor of what it asks for.' }),
  name: z.string(),
  requestsPerMinute: z.int(),
  createdAt: instant,
  lastUsed: instant.nullable().meta({ description: 'The hour in which it was last used; null: never.' }),
});
const newKey = keyView.extend({ key: z.string().meta({ description: 'For Authorization: Bearer; shown only now.' }) });

const FOR_ADMINS = { who: ['admin'], tag: 'admin' } as const;

/** The routes that make, list and revoke keys. */
export const apiKeyRoutes: readonly RouteWith<{ apiKeys: ApiKeys; sessions: Sessions }>[] = [
  {
    row: {
      ...FOR_ADMINS,
      method: 'POST',
      path: '/api/admin/api-keys',
      audit: 'api-key',
      summary: 'Make an API key for another backend; the key is shown only now. Each request makes one. Wants a fresh login.',
      body: keyBody,
      status: 201,
      response: newKey,
      example: { name: 'web shop', requestsPerMinute: 600 },
    },
    answer: async ({ apiKeys, sessions }, { body, caller }) => {
      await expectFreshLogin(sessions, callerIn(caller));
      const made = await apiKeys.issue({ ...(body as z.output<typeof keyBody>), madeBy: callerIn(caller).id });
      return { status: 201, headers: { Location: `/api/admin/api-keys/${made.id}`, 'Cache-Control': 'no-store' }, body: made };
    },
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'GET',
      path: '/api/admin/api-keys',
      summary: 'API keys, without the keys themselves, newest first.',
      response: z.strictObject({ items: z.array(keyView) }),
    },
    answer: async ({ apiKeys }) => ({ body: { items: await apiKeys.list() } }),
  },
  {
    row: {
      ...FOR_ADMINS,
      method: 'DELETE',
      path: '/api/admin/api-keys/:id',
      audit: 'api-key',
      summary: 'Revoke an API key: at once here, within 5 seconds in every other process.',
    },
    answer: async ({ apiKeys }, { params }) => {
      if (!(await apiKeys.revoke(params.id ?? ''))) throw new ProblemError('not_found', 'There is no such API key.');
      return { status: 204 };
    },
  },
];
