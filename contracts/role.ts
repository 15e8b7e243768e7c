/** What somebody may do is said by their role. */
import { z } from 'zod';

export const ROLES = ['admin', 'member', 'resident', 'staff', 'security', 'maintenance', 'customer-service', 'service'] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;
