/**
 * The bodies that are arriving in a process. A body that is here soon costs nobody anything; slow ones are bounded for each network, and so are the
 * bytes of all that are not whole yet. Where a bound is reached, the slowest gives way, so that who trickles keeps nobody out.
 *
 *     const bytes = await openArriving().receive(request, { network: networkOf(ip), limit: BODY_LIMIT });
 */
import type { IncomingMessage } from 'node:http';
import getRawBody from 'raw-body';
import { ProblemError, type ProblemStatus } from '../../contracts/problem.ts';

export interface ArrivingBounds {
  /** Slow bodies of one network at once, at most; default 100. */
  slow?: number;
  /** Bytes of bodies that are not whole, at most, but for the first 64 KiB of each that is not slow; default 64 MiB. */
  bytes?: number;
  /** Milliseconds after which a body counts as slow; default 500. */
  slowAfter?: number;
}

export interface Arriving {
  /**
   * Reads a body of at most `limit` bytes. Errors: ProblemError 413 (`invalid`) for a larger one, 400 where it breaks off, and `limited` where it had
   * to give way.
   */
  receive(request: IncomingMessage, of: { network: string; limit: number }): Promise<Buffer>;
}

interface Body {
  network: string;
  bytes: number;
  since: number;
  slow: boolean;
  giveWay(): void;
}

/** Bytes of each body that do not count while it is not slow. */
const SMALL = 64 * 1024;

export function openArriving({ slow = 100, bytes: room = 64 * 1024 * 1024, slowAfter = 500 }: ArrivingBounds = {}): Arriving {
  const bodies = new Set<Body>();
  let held = 0;

  function add(body: Body, more: number): void {
    change(body, { bytes: body.bytes + more });
  }

  /** Changes what a body counts; where all count too much, the slowest of the network that holds most give way. Who counts nothing frees nothing. */
  function change(body: Body, now: Partial<Pick<Body, 'bytes' | 'slow'>>): void {
    held -= counted(body);
    Object.assign(body, now);
    held += counted(body);
    while (held > room) slowestOf(ofNetwork(mostGreedy()).filter((one) => counted(one) > 0)).giveWay();
  }

  function remove(body: Body): void {
    if (bodies.delete(body)) held -= counted(body);
  }

  function callSlow(body: Body): void {
    if (!bodies.has(body)) return;
    change(body, { slow: true });
    const others = ofNetwork(body.network).filter((one) => one.slow);
    if (others.length > slow) slowestOf(others).giveWay();
  }

  const ofNetwork = (network: string) => [...bodies].filter((one) => one.network === network);

  /** The network whose bodies hold the most bytes. */
  function mostGreedy(): string {
    const bytesOf = new Map<string, number>();
    for (const body of bodies) bytesOf.set(body.network, (bytesOf.get(body.network) ?? 0) + counted(body));
    return [...bytesOf].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
  }

  return {
    receive: async (request, { network, limit }) => {
      const { promise: way, reject } = Promise.withResolvers<never>();
      const giveWay = () => {
        remove(body);
        // The answer ends the connection, and with it what was read so far.
        reject(gaveWay());
      };
      const body: Body = { network, bytes: 0, since: performance.now(), slow: false, giveWay };
      const count = (chunk: Buffer) => bodies.has(body) && add(body, chunk.length);
      // What a busy process has not read yet is not the client's slowness: it reads once more before it judges.
      const timer = setTimeout(() => setImmediate(() => setImmediate(callSlow, body)), slowAfter).unref();
      bodies.add(body);
      request.on('data', count);
      try {
        return await Promise.race([getRawBody(request, { limit, length: request.headers['content-length'] ?? null }), way]);
      } catch (error) {
        // The rest of the body is read and forgotten, so that the answer reaches a client that is still sending.
        request.resume();
        throw asRefusal(error, limit);
      } finally {
        clearTimeout(timer);
        request.off('data', count);
        remove(body);
      }
    },
  };
}

/** The bytes of a body that count: of a slow one all. */
const counted = ({ bytes, slow }: Body) => (slow ? bytes : Math.max(0, bytes - SMALL));

/** The body with the least bytes for its time; of several, the oldest. */
function slowestOf(bodies: readonly Body[]): Body {
  const now = performance.now();
  const rate = ({ bytes, since }: Body) => bytes / (1 + now - since);
  return bodies.reduce((slowest, one) => (rate(one) < rate(slowest) ? one : slowest));
}

function gaveWay(): ProblemError {
  const headers = { 'Retry-After': '1', Connection: 'close' };
  return new ProblemError('limited', 'Too many bodies are arriving slowly, and this was the slowest. Try again.', { headers });
}

function asRefusal(error: unknown, limit: number): ProblemError {
  if (error instanceof ProblemError) return error;
  if ((error as { type?: string }).type === 'entity.too.large') return wrong(413, `The body is larger than ${limit} bytes.`);
  return wrong(400, 'The body did not arrive whole.');
}

function wrong(status: ProblemStatus, detail: string): ProblemError {
  return new ProblemError('invalid', detail, { status, headers: { Connection: 'close' }, errors: [{ pointer: '', detail }] });
}
