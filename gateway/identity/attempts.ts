/** Attempts at a password, limited by account, by network, and by both. Only failures count. */
import { type LimitName, type Limits, networkOf } from '../../platform/http/limits/limits.ts';

export interface Attempts {
  /**
   * Checks a password; resolves to the result of `check`. A failure counts; a success forgets the failures of this account from this network.
   * `account` is a normalised e-mail address. Errors: ProblemError `limited`, and those of `check`, which count nothing.
   */
  attempt(account: string, ip: string, check: () => Promise<boolean>): Promise<boolean>;
}

export function openAttempts(limits: Limits): Attempts {
  const tails = new Map<string, Promise<unknown>>();

  async function take(keys: [LimitName, string][]): Promise<void> {
    const taken: [LimitName, string][] = [];
    try {
      for (const [name, key] of keys) {
        await limits.consume(name, key);
        taken.push([name, key]);
      }
    } catch (error) {
      await giveBack(taken);
      throw error;
    }
  }

  async function giveBack(keys: [LimitName, string][]): Promise<void> {
    for (const [name, key] of keys) await limits.refund(name, key);
  }

  /** Counts an attempt before its check, so that many at once are limited, too, and takes it back after a success. */
  async function limited(account: string, ip: string, check: () => Promise<boolean>): Promise<boolean> {
    const network = networkOf(ip);
    const both: [LimitName, string] = ['login-account-ip', `${network} ${account}`];
    const keys: [LimitName, string][] = [['login-ip', network], ['login-account', account], both];
    await take(keys);
    try {
      const right = await check();
      if (!right) return false;
    } catch (error) {
      await giveBack(keys);
      throw error;
    }
    await giveBack(keys);
    await limits.reset(...both);
    return true;
  }

  /** Runs one attempt at a time for an account and a network, so that the right password many times at once does not count as failures. */
  function inTurn(key: string, work: () => Promise<boolean>): Promise<boolean> {
    const mine = (tails.get(key) ?? Promise.resolve()).then(work, work);
    tails.set(key, mine);
    const done = () => {
      if (tails.get(key) === mine) tails.delete(key);
    };
    mine.then(done, done);
    return mine;
  }

  return { attempt: (account, ip, check) => inTurn(`${networkOf(ip)} ${account}`, () => limited(account, ip, check)) };
}
