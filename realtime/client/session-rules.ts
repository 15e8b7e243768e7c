/** What the page may offer, as the server says. */
import { useEffect, useState } from 'preact/hooks';
import { ASK_AGAIN } from './api.ts';

/** The rules of logging in and registering. */
export interface EntranceRules {
  registration: 'open' | 'invited' | 'closed';
  /** The site at which people sign in; missing where there is none. `only`: nobody logs in with a password. */
  signIn?: { name: string; url: string; only: boolean };
  /** True where files are posted to the file store itself. */
  directUploads?: boolean;
}

/** Until the rules are known the page offers what it always did. */
const UNKNOWN: EntranceRules = { registration: 'open' };

let known: EntranceRules | undefined;

export function useEntranceRules(): EntranceRules {
  const [rules, setRules] = useState(known ?? UNKNOWN);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () => {
      loadRules().then(setRules, () => {
        timer = setTimeout(ask, ASK_AGAIN);
      });
    };
    ask();
    return () => clearTimeout(timer);
  }, []);
  return rules;
}

/** Resolves to true where files are posted to the file store itself; to false where they go through the server, which takes them in any case. */
export async function sendsDirectly(): Promise<boolean> {
  const rules = known ?? (await loadRules().catch(() => UNKNOWN));
  return rules.directUploads ?? false;
}

async function loadRules(): Promise<EntranceRules> {
  const response = await fetch('/api/session-rules');
  if (!response.ok) throw new Error(`the rules are not to be had: ${response.status}`);
  known = (await response.json()) as EntranceRules;
  return known;
}
