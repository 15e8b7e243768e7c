/** Origins and hosts as URLs say them: case and default ports make no difference. */

/** An origin of this installation at which little is answered, so that what is there has nothing of the pages' rights. */
export interface ApartOrigin {
  /** As `https://files.example.org`. */
  origin: string;
  /** The beginning of the paths that are answered there. Everything else is as if it were nowhere. */
  paths: string;
}

/** The origin that a text names (scheme, host, perhaps a port, and nothing more), as browsers write it: `https://tasks.example.org`; null for any other text. */
export function originOf(text: string): string | null {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/i.test(text) || !URL.canParse(text)) return null;
  const { origin } = new URL(text);
  return origin === 'null' ? null : origin;
}

/** True where a request's header `Host` names this origin. The dot that ends a full name of DNS makes it no other one. */
export function isAt(origin: string, host = ''): boolean {
  return originOf(`${origin.slice(0, origin.indexOf('//'))}//${host.replace(/\.(?=:|$)/, '')}`) === origin;
}

/** True where a request's header `Origin` names one of these origins, which are written as `originOf` gives them. */
export function isAmong(origins: readonly string[], origin = ''): boolean {
  const named = originOf(origin);
  return named !== null && origins.includes(named);
}
