/** What requests tell the audit log: which of them, and what of them. */
import type { AuditEntry, AuditKind } from '../../contracts/audit.ts';
import type { Context } from './endpoint.ts';
import { networkOf } from './limits/limits.ts';
import type { AuditNote } from './route.ts';

/** What an entry of the audit log says of one request. */
export type Audited = Omit<AuditEntry, 'id' | 'time' | 'last' | 'count'>;

const REFUSED: ReadonlySet<number> = new Set([401, 403, 429]);

/** A request as it was answered. */
export interface AnsweredRequest {
  /** As `/api/users/:id`. */
  route: string;
  method: string;
  status: number;
  params: Record<string, string>;
  /** The id of who asked. */
  user: string | null;
  /** Missing for the operator, who asks from nowhere. */
  ip?: string;
  audit: AuditNote;
  /** True where a backend asked with its key. */
  byKey?: boolean;
}

/** What the audit log is told of a request that was answered; none where it is told nothing. What else was done was done, however the request ended. */
export function auditedOf({ audit, ...answered }: AnsweredRequest): Audited[] {
  const { route, method, status, params, user, ip = '' } = answered;
  const about = audit.user ?? (route.startsWith('/api/users/:id') ? idIn(params) : null);
  const common = { status, row: `${method} ${route}`, user, about, network: audit.untraced ? '' : networkOf(ip).slice(0, 64) };
  const kind = kindOf({ audit, ...answered });
  const outcome = status < 400 ? 'done' : 'refused';
  const also = (audit.also ?? []).map((one) => ({ kind: one, outcome: 'done' as const, ...common }));
  return [...(kind ? [{ kind, outcome, ...common } as const] : []), ...also];
}

/** What the audit log is told of a request over HTTP that was answered. */
export function auditedIn({ state, status, method, ip }: Context): Audited[] {
  const { route, caller, audit = {}, params = {}, apiKey, isUnnamed } = state;
  if (!route || isUnnamed) return [];
  return auditedOf({ route, method, status, params, user: caller?.id ?? null, ip, audit, byKey: Boolean(apiKey && caller) });
}

/** The id of a path; null where somebody typed something else in its place. */
function idIn({ id = '' }: Record<string, string>): string | null {
  return /^[0-9a-f-]{36}$/i.test(id) ? id.toLowerCase() : null;
}

/** Failures of ours are none of a caller's: they are in the log of the process. */
function kindOf({ status, audit, byKey }: AnsweredRequest): AuditKind | null {
  if (status >= 500) return null;
  if (audit.kind) return audit.kind;
  if (REFUSED.has(status)) return 'refusal';
  return byKey ? 'key-use' : null;
}
