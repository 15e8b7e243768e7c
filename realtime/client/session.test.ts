import { describe, expect, it } from 'vitest';
import { ApiError } from './api.ts';
import { createSession, type Me } from './session.ts';

const ANNA: Me = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', name: 'Anna', role: 'member' };

/** A server that takes each refresh token once, and tabs that share what is kept. `locks`: false where the browser has none; `held`: what answers to refreshes wait for. */
function world({ locks = true, held = Promise.resolve() } = {}) {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  let valid = '';
  let serial = 0;
  let now = 0;
  let failure: ApiError | undefined;
  const refreshes: string[] = [];
  const loggedOut: (string | undefined)[] = [];
  const issue = () => {
    valid = `refresh-${++serial}`;
    return { accessToken: `access-${serial}`, refreshToken: valid, expiresIn: 900, user: ANNA };
  };
  const registered: (string | undefined)[] = [];
  async function open(path: string, body?: unknown, { token, key }: { token?: string; key?: string } = {}): Promise<unknown> {
    await Promise.resolve();
    if (path === '/api/logout') return void loggedOut.push(token);
    if (path === '/api/users') registered.push(key);
    if (failure) throw failure;
    if (path !== '/api/token/refresh') return issue();
    const { refreshToken } = body as { refreshToken: string };
    refreshes.push(refreshToken);
    if (refreshToken !== valid) throw new ApiError('This token was used already.', 401);
    const tokens = issue();
    await held;
    return tokens;
  }
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = locks ? turn.then(work, work) : work();
    turn = mine.catch(() => undefined);
    return mine;
  };
  const tab = () => {
    const heard: (Me | null | 'ended')[] = [];
    const session = createSession({
      storage,
      alone,
      api: { open: open as never },
      now: () => now,
      changed: (me, ended) => heard.push(me, ...(ended ? ['ended' as const] : [])),
    });
    return { session, heard };
  };
  return { tab, refreshes, loggedOut, registered, pass: (ms: number) => (now += ms), fail: (error?: ApiError) => (failure = error) };
}

describe('a session', () => {
  it('uses its access token until shortly before it ends', async () => {
    const { tab, refreshes, pass } = world();
    const { session } = tab();
    await session.login('anna@example.org', 'x');
    expect(await session.token()).toBe('access-1');
    pass(890_000);
    expect(await session.token()).toBe('access-2');
    expect(refreshes).toEqual(['refresh-1']);
  });

  it('that was refused many times at once is renewed once, and nobody is given the refused token meanwhile, or renews the new one', async () => {
    const { tab, refreshes } = world();
    const { session } = tab();
    await session.login('anna@example.org', 'x');
    const refused = Array.from({ length: 5 }, () => session.token('access-1'));
    const beside = session.token();
    expect(new Set(await Promise.all([...refused, beside]))).toEqual(new Set(['access-2']));
    expect(await session.token('access-1')).toBe('access-2');
    expect(refreshes).toEqual(['refresh-1']);
  });

  it('that has ended ends once, however many were refused', async () => {
    const { tab, refreshes, fail } = world();
    const { session, heard } = tab();
    await session.login('anna@example.org', 'x');
    fail(new ApiError('The session has ended.', 401));
    expect(await Promise.all(Array.from({ length: 6 }, () => session.token('access-1')))).toEqual(Array(6).fill(null));
    expect(await session.token('access-1')).toBeNull();
    expect(heard).toEqual([ANNA, null, 'ended']);
    expect(refreshes).toEqual([]);
  });

  it('gives the token that it has while that is good, and asks for none by that', async () => {
    const { tab, refreshes, pass } = world();
    const { session } = tab();
    expect(session.held()).toBeNull();
    await session.login('anna@example.org', 'x');
    expect(session.held()).toBe('access-1');
    pass(890_000);
    expect([session.held(), refreshes]).toEqual([null, []]);
    await session.logout();
    expect(session.held()).toBeNull();
  });

  it('refreshes once for all who ask at the same time, also in several tabs', async () => {
    const { tab, refreshes, pass } = world();
    const first = tab();
    await first.session.login('anna@example.org', 'x');
    const second = tab();
    pass(900_000);
    const tokens = await Promise.all([first.session.token(), first.session.token(), second.session.token(), second.session.token()]);
    expect(tokens).toEqual(['access-2', 'access-2', 'access-3', 'access-3']);
    expect(refreshes).toEqual(['refresh-1', 'refresh-2']);
  });

  it('is ended at the server, too, with a token that is still good', async () => {
    const { tab, loggedOut, pass } = world();
    const { session, heard } = tab();
    await session.login('anna@example.org', 'x');
    await session.logout();
    await session.login('anna@example.org', 'x');
    pass(900_000);
    await session.logout();
    expect(loggedOut).toEqual(['access-1', 'access-3']);
    expect(heard).toEqual([ANNA, null, ANNA, null]);
  });

  it('ends when the server refuses the refresh token', async () => {
    const { tab, pass, fail } = world();
    const { session, heard } = tab();
    await session.login('anna@example.org', 'x');
    pass(900_000);
    fail(new ApiError('This session has ended.', 401));
    expect(await session.token()).toBeNull();
    expect(heard).toEqual([ANNA, null, 'ended']);
  });

  it('begins with a registration that is sent again with its key while its answer may have been lost, and with another key where it is another one', async () => {
    const { tab, registered, fail } = world();
    const { session } = tab();
    const register = (name: string) => session.register(name, 'anna@example.org', 'x');
    fail(new ApiError('Not reached.', 0));
    await expect(register('Anna')).rejects.toThrow('Not reached.');
    await expect(register('Anna L.')).rejects.toThrow('Not reached.');
    await expect(register('Anna L.')).rejects.toThrow('Not reached.');
    fail();
    await register('Anna L.');
    await register('Anna L.');
    expect(registered.map((key) => registered.indexOf(key))).toEqual([0, 1, 1, 1, 4]);
  });

  it('goes on where the server was only out of reach', async () => {
    const { tab, pass, fail } = world();
    const { session } = tab();
    await session.login('anna@example.org', 'x');
    pass(900_000);
    fail(new ApiError('Not reached.', 0));
    await expect(session.token()).rejects.toThrow('Not reached.');
    fail();
    expect(await session.token()).toBe('access-2');
  });

  it('ends and begins with that of another tab', async () => {
    const { tab } = world();
    const first = tab();
    const second = tab();
    await first.session.login('anna@example.org', 'x');
    second.session.reread();
    expect(second.session.me()).toEqual(ANNA);
    await first.session.logout();
    second.session.reread();
    expect(second.heard).toEqual([ANNA, null, 'ended']);
  });

  it('gives way to the one of who signs in anew, and ends', async () => {
    const { tab, loggedOut } = world();
    const { session, heard } = tab();
    await session.login('anna@example.org', 'x');
    expect(await session.signIn('a code')).toBeNull();
    expect([loggedOut, await session.token(), heard]).toEqual([['access-1'], 'access-2', [ANNA]]);
  });

  it('does not come back by an answer that is late, where somebody signed in anew meanwhile and the browser has no locks', async () => {
    let goOn: () => void = () => undefined;
    const { tab, loggedOut } = world({ locks: false, held: new Promise<void>((resolve) => (goOn = resolve)) });
    const { session } = tab();
    await session.login('anna@example.org', 'x');
    const late = session.token(true);
    await session.signIn('a code');
    goOn();
    expect([await late, await session.token(), loggedOut.length]).toEqual(['access-3', 'access-3', 1]);
  });
});
