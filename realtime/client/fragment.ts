/** What links bring in the fragment of an address, which no server is sent: the codes of mails, and places by their names of before. */
import { CODE_PURPOSES, type LinkPurpose } from '../../contracts/places.ts';

/** A link of a mail, by what it is for; `token`: its one-time code. */
export interface MailedLink {
  purpose: LinkPurpose;
  token: string;
}

/** The place that an address with a fragment is of, as it stands in the address bar from then on, and the mailed link where there is one. */
export interface Fragment {
  path: string;
  link: MailedLink | null;
  /** How a sign-in at another site ended; missing where none brought this address. */
  signIn?: EndedSignIn;
}

/** A sign-in at another site that led back: with a code that is exchanged once, or with the reason why not. */
export type EndedSignIn = { code: string } | { trouble: string };

/** Reads `/#task=<id>`, `/#forgotten`, `/#sign-in=<code>`, `/#sign-in-trouble=<reason>`, `/#confirm=<code>` and `/confirm#<code>`, and so for each purpose; null for any other address. */
export function readFragment({ pathname, hash }: Pick<Location, 'pathname' | 'hash'>): Fragment | null {
  const text = hash.slice(1);
  if (!text) return null;
  const named = new URLSearchParams(text);
  const task = named.get('task');
  if (task) return { path: `/tasks/${encodeURIComponent(task)}`, link: null };
  if (named.has('forgotten')) return { path: '/forgotten', link: null };
  const signIn = signInIn(named);
  if (signIn) return { path: '/sign-in', link: null, signIn };
  const purpose = CODE_PURPOSES.find((one) => named.get(one) || pathname === `/${one}`);
  return purpose ? { path: `/${purpose}`, link: { purpose, token: named.get(purpose) || text } } : null;
}

function signInIn(named: URLSearchParams): EndedSignIn | null {
  const [code, trouble] = [named.get('sign-in'), named.get('sign-in-trouble')];
  if (code) return { code };
  return trouble ? { trouble } : null;
}
