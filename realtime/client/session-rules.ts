/** What the entrance may offer, as the server says. */
import { useEffect, useState } from 'preact/hooks';

/** The rules of logging in and registering. */
export interface EntranceRules {
  registration: 'open' | 'invited' | 'closed';
  /** The site at which people sign in; missing where there is none. `only`: nobody logs in with a password. */
  signIn?: { name: string; url: string; only: boolean };
}

/** Until the rules are known, and where they cannot be asked for, the page offers what it always did. */
const UNKNOWN: EntranceRules = { registration: 'open' };

let known: EntranceRules | undefined;

export function useEntranceRules(): EntranceRules {
  const [rules, setRules] = useState(known ?? UNKNOWN);
  useEffect(() => {
    fetch('/api/session-rules')
      .then(async (response) => {
        if (!response.ok) return;
        known = (await response.json()) as EntranceRules;
        setRules(known);
      })
      .catch(() => undefined);
  }, []);
  return rules;
}
