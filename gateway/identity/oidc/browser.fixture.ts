/** A browser as far as signing in needs one: it follows redirects, keeps cookies by origin, and fills the issuer's form. */
import type { Reply } from '../identity.fixture.ts';

const HTML = { accept: 'text/html,application/xhtml+xml' };

/** Opens a browser at an installation. */
export function openBrowser(here: string) {
  /** Cookies by origin: both servers are on one host here, and do not see each other's. */
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (url: string) => {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };
  /** All addresses that were asked for, and led to. */
  const visited: string[] = [];

  async function ask(url: string, init: RequestInit = {}): Promise<Response> {
    visited.push(url);
    const jar = jarOf(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...HTML, ...(init.headers as Record<string, string>), ...(cookie ? { cookie } : {}) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects up to a page: the issuer's, or ours, at which it stops, since a fragment is sent to nobody. `until`: stops before such an address. */
  async function follow(url: string, init?: RequestInit, until = `${here}/#`): Promise<{ url: string; response?: Response }> {
    if (url.startsWith(until)) return { url };
    const response = await ask(url, init);
    const location = response.headers.get('location');
    if (!location) return { url, response };
    await response.body?.cancel();
    return follow(new URL(location, url).href, undefined, until);
  }

  /** Goes to the issuer, and signs in as this account where it asks; `null` turns back there. Resolves to the address that is led to last. */
  async function signIn(
    account: string | null,
    { until, start = `${here}/api/oidc/start` }: { until?: string; start?: string } = {},
  ): Promise<string> {
    const page = await follow(start, undefined, until);
    if (!page.response) return page.url;
    if (!(await page.response.text()).includes('<form')) throw new Error(`${page.url} answered ${page.response.status} without a form`);
    const body = new URLSearchParams(account === null ? { no: '1' } : { account });
    const { url, response } = await follow(page.url, { method: 'POST', body }, until);
    if (response) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    return url;
  }

  async function exchange(code: string, more: object = {}): Promise<Reply> {
    const body = JSON.stringify({ code, ...more });
    const response = await ask(`${here}/api/oidc/tokens`, { method: 'POST', body, headers: { 'content-type': 'application/json', accept: '*/*' } });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  return {
    ask,
    follow,
    signIn,
    exchange,
    visited,
    /** Signs in and exchanges the code, with a password where one is given. */
    comeIn: async (account: string, more: object = {}) => exchange(fragmentOf(await signIn(account)), more),
    /** Signs in anew at the issuer, also where it knows them, and exchanges the code: a fresh login. */
    comeInAnew: async (account: string) => exchange(fragmentOf(await signIn(account, { start: `${here}/api/oidc/start?again=1` }))),
    cookies: () => jarOf(here),
  };
}

/** The code in the fragment of the page's address; empty where there is none. */
export function fragmentOf(url: string, name = 'sign-in'): string {
  return new URLSearchParams(new URL(url).hash.slice(1)).get(name) ?? '';
}
