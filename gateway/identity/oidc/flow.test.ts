import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../platform/http/app.ts';
import { type Installation, openInstallation } from '../identity.fixture.ts';
import { openIdentity } from '../identity.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';
import { openWithIssuer, type WithIssuer } from './with-issuer.fixture.ts';

const MINUTES = 60_000;

describe('the way to the issuer and back', () => {
  let world: WithIssuer;
  let issuer: TestIssuer;
  let here: Installation;
  /** Another process on the same stores, which knows nothing but these. */
  let other: { url: string; close(): Promise<unknown> };
  beforeAll(async () => {
    world = await openWithIssuer();
    ({ issuer, here } = world);
    issuer.accounts.set('anna', { email: 'anna@example.org', email_verified: true, name: 'Anna' });
    other = await openOther();
  });
  afterAll(() => Promise.all([world?.close(), other?.close()]));

  async function openOther() {
    const log = pino({ level: 'silent' });
    const { routes, accessTokens, callerOf } = await openIdentity(here.identityOptions);
    const server = createServer(createApp({ routes, accessTokens, callerOf, origins: [], trustProxy: true, log }).callback());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
  }

  /** Goes all the way to the address of the callback, and stops before it. */
  const upToCallback = (browser = openBrowser(here.url)) => browser.signIn('anna', { until: `${here.url}/api/oidc/callback` });

  /** The page's address after this callback, in a browser. */
  async function after(callback: string, browser: ReturnType<typeof openBrowser>): Promise<string> {
    return (await browser.follow(callback)).url;
  }

  /** What another client is told of this callback: the status, and the words. */
  async function toldPlainly(callback: string, browser: ReturnType<typeof openBrowser>) {
    const response = await browser.ask(callback, { headers: { accept: 'application/json' } });
    return [response.status, response.headers.get('content-type'), (await response.json()).code];
  }

  const TROUBLE = (reason: string) => `${here.url}/#sign-in-trouble=${reason}`;
  const FORBIDDEN = [403, 'application/problem+json', 'forbidden'];

  it('asks for a code with PKCE, a nonce and a state, and names the place to come back to from PUBLIC_URL', async () => {
    const response = await fetch(`${here.url}/api/oidc/start`, { redirect: 'manual', headers: { 'x-forwarded-host': 'evil.example' } });
    const asked = Object.fromEntries(new URL(response.headers.get('location') ?? '').searchParams);
    expect(asked).toMatchObject({
      ...{ response_type: 'code', client_id: 'taskledger', scope: 'openid email profile', code_challenge_method: 'S256' },
      ...{
        redirect_uri: `${here.url}/api/oidc/callback`,
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        nonce: expect.stringMatching(/^.{40,}$/),
      },
    });
    expect(response.status).toBe(303);
    expect(response.headers.get('set-cookie')).toMatch(/^taskledger-sign-in=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1200$/);
    expect([response.headers.get('cache-control'), response.headers.get('referrer-policy')]).toEqual(['no-store', 'no-referrer']);
    // Nothing of the browser's own text is told the issuer.
    const [, text = 'none'] = /=([\w-]{43});/.exec(response.headers.get('set-cookie') ?? '') ?? [];
    expect(response.headers.get('location')).not.toContain(text);
  });

  it('has the issuer ask anew where that is wanted, and takes nothing else there', async () => {
    const again = await fetch(`${here.url}/api/oidc/start?again=1`, { redirect: 'manual' });
    expect(new URL(again.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login');
    for (const query of ['again=2', 'redirect_uri=https://evil.example', 'state=mine'])
      expect((await fetch(`${here.url}/api/oidc/start?${query}`, { redirect: 'manual' })).status).toBe(400);
  });

  it('is of one browser: the answer in another one, or in one without a cookie, lets nobody in', async () => {
    const callback = await upToCallback();
    const [nobody, somebody] = [openBrowser(here.url), openBrowser(here.url)];
    await somebody.ask(`${here.url}/api/oidc/start`);
    for (const browser of [nobody, somebody]) {
      expect(await after(callback, browser)).toBe(TROUBLE('stale'));
      expect(await toldPlainly(callback, browser)).toEqual(FORBIDDEN);
    }
  });

  it('gives no tokens for the code of another browser, nor for a code that was used, nor for one that is none', async () => {
    const browser = openBrowser(here.url);
    const code = fragmentOf(await browser.signIn('anna'));
    const thief = openBrowser(here.url);
    expect((await thief.exchange(code)).status).toBe(422);
    await thief.ask(`${here.url}/api/oidc/start`);
    expect((await thief.exchange(code)).status).toBe(422);
    const cookies = new Map(browser.cookies());
    expect((await browser.exchange(code)).status).toBe(200);
    for (const [name, value] of cookies) browser.cookies().set(name, value);
    for (const wrong of [code, 'none', `${code}x`]) expect((await browser.exchange(wrong)).status).toBe(422);
  });

  it('gives tokens once, however many ask at once', async () => {
    const browser = openBrowser(here.url);
    const code = fragmentOf(await browser.signIn('anna'));
    const replies = await Promise.all(Array.from({ length: 8 }, () => browser.exchange(code)));
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 7 }, () => 422)]);
  });

  it('takes an answer once', async () => {
    const browser = openBrowser(here.url);
    const callback = await upToCallback(browser);
    expect(fragmentOf(await after(callback, browser))).not.toBe('');
    expect(await after(callback, browser)).toBe(TROUBLE('stale'));
  });

  it('takes a code of the issuer once, also with a state of its own', async () => {
    const browser = openBrowser(here.url);
    const callback = new URL(await upToCallback(browser));
    expect(fragmentOf(await after(callback.href, browser))).not.toBe('');
    const second = new URL(await upToCallback(browser));
    second.searchParams.set('code', callback.searchParams.get('code') ?? '');
    expect(await after(second.href, browser)).toBe(TROUBLE('stale'));
  });

  it('takes no code that another browser was given, put into an answer of this one', async () => {
    const [victim, attacker] = [openBrowser(here.url), openBrowser(here.url)];
    const [theirs, own] = [new URL(await upToCallback(attacker)), new URL(await upToCallback(victim))];
    own.searchParams.set('code', theirs.searchParams.get('code') ?? '');
    expect(await after(own.href, victim)).toBe(TROUBLE('stale'));
  });

  it('takes no answer that names another issuer, or a state that was changed, or parameters twice', async () => {
    const changes: ((url: URL) => void)[] = [
      (url) => url.searchParams.set('iss', 'https://another.example'),
      (url) => url.searchParams.delete('iss'),
    ];
    for (const change of changes) {
      const browser = openBrowser(here.url);
      const callback = new URL(await upToCallback(browser));
      change(callback);
      expect(await after(callback.href, browser)).toBe(TROUBLE('wrong'));
      expect(here.lines.at(-1)).toContain('"route":"/api/oidc/callback"');
      expect(here.lines.some((line) => line.includes('an answer of the issuer was refused'))).toBe(true);
    }
    const browser = openBrowser(here.url);
    const callback = new URL(await upToCallback(browser));
    const state = callback.searchParams.get('state') ?? '';
    const states = ['', 'x', `${state}0`, state.replace(/^./, '0'), state.slice(0, -1), state.toUpperCase(), `${state} `];
    for (const one of states) {
      callback.searchParams.set('state', one);
      expect(await after(callback.href, browser)).toBe(TROUBLE('stale'));
    }
    const twice = await browser.ask(`${callback.href}&state=${state}`);
    expect(twice.status).toBe(400);
  });

  it('lets ten minutes for signing in there, and ten for the code of the page', async () => {
    const slow = openBrowser(here.url);
    const callback = await upToCallback(slow);
    here.advance(11 * MINUTES);
    expect(await after(callback, slow)).toBe(TROUBLE('stale'));
    const browser = openBrowser(here.url);
    // The issuer's clock has not moved: its answer is of the past for us.
    here.advance(-11 * MINUTES);
    const code = fragmentOf(await browser.signIn('anna'));
    here.advance(11 * MINUTES);
    expect((await browser.exchange(code)).status).toBe(422);
    here.advance(-11 * MINUTES);
  });

  it('tells who turned back there that they did', async () => {
    const browser = openBrowser(here.url);
    expect(await browser.signIn(null)).toBe(TROUBLE('denied'));
  });

  it('tells who the issuer could not sign in right now to try again, and does not take it for away: any browser can bring that answer', async () => {
    for (const error of ['server_error', 'temporarily_unavailable']) {
      const browser = openBrowser(here.url);
      const back = async () => {
        const { headers } = await browser.ask(`${here.url}/api/oidc/start`);
        const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
        return `${here.url}/api/oidc/callback?${new URLSearchParams({ error, state, iss: issuer.url })}`;
      };
      expect(await after(await back(), browser)).toBe(TROUBLE('busy'));
      expect(await toldPlainly(await back(), browser)).toEqual(FORBIDDEN);
    }
    expect(here.lines.filter((line) => line.includes('the issuer of sign-ins cannot be used'))).toEqual([]);
  });

  it('goes on in another process at each step, and its tabs do not disturb each other', async () => {
    const browser = openBrowser(here.url);
    const jar = browser.cookies();
    const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const [one, two] = [new URL(await upToCallback(browser)), new URL(await upToCallback(browser))];
    const codes: string[] = [];
    for (const [url, at] of [
      [two, here.url],
      [one, other.url],
    ] as const) {
      const response = await fetch(`${at}${url.pathname}${url.search}`, { redirect: 'manual', headers: { cookie: cookie(), accept: 'text/html' } });
      codes.push(fragmentOf(response.headers.get('location') ?? ''));
    }
    const headers = { cookie: cookie(), 'content-type': 'application/json' };
    const [first, second] = [other.url, here.url];
    const replies = await Promise.all(
      [first, second].map((at, n) => fetch(`${at}/api/oidc/tokens`, { method: 'POST', headers, body: JSON.stringify({ code: codes[n] }) })),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    // What one process has taken, the other does not.
    const late = await fetch(`${here.url}/api/oidc/tokens`, { method: 'POST', headers, body: JSON.stringify({ code: codes[0] }) });
    expect(late.status).toBe(422);
  });

  it('bounds the ways back of one network, but not of people who are let in', async () => {
    const limited = await openInstallation({ oidc: issuer.settings(), limits: { 'sign-in-ip': 2 } });
    try {
      const browser = openBrowser(limited.url);
      const back = async () => {
        const { headers } = await browser.ask(`${limited.url}/api/oidc/start`);
        const state = new URL(headers.get('location') ?? '').searchParams.get('state');
        return (await browser.follow(`${limited.url}/api/oidc/callback?state=${state}&code=none&iss=${issuer.url}`)).url;
      };
      expect([await back(), await back(), await back()].map((url) => fragmentOf(url, 'sign-in-trouble'))).toEqual(['stale', 'stale', 'limited']);
      await Promise.all([upToCallback(), upToCallback()]);
    } finally {
      await limited.close();
    }
  });
});

