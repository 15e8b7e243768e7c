/** The roles of users and API keys: a role says what its holder may do. */
import { z } from 'zod';

export const ROLES = ['admin', 'member', 'resident', 'staff', 'security', 'maintenance', 'customer-service', 'service'] as const;
export const role = z.enum(ROLES);
export type Role = z.infer<typeof role>;

/** The roles that are above others, by rank; all others have rank 0, none of them above another. */
const RANKS: Partial<Record<Acting, number>> = { system: 2, admin: 1 };

/** The role of whoever acts: a user's or a key's, or of nobody who logged in, or of this system itself. */
type Acting = Role | 'anonymous' | 'system';

/** True where a role is above another one: whoever has the lower one gives nobody the higher, and does nothing to who has it. */
export function isAbove(one: Role, other: Acting): boolean {
  return (RANKS[one] ?? 0) > (RANKS[other] ?? 0);
}
