/**
 * The browser that asked to sign in: a random text in a cookie of its own, from which the texts that travel to the issuer follow. So nothing is kept
 * here for whoever begins, any process can take the answer, and an answer that another browser brings fits none.
 */
import type { RouteRequest } from '../../../platform/http/route.ts';
import { randomSecret, same } from '../refresh-tokens.ts';
import type { Flow } from './issuer.ts';

export interface BrowsersOptions {
  hmac(text: string): string;
  now(): Date;
  /** The address of the pages. */
  publicUrl(): string;
}

export interface Browsers {
  /** The text in the cookie of a request; null where it has none that is well-formed. */
  of(request: Pick<RouteRequest, 'header'>): string | null;
  /** Makes the texts of one sign-in of a browser; `again`: it is begun to show anew who they are. */
  begin(browser: string, again: boolean): Flow;
  /** The texts that belong to a state; null for one of another browser, one that is not ours, and one that is older than FLOW_LIFE. */
  flowOf(state: string, browser: string): Flow | null;
  /** The Set-Cookie that gives a browser its text; null takes the text away. */
  cookie(browser: string | null): string;
}

/** Milliseconds that somebody may take to sign in at the issuer. */
export const FLOW_LIFE = 10 * 60_000;
/** Seconds that a browser keeps its text: for a way to the issuer and back, and for a password that may have to be typed then. */
const COOKIE_LIFE = (2 * FLOW_LIFE) / 1_000;
/** Milliseconds by which the clocks of two processes may differ. */
const CLOCKS_DIFFER = 60_000;
const NAME = 'taskledger-sign-in';
const TEXT = /^[\w-]{43}$/;
const AGAIN = '.again';
const STATE = /^([0-9a-z]{1,11})(\.again)?\.[\w-]{43}\.([0-9a-f]{64})$/;

export function openBrowsers({ hmac, now, publicUrl }: BrowsersOptions): Browsers {
  const isSecure = () => publicUrl().startsWith('https:');
  // The prefix has the browser refuse the cookie from any other host, and without TLS (RFC 6265bis, 4.1.3.2).
  const name = () => (isSecure() ? `__Host-${NAME}` : NAME);
  const markOf = (state: string, browser: string) => hmac(`oidc-state:${browser}:${state}`);

  function flow(state: string, browser: string, again: boolean): Flow {
    return { state, again, nonce: hmac(`oidc-nonce:${browser}:${state}`), verifier: hmac(`oidc-verifier:${browser}:${state}`) };
  }

  return {
    of: ({ header }) => {
      const pairs = (header('cookie') ?? '').split(';').map((pair) => pair.trim());
      const text = pairs.find((pair) => pair.startsWith(`${name()}=`))?.slice(name().length + 1);
      return text !== undefined && TEXT.test(text) ? text : null;
    },
    begin: (browser, again) => {
      const state = `${now().getTime().toString(36)}${again ? AGAIN : ''}.${randomSecret()}`;
      return flow(`${state}.${markOf(state, browser)}`, browser, again);
    },
    flowOf: (state, browser) => {
      const [, time = '', again, mark = ''] = STATE.exec(state) ?? [];
      const age = now().getTime() - Number.parseInt(time, 36);
      if (!(age <= FLOW_LIFE && age >= -CLOCKS_DIFFER)) return null;
      return same(mark, markOf(state.slice(0, -mark.length - 1), browser)) ? flow(state, browser, again !== undefined) : null;
    },
    cookie: (browser) => {
      const life = browser === null ? 0 : COOKIE_LIFE;
      return `${name()}=${browser ?? ''}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${life}${isSecure() ? '; Secure' : ''}`;
    },
  };
}
