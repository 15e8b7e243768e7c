/**
 * The session of the user. The refresh token is kept in localStorage, shared by all tabs, and changes with each use:
 * one tab at a time uses it (a lock), and the others find the new token there.
 */
import { type Api, ApiError, uuid } from './api.ts';

export interface Me {
  id: string;
  name: string;
  role: string;
  /**
   * What they may do until their e-mail address is confirmed: see their profile alone, or read; or what comes first: choose a password in place of a made
   * one, set up a second factor; missing: no such bound.
   */
  confined?: 'profile' | 'read' | 'password' | 'second-factor';
}

/** The part of the session that is kept across visits. */
interface Kept {
  refreshToken: string;
  user: Me;
}

/** The answer to a password where there is a second factor. */
interface Asked {
  secondFactor: { ticket: string };
}

/** The answer to logging in and refreshing; `expiresIn` in seconds. */
interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
  user?: Me;
  /** Of a login: what makes this device known at the next. */
  device?: string;
}

export interface BrowserSessionOptions {
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  api: Pick<Api, 'open'>;
  /** Runs work while no other tab runs any. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  now(): number;
  /** Called when somebody logs in or out, in this tab or another. `ended`: the session ended without a `logout` here. */
  changed(me: Me | null, ended: boolean): void;
}

export interface BrowserSession {
  me(): Me | null;
  /**
   * Resolves to the access token, a new one where it is about to expire or was refused; null where nobody is logged in. `refused`: the token that was
   * refused, or true for whatever there is. All who ask while a new one is on its way get that one. Rejects with ApiError where the server is not reached.
   */
  token(refused?: boolean | string): Promise<string | null>;
  /** The access token while it is good; null where another one would have to be asked for, which counts as a use of the session. */
  held(): string | null;
  /**
   * Logs in with the code of a sign-in at another site. Resolves to null; to the address of an account here whose password is asked for once, to be
   * given with the same code; or to the ticket for `finish` where a second factor is asked for.
   */
  signIn(code: string, given?: { password?: string; invitation?: string }): Promise<{ passwordOf: string } | { ticket: string } | null>;
  /** Logs in; resolves to null, or to the ticket for `finish` where a second factor is asked for. */
  login(email: string, password: string): Promise<string | null>;
  /** Logs in with a ticket and the proof of the second factor. */
  finish(ticket: string, proof: { code: string } | { recoveryCode: string }): Promise<void>;
  register(name: string, email: string, password: string): Promise<void>;
  logout(): Promise<void>;
  /** To be called when another tab changed the kept session. */
  reread(): void;
}

export const SESSION_KEY = 'taskledger.session';
/** Where the tokens of this device are kept, of the accounts that were in from it, also after they log out. */
export const DEVICES_KEY = 'taskledger.devices';
const MOST_DEVICES = 5;
/** Milliseconds before its end from which on a token is not used any more. */
const MARGIN = 15_000;

