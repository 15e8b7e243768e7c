/** What is kept of a sign-in for some minutes, in the secrets: the states that came back, and the codes that a page exchanges for its tokens. */
import { ProblemError } from '../../../contracts/problem.ts';
import { hashOf, randomSecret, same } from '../refresh-tokens.ts';
import type { SecretRecord, Secrets } from '../secrets/secrets.ts';
import type { AsOf } from './as-of.ts';
import { FLOW_LIFE } from './browser.ts';
import type { SignedIn } from './signed-in.ts';

interface KeptSignIn {
  who: SignedIn;
  /** The account as it was when the code was made. */
  asOf: AsOf;
  /** The hash of the browser's text. */
  browser: string;
  /** True once the code was exchanged. */
  isUsed: boolean;
}

export type SignInRecord = SecretRecord<KeptSignIn>;

export interface SignInCodes {
  /** Notes that a state came back; false where it did before. */
  cameBack(state: string): Promise<boolean>;
  /** Makes the code by which this browser, and no other, gets the tokens of who signed in. */
  issue(signIn: Pick<KeptSignIn, 'who' | 'asOf'>, browser: string): Promise<string>;
  /** Resolves to the sign-in of a code. Error: ProblemError `invalid` for one that was used, is too old, or is another browser's. */
  find(code: string, browser: string | null): Promise<SignInRecord>;
  /** Uses a code up. Error: as `find`. */
  spend(record: SignInRecord): Promise<void>;
}

/** Milliseconds that a code is good for: somebody may have to type a password. */
const LIFE = FLOW_LIFE;
/** The owner of these records: nobody who is known yet. */
const OWNER = 'sign-in';

export function openSignInCodes({ secrets, now }: { secrets: Secrets; now(): Date }): SignInCodes {
  const after = (milliseconds: number) => new Date(now().getTime() + milliseconds).toISOString();
  return {
    cameBack: (state) => secrets.put('sign-ins', { key: hashOf(`state:${state}`), value: null, owner: OWNER, expires: after(2 * FLOW_LIFE) }, 0),
    issue: async ({ who, asOf }, browser) => {
      const code = randomSecret();
      const value: KeptSignIn = { who, asOf, browser: hashOf(browser), isUsed: false };
      await secrets.put('sign-ins', { key: hashOf(code), value, owner: OWNER, expires: after(LIFE) }, 0);
      return code;
    },
    find: async (code, browser) => {
      const found = await secrets.get<KeptSignIn>('sign-ins', hashOf(code));
      // Those of an older release do not say what they stand on.
      if (!found?.value?.asOf || found.value.isUsed || browser === null || !same(found.value.browser, hashOf(browser))) throw spent();
      return found;
    },
    spend: async ({ key, value, owner, expires, version }) => {
      // Nothing of who signed in is needed any more.
      if (!(await secrets.put('sign-ins', { key, value: { ...value, who: null, asOf: null, isUsed: true }, owner, expires }, version))) throw spent();
    },
  };
}

function spent(): ProblemError {
  return new ProblemError('invalid', 'This sign-in was used already, is too old, or began in another browser. Sign in again.', {
    errors: [{ pointer: '/code', detail: 'was used already, is too old, or is another browser’s' }],
  });
}
