/**
 * Attempts at a password. Failures are limited so that nobody guesses one, and so that no stranger keeps a person out: a device that was in before has
 * tries of its own, and so has an account in a network from which it was in. A strange network has tries of its own for each account; where strangers
 * at large guess at one account, each of their networks has fewer.
 */
import { ProblemError } from '../../contracts/problem.ts';
import { type LimitName, type Limits, networkOf } from '../../platform/http/limits/limits.ts';
import { giveBackTogether, type LimitPoints, takeTogether } from '../../platform/http/limits/together.ts';
import type { Asker } from './fair-turns.ts';

/** The signs that whoever tries was in this account before. */
export interface Standing {
  /** The id of a device that was in. */
  device?: string | undefined;
  /** The id of a session that lives: its owner is in, and wants to do more. */
  session?: string;
  /** True in a network from which the account was in. */
  network?: boolean;
}

export interface Attempts {
  /**
   * Checks a password; resolves to the result of `check`, which is told for whom it hashes. A failure counts; a success forgets the failures of this
   * device, or of this account from this network. `account` is a normalised e-mail address. Errors: ProblemError `limited`, and those of `check`,
   * which count nothing.
   */
  attempt(account: string, ip: string, check: (asker: Asker) => Promise<boolean>, standing?: Standing): Promise<boolean>;
}

/** Points that an attempt takes from a limit. */
interface Points extends LimitPoints {
  /** True for a limit of all checks, also of right passwords. */
  ofWork?: boolean;
}

/** The tries that a strange network has for an account at which strangers at large guess. */
const WHILE_GUESSED = 2;

export function openAttempts(limits: Limits): Attempts {
  const tails = new Map<string, Promise<unknown>>();

  async function take(wanted: Points[]): Promise<Points[]> {
    await takeTogether(limits, wanted);
    return wanted;
  }

  const giveBack = (points: Points[]) => giveBackTogether(limits, points);

  /** The points of somebody unknown: more of them where strangers at large have used up what all have for this account. */
  async function takeAsStranger(account: string, network: string): Promise<Points[]> {
    const ofAll: Points = { name: 'login-account', key: account };
    const taken = await take([ofAll]).catch(onlyLimited);
    const cost = taken ? 1 : Math.max(1, Math.floor(limits.points('login-account-ip') / WHILE_GUESSED));
    try {
      const own = await take([work(network), { name: 'login-ip', key: network }, { name: 'login-account-ip', key: `${network} ${account}`, cost }]);
      return [...(taken ?? []), ...own];
    } catch (error) {
      await giveBack(taken ?? []);
      throw error;
    }
  }

  /** The points of who is in already: no stranger uses them up, and they are no more tries than a login has. */
  async function takeInSession(session: string, account: string, network: string): Promise<Points[]> {
    const own = await take([work(`device ${account}`), { name: 'login-device', key: session }]);
    const ofLogins = await take([{ name: 'login-account-ip', key: `${network} ${account}` }]).catch(onlyLimited);
    return [...own, ...(ofLogins ?? [])];
  }

  function takeAs({ device, session, network: isKnown }: Standing, account: string, network: string): Promise<Points[]> {
    if (session !== undefined) return takeInSession(session, account, network);
    const elsewhere = () =>
      isKnown ? take([work(network), { name: 'login-account-ip', key: `${network} ${account}` }]) : takeAsStranger(account, network);
    if (device === undefined) return elsewhere();
    // A device that has used up its own tries is as good as any.
    return take([work(`device ${account}`), { name: 'login-device', key: device }]).catch((error) => {
      onlyLimited(error);
      return elsewhere();
    });
  }

  /** Counts an attempt before its check, so that many at once are limited, too, and takes it back after a success. */
  async function limited(account: string, network: string, standing: Standing, check: (asker: Asker) => Promise<boolean>): Promise<boolean> {
    const taken = await takeAs(standing, account, network);
    const known = !taken.some(({ name }) => name === 'login-ip');
    const right = await check({ key: known ? account : network, known }).catch(async (error) => {
      await giveBack(taken);
      throw error;
    });
    if (right) await forget(taken);
    return right;
  }

  /** Forgets failures after a success; the work stays counted. */
  async function forget(taken: Points[]): Promise<void> {
    await giveBack(taken.filter(({ ofWork }) => !ofWork));
    for (const { name, key } of taken) if (FORGOTTEN.has(name)) await limits.reset(name, key);
  }

  /** Runs one attempt at a time for an account and a network or device, so that the right password many times at once does not count as failures. */
  function inTurn(key: string, attempt: () => Promise<boolean>): Promise<boolean> {
    const mine = (tails.get(key) ?? Promise.resolve()).then(attempt, attempt);
    tails.set(key, mine);
    const done = () => {
      if (tails.get(key) === mine) tails.delete(key);
    };
    mine.then(done, done);
    return mine;
  }

  return {
    attempt: (account, ip, check, standing = {}) => {
      const network = networkOf(ip);
      return inTurn(`${standing.session ?? standing.device ?? network} ${account}`, () => limited(account, network, standing, check));
    },
  };
}

/** The limits whose failures a success ends. */
const FORGOTTEN: ReadonlySet<LimitName> = new Set(['login-account-ip', 'login-device']);

const work = (key: string): Points => ({ name: 'login-checks', key, ofWork: true });

/** Throws any error but the refusal of a limit. */
function onlyLimited(error: unknown): undefined {
  if (!(error instanceof ProblemError) || error.code !== 'limited') throw error;
}
