/** The first admin of an installation in containers: what its log says, and what has to be done first. */
import { randomUUID } from 'node:crypto';

export interface FirstAdmin {
  email: string;
  password: string;
}

/** Sends a request with a body in JSON; answers the text. Error: it is not answered well. */
export async function sendJson(method: string, url: string, body: object | undefined, token?: string): Promise<string> {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${new URL(url).pathname} was answered ${response.status} ${await response.text()}`);
  return response.text();
}

/** Logs in; answers the access token. */
export async function logIn(url: string, { email, password }: FirstAdmin): Promise<string> {
  return (JSON.parse(await sendJson('POST', `${url}/api/login`, { email, password })) as { accessToken: string }).accessToken;
}

/** Reads of a log who the first admin is, and chooses another password. Error: the log does not say, or the password that it has is not taken. */
export async function chooseFirstPassword(url: string, log: string): Promise<FirstAdmin> {
  const [, email = '', made = ''] = /The first admin is (\S+) with the password (\S+)/.exec(log) ?? [];
  if (made === '') throw new Error('the log names no password of the first admin');
  const password = randomUUID();
  await sendJson('PUT', `${url}/api/me/password`, { current: made, new: password }, await logIn(url, { email, password: made }));
  return { email, password };
}