export function createSession({ storage, api, alone, now, changed }: BrowserSessionOptions): BrowserSession {
  let kept = read();
  let access: { token: string; until: number } | undefined;
  let refreshing: Promise<string | null> | undefined;
  /** The last registration: sent again, it has the same key, since it may have been done and its answer lost. */
  let registration: { text: string; key: string } | undefined;

  function read(): Kept | null {
    try {
      const text = storage.getItem(SESSION_KEY);
      return text ? (JSON.parse(text) as Kept) : null;
    } catch {
      return null;
    }
  }

  /** The tokens of this device, but those of one user. */
  function knownDevices(but?: string): string[] {
    try {
      const kept: unknown = JSON.parse(storage.getItem(DEVICES_KEY) ?? '[]');
      return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string' && ownerOf(one) !== but) : [];
    } catch {
      return [];
    }
  }

  function take(tokens: Tokens, user: Me): void {
    access = { token: tokens.accessToken, until: now() + tokens.expiresIn * 1_000 - MARGIN };
    keep({ refreshToken: tokens.refreshToken, user });
  }

  function keep(next: Kept | null, ended = false): void {
    const before = kept?.user;
    kept = next;
    if (next) storage.setItem(SESSION_KEY, JSON.stringify(next));
    else storage.removeItem(SESSION_KEY);
    if (isAnother(before, next?.user)) changed(next?.user ?? null, ended);
  }

  function forget(ended: boolean): void {
    access = undefined;
    keep(null, ended);
  }

  async function refresh(): Promise<string | null> {
    const [present, before] = [read(), access];
    const tokens = present && (await api.open<Tokens>('/api/token/refresh', { refreshToken: present.refreshToken }).catch(unlessPassing));
    // Unless somebody signed in anew meanwhile: the session of before is over.
    if (!access || access === before) renew(present, tokens);
    return access?.token ?? null;
  }

  function renew(present: Kept | null, tokens: Tokens | null): void {
    if (present && tokens) take(tokens, tokens.user ?? present.user);
    else forget(true);
  }

  /** Ends the session at the server, too, with the access token, or a new one where it is not good. */
  async function endSession(refreshToken: string, token: string | null): Promise<void> {
    const good = token ?? (await api.open<Tokens>('/api/token/refresh', { refreshToken })).accessToken;
    await api.open('/api/logout', undefined, { token: good });
  }

  /** Takes the tokens of who signed in, and ends the session in whose place theirs comes. */
  async function enter(tokens: Tokens & { user: Me }): Promise<void> {
    const [before, token] = [read(), held()];
    take(tokens, tokens.user);
    if (before) await endSession(before.refreshToken, token).catch(() => undefined);
  }

  function remember(device: string | undefined): void {
    if (device) storage.setItem(DEVICES_KEY, JSON.stringify([device, ...knownDevices(ownerOf(device))].slice(0, MOST_DEVICES)));
  }

  async function login(email: string, password: string): Promise<string | null> {
    const answer = await api.open<(Tokens & { user: Me }) | Asked>('/api/login', { email, password, devices: knownDevices() });
    if ('secondFactor' in answer) return answer.secondFactor.ticket;
    remember(answer.device);
    take(answer, answer.user);
    return null;
  }

  const held = () => (kept && access && access.until > now() ? access.token : null);

  return {
    me: () => kept?.user ?? null,
    held,
    async token(refused = false) {
      if (!kept) return null;
      const token = held();
      // What was refused late may have been renewed since.
      const isGood = refused === false || (refused !== true && refused !== token);
      // One that is being renewed was refused to somebody: whoever sent it again would be refused, too.
      if (token && isGood && !refreshing) return token;
      refreshing ??= alone(refresh).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
    login,
    signIn: (code, given) =>
      alone(async () => {
        const answer = await api.open<(Tokens & { user: Me }) | Asked | { asksPasswordOf: string }>('/api/oidc/tokens', { code, ...given });
        if ('asksPasswordOf' in answer) return { passwordOf: answer.asksPasswordOf };
        if ('secondFactor' in answer) return { ticket: answer.secondFactor.ticket };
        await enter(answer);
        return null;
      }),
    finish: (ticket, proof) =>
      alone(async () => {
        const tokens = await api.open<Tokens & { user: Me }>('/api/login/second-factor', { ticket, ...proof });
        remember(tokens.device);
        await enter(tokens);
      }),
    async register(name, email, password) {
      const body = { name, email, password };
      const text = JSON.stringify(body);
      if (registration?.text !== text) registration = { text, key: uuid() };
      await api.open('/api/users', body, { key: registration.key });
      await login(email, password);
      registration = undefined;
    },
    async logout() {
      const [present, token] = [kept, held()];
      forget(false);
      if (present) await endSession(present.refreshToken, token).catch(() => undefined);
    },
    reread() {
      const before = kept?.user;
      kept = read();
      if (!isAnother(before, kept?.user)) return;
      access = undefined;
      changed(kept?.user ?? null, kept === null);
    },
  };
}

/** The user of a device's token: the text before its first dot. */
const ownerOf = (device: string) => device.split('.')[0];
/** True where the page is to begin anew: for another user, or for one who may do other things now. */
function isAnother(before: Me | undefined, after: Me | undefined): boolean {
  return before?.id !== after?.id || before?.confined !== after?.confined;
}

/** Null where an error means that the session is over. Any other error is thrown. */
function unlessPassing(error: unknown): null {
  if (!(error instanceof ApiError) || error.passing || error.status === 429 || error.status >= 500) throw error;
  return null;
}

/** Runs work while no other tab runs any, where the browser has locks (secure contexts). */
export async function oneTabAtATime<T>(work: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return work();
  return (await navigator.locks.request('taskledger.refresh', work)) as T;
}
