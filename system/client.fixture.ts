/** An HTTP client without any code of the product but its table of problems: fetch, JSON, Authorization. */
import { expect } from 'vitest';
import { statusesOf } from '../contracts/problem.ts';
import { askedAgain } from '../platform/http/asked-again.fixture.ts';

export interface Reply {
  status: number;
  headers: Headers;
  /** The body as it came over the wire. */
  text: string;
  /** The parsed body, where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

/** Sends a request, as `POST /api/tasks`, with a JSON body (a text is sent as it is) and headers, to the system's present address. */
export type Call = (what: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;

/** A session of a user. */
export interface User {
  id: string;
  name: string;
  email: string;
  password: string;
  /** Sends a request with the user's access token. */
  call: Call;
  /** As `call`, but any answer other than `2xx` fails the test. */
  ok: Call;
  accessToken: string;
  refreshToken: string;
}

/** Makes the function that sends requests to an address. */
export function caller(url: () => string, accessToken?: string): Call {
  const own: Record<string, string> = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
  return async (what, body, headers = {}) => {
    const [method = '', path = ''] = what.split(' ');
    const response = await askedAgain(() => fetch(`${url()}${path}`, { method, ...message(body, { ...own, ...headers }) }));
    const text = await response.text();
    const json = text !== '' && /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
  };
}

function message(body: unknown, headers: Record<string, string>): RequestInit {
  if (body === undefined) return { headers };
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  return { headers: { 'content-type': 'application/json', ...headers }, body: raw ? (body as BodyInit) : JSON.stringify(body) };
}

/** The same call, but any answer other than `2xx` fails the test. */
export function succeeding(call: Call): Call {
  return async (what, body, headers) => {
    const reply = await call(what, body, headers);
    expect(reply.status, `${what} answered ${reply.text}`).toBeLessThan(300);
    return reply;
  };
}

/** The status, code and pointers of a problem, for tables. */
export function problemOf({ status, headers, body }: Reply): { status: number; code: string; pointers: string[] } {
  expect(headers.get('content-type'), JSON.stringify(body)).toMatch(/^application\/problem\+json/);
  expect(statusesOf(body.code), body.code).toContain(status);
  expect(body).toMatchObject({ type: `/problems/${body.code}`, title: expect.any(String), status, detail: expect.any(String) });
  return { status, code: body.code, pointers: [...new Set<string>((body.errors ?? []).map((one: { pointer: string }) => one.pointer))].sort() };
}

/** Logs a user in. */
export async function logIn(url: () => string, account: Pick<User, 'name' | 'email' | 'password'>): Promise<User> {
  const { body } = await succeeding(caller(url))('POST /api/login', { email: account.email, password: account.password });
  const call = caller(url, body.accessToken);
  return { ...account, id: body.user.id, call, ok: succeeding(call), accessToken: body.accessToken, refreshToken: body.refreshToken };
}

/** Every item of a list, page by page. */
export async function everyItem(call: Call, path: string, headers: Record<string, string> = {}) {
  // biome-ignore lint/suspicious/noExplicitAny: items of every shape
  const items: any[] = [];
  let cursor: string | undefined;
  do {
    const more = cursor ? `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : '';
    const { body } = await succeeding(call)(`GET ${path}${more}`, undefined, headers);
    items.push(...body.items);
    cursor = body.next;
  } while (cursor);
  return items;
}
