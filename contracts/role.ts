/** The roles of users and API keys: a role says what its holder may do. */
import { z } from 'zod';

export const ROLES = ['admin', 'member', 'resident', 'staff', 'security', 'maintenance', 'customer-service', 'service'] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;
