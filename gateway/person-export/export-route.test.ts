import { get } from 'node:http';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ExportItem, type ExportProfile, SECTION_NAMES } from '../../contracts/person-export.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { createApp } from '../../platform/http/app.ts';
import { listen } from '../../platform/http/listen.ts';
import { type Caller, routesWith } from '../../platform/http/route.ts';
import { type PersonSource, personSource } from '../../platform/person-source.ts';
import { stableId } from '../../platform/stable-id.ts';
import { type ExportRouteOptions, exportRoute } from './export-route.ts';
import { openExportTurns } from './export-turns.ts';

const [ALICE, BOB] = [stableId('alice'), stableId('bob')];
const profile = { id: ALICE, name: 'Alice' } as ExportProfile;
const comment = (n: number): ExportItem<'comments'> => ({ id: stableId(`${n}`), task: ALICE, text: 'x'.repeat(1_000), time: '2027-01-01T00:00:00Z' });

/** Comments, as many as are asked for; `made` counts those that were. */
function endless(most = Number.MAX_SAFE_INTEGER, { failsAt = Number.NaN } = {}) {
  const state = { made: 0, ended: false };
  async function* items() {
    try {
      for (; state.made < most; state.made++) {
        if (state.made === failsAt) throw new Error('the store is gone');
        yield comment(state.made);
      }
    } finally {
      state.ended = true;
    }
  }
  return { state, source: personSource({ section: 'comments', items }) };
}

async function started(sources: readonly PersonSource[], more: Partial<ExportRouteOptions> & { caller?: Partial<Caller> } = {}) {
  const options: ExportRouteOptions = {
    profileOf: async (id) => (id === ALICE ? profile : null),
    sources,
    head: async () => '7',
    expectFresh: async () => {},
    limits: { consume: async () => ({ RateLimit: '"exports";r=9;t=1' }) },
    turns: openExportTurns(),
    now: () => new Date('2027-01-01T10:00:00.000Z'),
    ...more,
  };
  const caller: Caller = { id: ALICE, role: 'member', seesAll: true, sessionId: stableId('session'), ...more.caller };
  const app = createApp({
    routes: routesWith(options, [exportRoute]),
    accessTokens: { secret: 'a secret' },
    callerOf: async () => caller,
    operator: () => caller,
    origins: [],
    trustProxy: false,
    log: pino({ level: 'silent' }),
  });
  const { url, close } = await listen(app.callback(), { PORT: 0, HOST: '127.0.0.1' }, { farewell: 100 });
  onTestFinished(close);
  const headers = { authorization: 'Bearer operator-of-tests' };
  return { url, headers, ask: (id = ALICE) => fetch(`${url}/api/users/${id}/export`, { headers }) };
}

describe('a document', () => {
  it('is whole with its last member, and has every section, empty ones too', async () => {
    const { ask } = await started([endless(100).source]);
    const answer = await ask();
    const document = (await answer.json()) as Record<string, unknown>;
    expect(Object.keys(document)).toEqual(['format', 'version', 'exportedAt', 'profile', ...SECTION_NAMES, 'complete']);
    expect([document.complete, document.profile, (document.comments as unknown[]).length, document.tasks]).toEqual([true, profile, 100, []]);
    expect(answer.headers.get('ratelimit')).toBe('"exports";r=9;t=1');
  });

  it('is made no faster than it is read, and no more once its reader has gone', async () => {
    const { state, source } = endless();
    const { url, headers } = await started([source]);
    const request = get(`${url}/api/users/${ALICE}/export`, { headers });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) => request.once('response', resolve));
    const [itemBytes, most] = [JSON.stringify(comment(0)).length, 60_000_000];
    let [read, ahead] = [0, 0];
    for await (const chunk of response) {
      read += chunk.length;
      // A maker that waits for nobody makes as much as it can in each turn of the loop.
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      ahead = Math.max(ahead, state.made * itemBytes - read);
      if (read > most) break;
    }
    // No more than the buffers between hold.
    expect(ahead).toBeLessThan(most / 3);
    request.destroy();
    await vi.waitFor(() => expect(state.ended).toBe(true));
  });

  it('is one of few at a time of each who asks, and of all: who comes meanwhile is told when to come again, and pays nothing', async () => {
    const consume = vi.fn(async () => ({}));
    const { state, source } = endless();
    const { url, headers, ask } = await started([source], { limits: { consume }, turns: openExportTurns({ ofOne: 1 }) });
    const request = get(`${url}/api/users/${ALICE}/export`, { headers });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve) => request.once('response', resolve));
    response.pause();
    const second = await ask();
    expect([second.status, second.headers.get('retry-after'), consume.mock.calls.length]).toEqual([429, '10', 1]);
    request.destroy();
    await vi.waitFor(() => expect(state.ended).toBe(true));
    const third = await ask();
    expect(third.status).toBe(200);
    await third.body?.cancel();
  });

  it('breaks off where a store goes away in the middle, and does not look whole', async () => {
    const { ask } = await started([endless(500, { failsAt: 300 }).source]);
    const answer = await ask();
    let text = '';
    const read = async () => {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
    };
    await expect(read()).rejects.toThrow();
    expect(text).not.toContain('complete');
    expect(() => JSON.parse(text)).toThrow();
  });

  it('is refused as a whole where a source has not got as far as the log', async () => {
    const behind = { ...endless(1).source, expectWhole: vi.fn(async () => Promise.reject(new ProblemError('unavailable', 'not yet'))) };
    const { ask } = await started([behind]);
    expect((await ask()).status).toBe(503);
    expect(behind.expectWhole).toHaveBeenCalledWith('7');
  });

  it.each<[string, number, Partial<ExportRouteOptions> & { caller?: Partial<Caller> }, string]>([
    ['to somebody else', 403, { caller: { id: BOB } }, ALICE],
    ['to an API key', 403, { caller: { id: BOB, sessionId: BOB, role: 'service' } }, BOB],
    ['of nobody', 404, { caller: { id: BOB, role: 'admin' } }, BOB],
    ['without a fresh login', 403, { expectFresh: async () => Promise.reject(new ProblemError('forbidden', 'log in')) }, ALICE],
    ['above the limit', 429, { limits: { consume: async () => Promise.reject(new ProblemError('limited', 'later')) } }, ALICE],
  ])('is not given %s', async (_, status, more, id) => {
    const { state, source } = endless(1);
    const { ask } = await started([source], more);
    expect((await ask(id)).status).toBe(status);
    expect(state.made).toBe(0);
  });

  it('is given to an admin', async () => {
    const { ask } = await started([endless(1).source], { caller: { id: BOB, role: 'admin' } });
    expect((await ask()).status).toBe(200);
  });
});
