/** POST /api/admin/media/url-keys: a new key for the addresses of files. */
import { z } from 'zod';
import type { RouteWith } from '../../platform/http/route.ts';
import type { UrlKeys } from './url-keys.ts';

export interface RotateContext {
  urlKeys: Pick<UrlKeys, 'rotate'>;
}

export const rotateRoute: RouteWith<RotateContext> = {
  row: {
    method: 'POST',
    path: '/api/admin/media/url-keys',
    audit: 'operation',
    who: ['admin'],
    summary: 'Make a new key for the addresses of files: it signs from now on, and addresses of those before it are good until their end.',
    tag: 'admin',
    status: 201,
    response: z.strictObject({ key: z.string().meta({ description: 'The id of the new key, as addresses name it.' }) }),
  },
  answer: async ({ urlKeys }) => ({ status: 201, body: { key: await urlKeys.rotate() } }),
};
