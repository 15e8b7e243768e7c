/** A request for a row: a thing that is there, asked for by somebody who may, with a body that fits. */
import { caller, type Reply, type User } from '../system/client.fixture.ts';
import type { Furnished, Makers } from './furnished.fixture.ts';

/** What of a request is not as the row has it. */
export interface Asked {
  /** The thing for `:id`. */
  id?: string;
  /** The values of the other parameters. */
  params?: Record<string, string>;
  query?: string;
  /** Default: the row's example. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Who asks; default: the admin. */
  by?: Pick<User, 'call'>;
  /** Asks in a way of its own. */
  ask?: () => Promise<Reply>;
}
export type Make = (world: Furnished) => Promise<Asked> | Asked;

/** For one thing, which is made for it. */
export const one =
  (thing: (make: Makers) => Promise<string>, more: Asked = {}): Make =>
  async ({ make }) => ({ id: await thing(make), ...more });
/** Asked by somebody who is not logged in. */
export const stranger =
  (asked: (world: Furnished) => Promise<Asked> | Asked): Make =>
  async (world) => ({ by: { call: caller(() => world.process.url) }, ...(await asked(world)) });
