/** A way to an S3 server on which some requests fail: a proxy that passes everything else as it is. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is asked of a bucket. */
export type S3Operation = 'put' | 'create' | 'part' | 'complete' | 'abort' | 'head' | 'get' | 'delete' | 'list';

type Failure = 'refused' | 'answer lost' | 'a minute late';
const MINUTE = 60_000;

export interface FailingBucket {
  /** The address to reach the server by. */
  endpoint: string;
  /** From now on these fail: answered 500 without being passed on, or passed on with the answer lost, or given a minute later. */
  fail(operations: readonly S3Operation[], how?: Failure): void;
  /** From now on everything is passed. */
  pass(): void;
  /** The failures since `fail`. */
  failed(): number;
  close(): void;
}

/** Opens the way to a server at an address, as `http://127.0.0.1:7070`. */
export async function openFailingBucket(target: string): Promise<FailingBucket> {
  let failing: ReadonlySet<S3Operation> = new Set();
  let how: Failure = 'refused';
  let failed = 0;
  const to = new URL(target);

  const server = createServer((asked, answer) => {
    const fails = failing.has(operationOf(asked));
    if (fails) failed += 1;
    if (fails && how === 'refused') refuse(asked, answer);
    else pass({ asked, answer, to }, fails ? how : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (operations, as = 'refused') => {
      failing = new Set(operations);
      how = as;
      failed = 0;
    },
    pass: () => {
      failing = new Set();
    },
    failed: () => failed,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function operationOf({ method = '', url = '' }: IncomingMessage): S3Operation {
  const { searchParams } = new URL(url, 'http://x');
  if (searchParams.has('uploadId')) return ({ PUT: 'part', POST: 'complete', DELETE: 'abort' } as const)[method] ?? 'list';
  if (searchParams.has('uploads')) return method === 'POST' ? 'create' : 'list';
  if (searchParams.has('list-type')) return 'list';
  return ({ HEAD: 'head', GET: 'get', DELETE: 'delete' } as const)[method] ?? 'put';
}

function refuse(asked: IncomingMessage, answer: ServerResponse): void {
  const body = '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>';
  asked.resume().once('end', () => answer.writeHead(500, { 'Content-Type': 'application/xml' }).end(asked.method === 'HEAD' ? undefined : body));
}

function pass({ asked, answer, to }: { asked: IncomingMessage; answer: ServerResponse; to: URL }, fails?: Failure): void {
  // The Host header is signed: it stays the one of this address.
  const passed = request({ hostname: to.hostname, port: to.port, method: asked.method, path: asked.url, headers: asked.headers });
  passed.on('response', (response) => {
    if (fails === 'answer lost') return void response.resume().once('end', () => answer.destroy());
    const give = () => response.pipe(answer.writeHead(response.statusCode ?? 502, response.headers));
    if (fails === 'a minute late') setTimeout(give, MINUTE).unref();
    else give();
  });
  passed.on('error', () => answer.destroy());
  asked.on('close', () => asked.complete || passed.destroy());
  asked.pipe(passed);
}
