/** The head of a request as everybody reads it: what somebody before us, a proxy for example, may read in another way than we do is no request. */
import type { IncomingMessage } from 'node:http';

/** A host, perhaps with a port, as an address names it; empty where a client knows none (RFC 9112, 3.2). */
const HOST = /^([\w.~!$&'()*+,;=%-]*|\[[\da-f:.]+\])(:\d*)?$/i;

/** True where a request says once, and in a way that there is, whom it asks (RFC 9112, 3.2) and how its body ends (RFC 9112, 6.1). */
export function isSound(request: IncomingMessage): boolean {
  const { headers, httpVersion } = request;
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (httpVersion !== '1.1' || coding.toLowerCase() !== 'chunked')) return false;
  return headers.host === undefined ? httpVersion !== '1.1' : HOST.test(headers.host) && isSaidOnce(request.rawHeaders, 'host');
}

/** True for a header that is there once; `raw` has names and values in turns. */
function isSaidOnce(raw: readonly string[], name: string): boolean {
  return raw.filter((word, index) => index % 2 === 0 && word.length === name.length && word.toLowerCase() === name).length === 1;
}

/** Has a request ask as most do: an address that names the host, too, is the path, and its host is the one that is asked (RFC 9112, 3.2.2). */
export function askByPath(request: IncomingMessage): void {
  const [, host, path = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(request.url ?? '') ?? [];
  if (host === undefined) return;
  request.url = path.startsWith('/') ? path : `/${path}`;
  request.headers.host = host;
}