describe('an issuer that is away', () => {
  it('costs nobody a start, is told in words, and is asked again once it is back', async () => {
    const issuer = await startIssuer();
    await issuer.away();
    const here = await openInstallation({ oidc: issuer.settings() });
    try {
      issuer.accounts.set('bo', { email: 'bo@example.org', email_verified: true, name: 'Bo' });
      issuer.serve(`${here.url}/api/oidc/callback`);
      const plain = await fetch(`${here.url}/api/oidc/start`);
      expect([plain.status, plain.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
      expect((await plain.json()).detail).not.toContain('127.0.0.1');
      const browser = openBrowser(here.url);
      expect((await browser.follow(`${here.url}/api/oidc/start`)).url).toBe(`${here.url}/#sign-in-trouble=away`);
      await issuer.back();
      const callback = await browser.signIn('bo', { until: `${here.url}/api/oidc/callback` });
      await issuer.away();
      expect((await browser.follow(callback)).url).toBe(`${here.url}/#sign-in-trouble=away`);
      await issuer.back();
      expect((await browser.comeIn('bo')).status).toBe(200);
      expect(here.lines.filter((line) => line.includes('the issuer of sign-ins cannot be used')).length).toBeGreaterThan(0);
    } finally {
      await Promise.all([here.close(), issuer.close()]);
    }
  });
});

describe('an installation without an issuer', () => {
  it('has no way to sign in there, and does not offer one', async () => {
    const here = await openInstallation();
    try {
      expect((await here.call('GET /api/session-rules')).body.signIn).toBeUndefined();
      for (const what of ['GET /api/oidc/start', 'GET /api/oidc/callback']) expect((await here.call(what)).status).toBe(404);
      expect((await here.call('POST /api/oidc/tokens', { code: 'none' })).status).toBe(404);
    } finally {
      await here.close();
    }
  });
});
