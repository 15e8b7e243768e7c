/**
 * A load generator for HTTP on loopback, run as a process of its own so that it does not share the server's event loop.
 * Each connection sends a request, waits for its answer, and sends the next: bounded in connections and in seconds.
 *
 * `node bench/load.ts '<Load as JSON>'` prints a LoadResult as JSON.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface Load {
  port: number;
  connections: number;
  seconds: number;
  /** The request that is sent again and again; `{{uuid}}` in its headers and body is replaced by a new UUID each time. */
  request: { method: string; path: string; headers: Record<string, string>; body?: string };
}

/** The result of a load; times are in milliseconds. */
export interface LoadResult {
  requests: number;
  /** Answers with a status of 400 or more. */
  refused: number;
  perSecond: number;
  p50: number;
  p99: number;
}

/** Runs a load in a process of its own, and answers its result. */
export function runLoad(load: Load): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(load)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    child.once('message', (result) => resolve(result as LoadResult));
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? undefined : reject(new Error(`the load generator ended with ${code}`))));
  });
}

function render({ method, path, headers, body }: Load['request'], port: number): () => string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body.replaceAll('{{uuid}}', randomUUID()))}\r\n`;
  const text = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join('')}${length}\r\n${body ?? ''}`;
  return () => (text.includes('{{uuid}}') ? text.replaceAll('{{uuid}}', randomUUID()) : text);
}

/** Length of the first answer in the text, 0 while it is not whole. Our servers send Content-Length or no body. */
function answerLength(text: string): number {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1] ?? 0);
  return text.length >= end + 4 + length ? end + 4 + length : 0;
}

async function connection(load: Load, next: () => string, until: number): Promise<{ times: number[]; refused: number }> {
  const times: number[] = [];
  let refused = 0;
  const socket = connect(load.port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
  let sent = performance.now();
  let text = '';
  socket.write(next());
  for await (const chunk of socket) {
    text += chunk;
    const length = answerLength(text);
    if (length === 0) continue;
    if (Number(text.slice(9, 12)) >= 400) refused++;
    text = text.slice(length);
    const now = performance.now();
    times.push(now - sent);
    if (now > until) break;
    sent = now;
    socket.write(next());
  }
  socket.destroy();
  return { times, refused };
}

async function main(load: Load): Promise<LoadResult> {
  const next = render(load.request, load.port);
  const started = performance.now();
  const until = started + load.seconds * 1000;
  const done = await Promise.all(Array.from({ length: load.connections }, () => connection(load, next, until)));
  const seconds = (performance.now() - started) / 1000;
  const times = done.flatMap((one) => one.times).sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  const refused = done.reduce((sum, one) => sum + one.refused, 0);
  return { requests: times.length, refused, perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}

if (process.send && process.argv[2]) {
  process.send(await main(JSON.parse(process.argv[2]) as Load));
  process.disconnect();
}
