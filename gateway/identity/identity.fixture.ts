/** Identity on real stores in its own folder, behind the real app. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { Role } from '../../contracts/role.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { createApp } from '../../platform/http/app.ts';
import { askedAgain } from '../../platform/http/asked-again.fixture.ts';
import type { Audited } from '../../platform/http/audited.ts';
import { type LimitOptions, openLimits } from '../../platform/http/limits/limits.ts';
import { routesWith } from '../../platform/http/route.ts';
import { commandsOn } from '../../system/commands.fixture.ts';
import { commandRoutes } from '../../write-side/command-routes.ts';
import { type IdentityOptions, openIdentity } from './identity.ts';
import { loadKeys } from './keys.ts';
import type { OidcSettings } from './oidc/settings.ts';
import { openSecrets } from './secrets/open.ts';
import type { Registrations } from './session-rules.ts';

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

/** The header of a caller with this token. */
export const as = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });

/** Opens an installation; `advance` lets time pass. */
export async function openInstallation(
  options: {
    limits?: LimitOptions;
    taskVisibility?: 'team' | 'own';
    unconfirmed?: 'none' | 'read' | 'all';
    registrations?: Registrations;
    oidc?: OidcSettings;
    requireSecondFactor?: readonly Role[];
    sendsSms?: boolean;
  } = {},
) {
  const dataDir = mkdtempSync(join(tmpdir(), 'identity-'));
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  let offset = 0;
  let passed = 0;
  const now = () => new Date(Date.now() + offset);
  const clock = () => performance.now() + passed;
  const secrets = await openSecrets('sqlite:', { dataDir, log, now });
  const store = await openEventStore('sqlite:', { dataDir, log });
  const keys = await loadKeys(secrets, {});
  const commands = commandsOn(store, keys.hmac);
  const limits = await openLimits('memory:', { hmac: keys.hmac, ...options.limits });
  const config = {
    taskVisibility: options.taskVisibility ?? ('team' as const),
    unconfirmed: options.unconfirmed ?? ('all' as const),
    registrations: options.registrations ?? ('open' as const),
    requireSecondFactor: options.requireSecondFactor ?? [],
    sendsSms: options.sendsSms ?? false,
  };
  /** The address of the pages, once it is known. */
  const place = { url: '' };
  const oidc = options.oidc && { settings: options.oidc, publicUrl: () => place.url };
  const identityOptions: IdentityOptions = { secrets, keys, commands, store, config, limits, oidc, log, now, clock, passwords: { waiting: 500 } };
  const identity = await openIdentity(identityOptions);
  const changed = (type: string, id: string) => {
    if (type === 'ChangeUserRole' || type === 'SetUserPosts' || type === 'ConfirmUser') return identity.onUserChanged(id);
    return type === 'DeleteUser' ? identity.onUserDeleted(id) : undefined;
  };
  const routes = [
    ...identity.routes,
    ...routesWith({ commands, hmac: keys.hmac, limits, expectFresh: identity.expectFresh, changed, now: () => now().toISOString() }, commandRoutes),
  ];
  const { accessTokens, callerOf, admit } = identity;
  const audited: Audited[] = [];
  const audit = (seen: Audited) => audited.push(seen);
  const app = createApp({ routes, audit, accessTokens, callerOf, admit, limit: limits.consume, origins: [], trustProxy: true, log });
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  place.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** `POST /api/login` with a JSON body, or a text sent as it is. */
  async function call(what: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const [method = '', path] = what.split(' ');
    const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const response = await askedAgain(() =>
      fetch(`${place.url}${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, body: sent ?? null }),
    );
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }

  async function events(stream?: string): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    for await (const page of stream ? store.readStream(stream) : store.readAll()) found.push(...page);
    return found;
  }

  async function bookkeeping(): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    for await (const page of store.readAll({ log: 'bookkeeping' })) found.push(...page);
    return found;
  }

  /** Keys of the records of a kind, as the file has them. */
  function stored(kind: string): string[] {
    const db = new DatabaseSync(join(dataDir, 'secrets.db'), { readOnly: true });
    const rows = db.prepare('SELECT key FROM secrets WHERE kind = ?').all(kind);
    db.close();
    return rows.map((row) => String(row.key));
  }

  return {
    url: place.url,
    /** What the audit log was told, in order. */
    audited,
    call,
    stored,
    events,
    bookkeeping,
    lines,
    secrets,
    store,
    commands,
    identity,
    identityOptions,
    dataDir,
    advance: (milliseconds: number) => {
      offset += milliseconds;
      passed += milliseconds;
    },
    /** Sets the time of day on, or back; no time passes. */
    setClock: (milliseconds: number) => {
      offset += milliseconds;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await commands.settle();
      await store.close();
      await secrets.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

export type Installation = Awaited<ReturnType<typeof openInstallation>>;
