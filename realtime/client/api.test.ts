import { describe, expect, it } from 'vitest';
import { FRESH_LOGIN_NEEDED } from '../../contracts/problem.ts';
import { type ApiOptions, createApi } from './api.ts';

const DONE = { id: 'a', revision: 1, position: '1' };

/** An API whose server gives these answers in turn; an error is a network that fails. */
function against(...answers: (Response | Error)[]) {
  const proofs = { given: true, asked: 0 };
  const requests: { path: string; headers: Record<string, string>; method?: string | undefined }[] = [];
  const waits: number[] = [];
  const tokens = ['old', 'new'];
  const who: { id: string | null } = { id: 'anna' };
  let now = 0;
  const options: ApiOptions = {
    fetch: async (path, init) => {
      requests.push({ path: String(path), headers: init?.headers as Record<string, string>, method: init?.method });
      const answer = answers.shift() ?? new Error('nothing more');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    token: async (refused) => (refused ? tokens[1] : tokens[0]) ?? null,
    held: () => tokens[0] ?? null,
    who: () => who.id,
    prove: async () => {
      proofs.asked++;
      return proofs.given;
    },
    wait: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    now: () => now,
  };
  return { api: createApi(options), requests, waits, proofs, tokens, who };
}
const json = (body: unknown, init?: ResponseInit) => new Response(JSON.stringify(body), init);

describe('a command', () => {
  it('is repeated with the same key while the server is out of reach or not available', async () => {
    const { api, requests, waits } = against(new TypeError('network'), json({}, { status: 503, headers: { 'Retry-After': '2' } }), json(DONE));
    expect(await api.command('PUT', '/api/tasks/a/status', { body: { status: 'done' } })).toEqual(DONE);
    const keys = requests.map(({ headers }) => headers['Idempotency-Key']);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(waits).toEqual([300, 2_000]);
  });

  it('that waits to be sent again is not sent as somebody else who has logged in meanwhile', async () => {
    for (const next of ['ben', null]) {
      const { api, requests, who } = against(new TypeError('network'), json(DONE));
      const sent = api.command('PUT', '/api/tasks/a/status', { body: { status: 'done' } });
      who.id = next;
      await expect(sent).rejects.toMatchObject({ status: 401 });
      expect(requests.length).toBeLessThanOrEqual(1);
    }
    const refused = against(json({}, { status: 401 }), json(DONE));
    const sent = refused.api.command('PUT', '/api/tasks/a/status', { body: { status: 'done' } });
    await Promise.resolve();
    refused.who.id = 'ben';
    await expect(sent).rejects.toMatchObject({ status: 401 });
    expect(refused.requests.length).toBeLessThanOrEqual(1);
  });

  it('that wants a fresh login is repeated once the user proved who they are, and refused where they would not', async () => {
    const stale = () => json({ type: FRESH_LOGIN_NEEDED, detail: 'Prove it.' }, { status: 403 });
    const proved = against(stale(), new Response(null, { status: 204 }));
    expect(await proved.api.command('DELETE', '/api/users/a')).toBeUndefined();
    expect(proved.proofs.asked).toBe(1);
    expect(new Set(proved.requests.map(({ headers }) => headers['Idempotency-Key'])).size).toBe(1);

    const refused = against(stale());
    refused.proofs.given = false;
    await expect(refused.api.command('DELETE', '/api/users/a')).rejects.toMatchObject({ status: 403, type: FRESH_LOGIN_NEEDED });
    const forbidden = against(json({ type: '/problems/forbidden' }, { status: 403 }));
    await expect(forbidden.api.command('DELETE', '/api/users/a')).rejects.toMatchObject({ status: 403 });
    expect(forbidden.proofs.asked).toBe(0);
  });

  it('gives up after a minute, and says that the server cannot be reached', async () => {
    const { api, waits } = against(...Array.from({ length: 50 }, () => new TypeError('network')));
    await expect(api.command('DELETE', '/api/tasks/a')).rejects.toMatchObject({ status: 0, message: expect.stringContaining('cannot be reached') });
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(60_000);
  });

  it('is not repeated when it is refused; the reason and the fields come with the error', async () => {
    const problem = { detail: 'Not valid.', errors: [{ pointer: '/title', detail: 'must not be empty' }] };
    const { api, requests } = against(json(problem, { status: 422 }));
    await expect(api.command('POST', '/api/tasks', { body: {} })).rejects.toMatchObject({
      status: 422,
      message: 'Not valid.',
      errors: problem.errors,
    });
    expect(requests).toHaveLength(1);
  });

  it('gets a fresh token once where its own was refused', async () => {
    const { api, requests } = against(json({}, { status: 401 }), json(DONE));
    await api.command('POST', '/api/tasks/a/restore', { ifMatch: 3 });
    expect(requests.map(({ headers }) => headers.Authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(requests[1]?.headers['If-Match']).toBe('"3"');
  });
});

describe('a glance', () => {
  it('is sent once, by the token that is there, and asks for no other', async () => {
    const { api, requests } = against(json({ confirmed: false }), json({}, { status: 401 }), json({}, { status: 503 }));
    expect(await api.glance('/api/me')).toEqual({ confirmed: false });
    await expect(api.glance('/api/me')).rejects.toMatchObject({ status: 401 });
    await expect(api.glance('/api/me')).rejects.toMatchObject({ status: 503 });
    expect(requests.map(({ headers }) => headers.Authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer old']);
  });

  it('is not sent without a token', async () => {
    const { api, requests, tokens } = against(json({}));
    tokens.length = 0;
    expect(await api.glance('/api/me')).toBeNull();
    expect(requests).toEqual([]);
  });
});

describe('a query', () => {
  it('says what it must have applied, and answers the position it has', async () => {
    const { api, requests } = against(json({ items: [] }, { headers: { Position: '7' } }));
    expect(await api.get('/api/tasks', { after: '6' })).toEqual({ body: { items: [] }, position: '7' });
    expect(requests[0]?.headers['Read-After']).toBe('6');
  });
});
