/** How one limit is counted, wherever its counts are kept. */

/** So many tries in so many seconds, counted from the first. */
export interface LimitPolicy {
  points: number;
  seconds: number;
}

/** Where a limit is at: what is left of it, in how many milliseconds it is whole again. */
export interface LimitState {
  remainingPoints: number;
  msBeforeNext: number;
}

/** The counts of one limit, by hashed key. */
export interface Counter {
  /** Takes where there is enough left, else nothing. */
  consume(key: string, cost: number): Promise<{ allowed: boolean; state: LimitState }>;
  refund(key: string, cost: number): Promise<void>;
  reset(key: string): Promise<void>;
}
