/** The process that offers load: clients that make tasks, work on them, and look at them and at lists. */
import { createWriteStream } from 'node:fs';
import { Agent, request } from 'node:http';
import { createHistogram } from 'node:perf_hooks';
import type { Offer, Offered } from './offer.fixture.ts';

/** Milliseconds between two looks at what has arrived. */
const TICK = 10;
/** Milliseconds between two log-ins: tokens are good for 15 minutes. */
const LOGGED_IN = 8 * 60_000;
/** Milliseconds in which an answer has to come. */
const ANSWER = 60_000;
const WRONG_KEPT = 10;

/** What a client does with a task, over and over; `:id` is its task. */
const LIFE: readonly (readonly [what: string, body?: object])[] = [
  ['POST /api/tasks', { title: 'Replace the lamp in the hall', description: 'The one beside the lift flickers.', labels: ['electrics'] }],
  ['POST /api/tasks/:id/comments', { text: 'I have seen it.' }],
  ['GET /api/tasks/:id'],
  ['PUT /api/tasks/:id/status', { status: 'in-progress' }],
  ['POST /api/tasks/:id/comments', { text: 'The lamp is ordered.' }],
  ['GET /api/tasks?limit=20'],
  ['POST /api/tasks/:id/comments', { text: 'It is here.' }],
  ['GET /api/tasks/:id/history'],
  ['PUT /api/tasks/:id/status', { status: 'done' }],
  ['POST /api/tasks/:id/comments', { text: 'It is in.' }],
];

interface Answer {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

/** A client: where it is in its life, and the key of the command that it sends, again where it was refused. */
interface Client {
  step: number;
  task: string;
  key: string;
}

async function main(offer: Offer): Promise<Offered> {
  const { hostname, port } = new URL(offer.url);
  const { email, password } = offer.account;
  const agent = new Agent({ keepAlive: true, maxSockets: offer.clients, maxFreeSockets: offer.clients });
  const times = createHistogram();
  const accepted = createWriteStream(offer.acceptedFile, { flags: 'a' });
  const result: Offered = {
    ...{ sent: 0, accepted: 0, commands: 0, refused: 0, withoutRetryAfter: 0, wrong: [], broken: 0, unsent: 0 },
    ...{ seconds: 0, p50: 0, p99: 0, longest: 0 },
  };
  const free: Client[] = [];
  let clients = 0;
  let working = 0;
  let token = '';

  function ask(what: string, body?: object, key?: string): Promise<Answer> {
    const [method = '', path = ''] = what.split(' ');
    const text = body && JSON.stringify(body);
    const headers = {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...(key ? { 'idempotency-key': key } : {}) } : {}),
    };
    return new Promise((resolve, reject) => {
      const asked = request({ agent, hostname, port, method, path, headers, timeout: ANSWER }, (response) => {
        let got = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          got += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'], text: got }));
        response.once('error', reject);
      });
      asked.once('timeout', () => asked.destroy(new Error('no answer')));
      asked.once('error', reject);
      asked.end(text);
    });
  }

  async function logIn(): Promise<void> {
    const { status, text } = await ask('POST /api/login', { email, password }).catch((): Answer => ({ status: 0, retryAfter: undefined, text: '' }));
    if (status === 200) token = JSON.parse(text).accessToken;
    else if (!token) throw new Error(`the log-in was answered ${status} ${text}`);
  }

  /** Sends a client's next request, and takes its answer. */
  async function send(client: Client): Promise<void> {
    const [what = '', body] = LIFE[client.step] ?? [];
    const begun = performance.now();
    result.sent++;
    working++;
    try {
      take(client, await ask(what.replace(':id', client.task), body, client.key), performance.now() - begun);
    } catch {
      result.broken++;
    }
    working--;
    free.push(client);
  }

  function take(client: Client, { status, retryAfter, text }: Answer, milliseconds: number): void {
    if (status === 429 || status === 503) {
      result.refused++;
      if (!retryAfter) result.withoutRetryAfter++;
    } else if (status >= 300) {
      if (result.wrong.length < WRONG_KEPT) result.wrong.push(`${LIFE[client.step]?.[0]}: ${status} ${text.slice(0, 300)}`);
      goOn(client, 0);
    } else {
      result.accepted++;
      times.record(Math.max(1, Math.round(milliseconds * 1_000)));
      if (LIFE[client.step]?.[1]) note(client, JSON.parse(text));
      goOn(client, (client.step + 1) % LIFE.length);
    }
  }

  function note(client: Client, { id, revision, position }: { id: string; revision: number; position: string }): void {
    result.commands++;
    client.task = id;
    accepted.write(`${id} ${revision} ${position}\n`);
  }

  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1_000;
  let arrived = 0;

  /** Gives each request that has arrived to a client that is free, or to a new one. */
  function arrive(): void {
    const due = offer.perSecond === null ? offer.clients - working : Math.floor(seconds() * offer.perSecond) - arrived;
    arrived += due;
    for (let n = 0; n < due; n++) {
      const client = free.pop() ?? (clients < offer.clients ? newClient(clients++) : undefined);
      if (client) void send(client);
      else result.unsent++;
    }
  }

  await logIn();
  const renewing = setInterval(() => void logIn(), LOGGED_IN);
  await new Promise<void>((resolve) => {
    const ticking = setInterval(() => {
      if (seconds() < offer.seconds) return arrive();
      clearInterval(ticking);
      resolve();
    }, TICK);
  });
  result.seconds = seconds();
  while (working > 0) await new Promise((resolve) => setTimeout(resolve, TICK));
  clearInterval(renewing);
  agent.destroy();
  await new Promise<void>((resolve) => accepted.end(resolve));
  const at = (share: number) => times.percentile(share) / 1_000;
  return { ...result, p50: at(50), p99: at(99), longest: times.max / 1_000 };
}

const newClient = (_: number): Client => ({ step: 0, task: '', key: crypto.randomUUID() });

function goOn(client: Client, step: number): void {
  client.step = step;
  client.key = crypto.randomUUID();
}

process.send?.(await main(JSON.parse(process.argv[2] ?? '') as Offer));
process.disconnect();
