/** The place that somebody wanted who was not logged in: kept in this tab, also while another site logs them in. */

const WANTED = 'taskledger.wanted';
/** The places that lead in, and those of mailed links, are no places to come back to. */
const PASSING = /^\/(login|register|forgotten|confirm|reset|invitation|address|sign-in)\b/;

/** Remembers a path with its query, unless it is only on the way. */
export function rememberWanted(url: string): void {
  if (!PASSING.test(url)) sessionStorage.setItem(WANTED, url);
}

/** Forgets the place that was wanted, where somebody who is logged in has come to one; what is only on the way may still lead to it. */
export function forgetWanted(url: string): void {
  if (!PASSING.test(url)) sessionStorage.removeItem(WANTED);
}

/** Forgets the place that was wanted, and returns its path; `/` without one. It is a path of this site, whatever was kept. */
export function takeWanted(): string {
  const wanted = sessionStorage.getItem(WANTED) ?? '/';
  sessionStorage.removeItem(WANTED);
  return /^\/(?![/\\])/.test(wanted) ? wanted : '/';
}
