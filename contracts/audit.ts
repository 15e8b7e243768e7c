/** The audit log: who came in, was refused, or changed what others may. The names are a storage format. */
import { z } from 'zod';
import { instant } from './fields.ts';

/**
 * What an entry is of. `operation` is an admin's order to the machinery, as to rebuild a read model; `key-use` is a request with an API key; `left-out`
 * counts what there was no room for.
 */
export const AUDIT_KINDS = [
  'login',
  'proof',
  'logout',
  'session',
  'registration',
  'confirmation',
  'password',
  'password-reset',
  'second-factor',
  'sign-in',
  'invitation',
  'role',
  'account',
  'api-key',
  'key-use',
  'outbox',
  'export',
  'operation',
  'refusal',
  'left-out',
] as const;

export type AuditKind = (typeof AUDIT_KINDS)[number];

/** An entry of the audit log. It has no address, no password and no link: of what was asked for it has the row alone. */
export const auditEntry = z.strictObject({
  id: z.string(),
  time: instant.meta({ description: 'When it happened first.' }),
  last: instant.meta({ description: 'When it happened last.' }),
  count: z.int().positive().meta({ description: 'How often it happened between the two: the same within a minute is one entry.' }),
  kind: z.enum(AUDIT_KINDS),
  outcome: z.enum(['done', 'refused']),
  status: z.int().meta({ description: 'The HTTP status of the answer.' }),
  row: z.string().meta({ description: 'What was asked for, as `PUT /api/users/:id/role`.' }),
  user: z.string().nullable().meta({ description: 'The id of who asked; null where nobody was logged in.' }),
  about: z.string().nullable().meta({ description: 'The id of the user whom it is about, where that is known.' }),
  network: z.string().meta({
    description:
      'Where it came from: an IPv4 address, or the /64 of an IPv6 address; empty where that is not known, or where who asked was erased since.',
  }),
});

export type AuditEntry = z.infer<typeof auditEntry>;
