/** An origin of this installation at which little is answered, so that what is there has nothing of the pages' rights. */

export interface ApartOrigin {
  /** As `https://files.example.org`. */
  origin: string;
  /** The beginning of the paths that are answered there. Everything else is as if it were nowhere. */
  paths: string;
}

/** True where a request's header `Host` names this origin. */
export function isAt(origin: string, host = ''): boolean {
  const url = `${origin.slice(0, origin.indexOf('//'))}//${host}`;
  return URL.canParse(url) && new URL(url).origin === origin;
}
