/** What the entrance may offer, as the server says. */
import { useEffect, useState } from 'preact/hooks';

/** The rules of logging in and registering. */
export interface EntranceRules {
  registration: 'open' | 'invited' | 'closed';
  /** The site at which people sign in; missing where there is none. `only`: nobody logs in with a password. */
  signIn?: { name: string; url: string; only: boolean };
}

/** Until the rules are known the page offers what it always did. */
const UNKNOWN: EntranceRules = { registration: 'open' };

/** Milliseconds after which the rules are asked for again, where they were not to be had. */
const AGAIN = 5_000;

let known: EntranceRules | undefined;

export function useEntranceRules(): EntranceRules {
  const [rules, setRules] = useState(known ?? UNKNOWN);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      loadRules().then(setRules, () => {
        timer = setTimeout(ask, AGAIN);
      });
    };
    ask();
    return () => clearTimeout(timer);
  }, []);
  return rules;
}

async function loadRules(): Promise<EntranceRules> {
  const response = await fetch('/api/session-rules');
  if (!response.ok) throw new Error(`the rules are not to be had: ${response.status}`);
  known = (await response.json()) as EntranceRules;
  return known;
}
