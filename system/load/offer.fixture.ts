/** Load on an HTTP server at a rate that does not wait for the server: so many requests a second arrive, whether those before were answered or not. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Offer {
  url: string;
  account: { email: string; password: string };
  /** Requests a second; null: each client sends its next one as soon as it has its answer. */
  perSecond: number | null;
  seconds: number;
  /** Clients at most, each with a connection and one request at a time. A request that arrives while none is free is not sent. */
  clients: number;
  /** The path of a file that gets a line `task revision position` for each command that was answered with success. */
  acceptedFile: string;
}

/** What became of an offer. Times are in milliseconds, from sending a request to the end of its answer, of those answered with success. */
export interface Offered {
  sent: number;
  accepted: number;
  /** The part of `accepted` that are commands. */
  commands: number;
  /** The number of answers 429 and 503. */
  refused: number;
  /** The number of those without Retry-After. */
  withoutRetryAfter: number;
  /** Answers of any other kind, by status and text; some of them. */
  wrong: string[];
  /** The number of requests whose connection broke or could not be made. */
  broken: number;
  /** The number of requests that found no client free. */
  unsent: number;
  /** The seconds that it took. */
  seconds: number;
  p50: number;
  p99: number;
  longest: number;
}

const PROCESS = fileURLToPath(new URL('./offer-process.fixture.ts', import.meta.url));
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Offers the load from a process of its own, so that it shares no event loop with whoever measures. */
export function runOffer(offer: Offer): Promise<Offered> {
  return new Promise((resolve, reject) => {
    const child = fork(PROCESS, [JSON.stringify(offer)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    children.add(child);
    child.once('message', (result) => resolve(result as Offered));
    child.once('error', reject);
    child.once('exit', (code) => {
      children.delete(child);
      reject(new Error(`the process that offers load ended with ${code}`));
    });
  });
}
