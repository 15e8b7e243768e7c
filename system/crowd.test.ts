/** Thousands of requests at once at rows that are for anyone: each is answered, and what cannot be done now is 429 or 503, with Retry-After. */
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installation, openInstallation } from './system.fixture.ts';

const BURST = 2_000;
const CONTENT = { 'content-type': 'application/json' };
/** Rows for anyone, with a body that they have to look at. */
const ROWS: readonly [what: string, body?: object][] = [
  ['GET /livez'],
  ['GET /'],
  ['GET /openapi.json'],
  ['POST /api/token/refresh', { refreshToken: 'no.token' }],
  ['POST /api/confirmations', { token: 'no token' }],
  ['POST /api/login', { email: 'nobody@example.org', password: 'a wrong password' }],
  ['POST /api/users', { name: 'Nobody', email: 'not an address' }],
  ['GET /media/00000000-0000-4000-8000-000000000000/large'],
  ['POST /api/notifications/00000000-0000-4000-8000-000000000000/sms-status'],
  ['GET /nowhere'],
];

let system: Installation;
beforeAll(async () => {
  system = await openInstallation();
});
afterAll(() => system?.remove());

interface Answered {
  what: string;
  status: number;
  retryAfter: string | undefined;
}

function ask(agent: Agent, what: string, body?: object): Promise<Answered> {
  const [method = '', path = ''] = what.split(' ');
  return new Promise((resolve, reject) => {
    const asked = request(`${system.url()}${path}`, { agent, method, headers: body ? CONTENT : {} }, (response) => {
      response.resume().once('end', () => resolve({ what, status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }));
    });
    asked.once('error', reject).end(body && JSON.stringify(body));
  });
}

it(`${BURST} requests at once at rows for anyone are all answered, and those refused are told when to come again`, { timeout: 600_000 }, async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: BURST });
  const answers = await Promise.all(
    Array.from({ length: BURST }, (_, n) => {
      const [what, body] = ROWS[n % ROWS.length] ?? [''];
      return ask(agent, what, body);
    }),
  );
  agent.destroy();
  const wrong = answers.filter(({ status, retryAfter }) => status >= 500 && !(status === 503 && retryAfter));
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(answers.filter(({ status, retryAfter }) => status === 429 && !retryAfter)).toEqual([]);
  expect(new Set(answers.filter(({ what }) => what === 'GET /livez').map(({ status }) => status))).toEqual(new Set([200]));
  // It is as before for who comes then.
  expect((await ask(new Agent(), 'GET /openapi.json')).status).toBe(200);
});
