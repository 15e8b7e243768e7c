/** What requests tell the audit log: which of them, and what of them. */
import type { AuditEntry, AuditKind } from '../../contracts/audit.ts';
import type { Context } from './endpoint.ts';
import { networkOf } from './limits/limits.ts';

/** What an entry of the audit log says of one request. */
export type Audited = Omit<AuditEntry, 'id' | 'time' | 'last' | 'count'>;

const REFUSED: ReadonlySet<number> = new Set([401, 403, 429]);

/** What the audit log is told of a request that was answered; null where it is told nothing. */
export function auditedIn(ctx: Context): Audited | null {
  const { route, caller, audit = {}, params = {} } = ctx.state;
  const kind = kindOf(ctx);
  if (!kind || !route) return null;
  const { status, method, ip } = ctx;
  const about = audit.user ?? (route.startsWith('/api/users/:id') ? idIn(params) : null);
  const outcome = status < 400 ? 'done' : 'refused';
  return { kind, outcome, status, row: `${method} ${route}`, user: caller?.id ?? null, about, network: networkOf(ip).slice(0, 64) };
}

/** The id of a path; null where somebody typed something else in its place. */
function idIn({ id = '' }: Record<string, string>): string | null {
  return /^[0-9a-f-]{36}$/i.test(id) ? id.toLowerCase() : null;
}

/** Failures of ours are none of a caller's: they are in the log of the process. */
function kindOf({ status, state }: Context): AuditKind | null {
  const { audit = {}, apiKey, caller } = state;
  if (status >= 500) return null;
  if (audit.kind) return audit.kind;
  if (REFUSED.has(status)) return 'refusal';
  return apiKey && caller ? 'key-use' : null;
}
