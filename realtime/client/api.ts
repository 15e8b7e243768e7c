/** The HTTP API for the page. A command keeps one Idempotency-Key through all its attempts, so that repeating it is safe. */
import { type FieldError, FRESH_LOGIN_NEEDED, type Problem } from '../../contracts/problem.ts';

/** The server refused a request, or was not reached (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  /** The problem's type; empty where there was no answer. */
  readonly type: string;
  readonly errors: readonly FieldError[];
  /** Milliseconds after which to try again, where the server named them. */
  readonly retryAfter: number | undefined;
  /** Of an erasure that has begun, or may have: what asks how it goes. */
  readonly proof: string | undefined;

  constructor(
    detail: string,
    status: number,
    more: { type?: string | undefined; errors?: readonly FieldError[] | undefined; retryAfter?: number | undefined; proof?: string | undefined } = {},
  ) {
    super(detail);
    this.name = 'ApiError';
    this.status = status;
    this.type = more.type ?? '';
    this.errors = more.errors ?? [];
    this.retryAfter = more.retryAfter;
    this.proof = more.proof;
  }

  /** True where the same request may succeed later; with a proof there is another way to ask. */
  get passing(): boolean {
    return this.proof === undefined && (this.status === 0 || this.status === 503);
  }
}

/** The answer to a command. */
export interface Done {
  id: string;
  revision: number;
  position: string;
  /** What is left to be done, where the change is not made yet. */
  status?: string;
}

export interface Reply<T> {
  body: T;
  /** The position of the answer: all changes up to it are in `body`. */
  position: string;
}

export interface ApiOptions {
  fetch: typeof fetch;
  /** Resolves to the access token, null where nobody is logged in. `refused`: the token that the server refused; false for none. */
  token(refused: string | false): Promise<string | null>;
  /** The access token while it is good; null where another one would have to be asked for. */
  held(): string | null;
  /** The id of who is logged in; null for nobody. A request is of who was when it began, however long it is tried, and of nobody who comes after. */
  who(): string | null;
  /** Has the user prove anew who they are, where the server wants that; resolves to false where they would not. */
  prove(): Promise<boolean>;
  /** Waits before the next attempt: that long, or until the network comes back. */
  wait(ms: number): Promise<void>;
  now(): number;
}

export interface Api {
  /** Sends a query. `after`: the answer is to include all changes up to that position. */
  get<T>(path: string, options?: { after?: string | undefined }): Promise<Reply<T>>;
  /** Sends a query once, by the access token that is there: what waits by itself for an answer is no use of the session. null without such a token. */
  glance<T>(path: string): Promise<T | null>;
  /** Sends a command, and repeats it with the same key while the server is not reached or not available, for up to a minute, and after the user proved who they are. */
  command(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, options?: { body?: unknown; ifMatch?: number; key?: string }): Promise<Done>;
  /** Fetches a whole file, after the user proved who they are where the server wants that. Rejects where it is cut off. */
  download(path: string): Promise<Blob>;
  /** Sends one request, once, without a token (as to log in) or with this one. `key`: of a request that may have been sent before. */
  open<T>(path: string, body?: unknown, options?: { token?: string; key?: string }): Promise<T>;
}

/** A request with the token of who was logged in when it began. */
type Authorised = RequestInit & { headers: Record<string, string>; of: string | null };

/** Milliseconds after which the page asks once more by itself what it could not be told. */
export const ASK_AGAIN = 3_000;

const REPEAT_PATIENCE = 60_000;
const DELAYS = [300, 800, 2_000, 4_000, 8_000];

export function createApi(options: ApiOptions): Api {
  const { wait, now } = options;

  async function send(path: string, init: RequestInit): Promise<Response> {
    try {
      return await options.fetch(path, init);
    } catch {
      throw new ApiError('The server cannot be reached. Is the network there?', 0);
    }
  }

  async function authorised(path: string, { of, ...init }: Authorised): Promise<Response> {
    const token = await tokenOf(of, false);
    const response = await sendWith(token, path, init);
    if (response.status !== 401) return checked(response);
    return checked(await sendWith(await tokenOf(of, token ?? false), path, init));
  }

  /** The token of who began the request; null where they are not logged in any more. */
  async function tokenOf(of: string | null, refused: string | false): Promise<string | null> {
    const token = await options.token(refused);
    return options.who() === of ? token : null;
  }

  async function sendWith(token: string | null, path: string, init: RequestInit): Promise<Response> {
    if (!token) throw new ApiError('Log in first.', 401);
    return send(path, { ...init, headers: { ...(init.headers as Record<string, string>), Authorization: `Bearer ${token}` } });
  }

  /** Repeats the work while its errors may pass, for up to REPEAT_PATIENCE. */
  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    const until = now() + REPEAT_PATIENCE;
    const attempt = (number: number): Promise<T> =>
      work().catch(async (error) => {
        const delay = delayAfter(error, number);
        if (delay === undefined || now() + delay > until) throw error;
        await wait(delay);
        return attempt(number + 1);
      });
    return attempt(0);
  }

  /** Does the work again after the user proved who they are, where it was refused for want of that. */
  async function proven<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.type !== FRESH_LOGIN_NEEDED || !(await options.prove())) throw error;
      return work();
    }
  }

  return {
    get(path, { after } = {}) {
      const init: Authorised = { of: options.who(), cache: 'no-store', headers: after ? { 'Read-After': after } : {} };
      return patiently(async () => {
        const response = await authorised(path, init);
        return { body: await response.json(), position: response.headers.get('Position') ?? '' };
      });
    },

    async glance(path) {
      const token = options.held();
      return token ? bodyOf(await checked(await sendWith(token, path, { cache: 'no-store', headers: {} }))) : null;
    },

    command(method, path, { body, ifMatch, key = uuid() } = {}) {
      const headers: Record<string, string> = { 'Idempotency-Key': key };
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      if (ifMatch !== undefined) headers['If-Match'] = `"${ifMatch}"`;
      const init: Authorised = { of: options.who(), method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      return proven(() => patiently(async () => (await bodyOf(await authorised(path, init))) as Done));
    },

    download(path) {
      const init: Authorised = { of: options.who(), cache: 'no-store', headers: {} };
      return proven(() =>
        patiently(async () => {
          const response = await authorised(path, init);
          return response.blob().catch(() => {
            throw new ApiError('The file was cut off on its way.', 0);
          });
        }),
      );
    },

    open: async (path, body, { token, key = uuid() } = {}) => {
      const headers: Record<string, string> = { 'Idempotency-Key': key };
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      if (token) headers.Authorization = `Bearer ${token}`;
      const response = await checked(await send(path, { method: 'POST', headers, body: body === undefined ? null : JSON.stringify(body) }));
      return bodyOf(response);
    },
  };
}

/** Milliseconds to wait after this error of attempt n; undefined where another attempt is of no use. */
function delayAfter(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof ApiError) || !error.passing) return undefined;
  return error.retryAfter ?? DELAYS[Math.min(attempt, DELAYS.length - 1)];
}

async function bodyOf<T>(response: Response): Promise<T> {
  return response.status === 204 ? (undefined as T) : await response.json();
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  throw new ApiError(problem.detail ?? `The server answered ${response.status}.`, response.status, {
    type: problem.type,
    errors: problem.errors,
    proof: problem.proof,
    retryAfter: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  });
}

/** A random UUID. `crypto.randomUUID` exists only in secure contexts (https, localhost). */
export function uuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
