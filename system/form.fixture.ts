/** Forms with files, as a browser sends them. */
import type { Reply, User } from './client.fixture.ts';

/** A part of a form: a text, or a file with its name. */
export type FormPart = string | { name: string; bytes: Uint8Array };

/** Uploads a form, again while the answer is that it cannot be taken just now, as from a machine that has other work. */
export async function uploadPatiently(...what: Parameters<typeof upload>): ReturnType<typeof upload> {
  const [to, parts, { headers = {}, ...more } = {}] = what;
  const named = { 'idempotency-key': crypto.randomUUID(), ...headers };
  let answer = await upload(to, parts, { ...more, headers: named });
  for (let tries = 1; answer.status === 503 && tries < 20; tries++) answer = await upload(to, parts, { ...more, headers: named });
  return answer;
}

/** Uploads a form. */
export async function upload(
  { url, user }: { url: string; user: Pick<User, 'accessToken'> },
  parts: Readonly<Record<string, FormPart>>,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const form = new FormData();
  for (const [field, part] of Object.entries(parts)) {
    if (typeof part === 'string') form.append(field, part);
    else form.append(field, new Blob([new Uint8Array(part.bytes)]), part.name);
  }
  const response = await fetch(`${url}/api/media${query}`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${user.accessToken}`, ...headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}
