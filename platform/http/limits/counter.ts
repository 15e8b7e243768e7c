/** The counting of one limit, wherever its counts are kept. */

/** The measure of a limit: so many points in so many seconds, counted from the first try. */
export interface LimitPolicy {
  points: number;
  seconds: number;
}

/** The state of a limit for one key: the points left, and the milliseconds until it is whole again. */
export interface LimitState {
  remainingPoints: number;
  msBeforeNext: number;
}

/** The counts of one limit, by hashed key. */
export interface Counter {
  /** Takes `cost` points where that many are left, else none. */
  consume(key: string, cost: number): Promise<{ allowed: boolean; state: LimitState }>;
  refund(key: string, cost: number): Promise<void>;
  reset(key: string): Promise<void>;
}
