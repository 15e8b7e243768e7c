/** What may happen between the request of a notification and its sending, and what becomes of it: a file of such rows for each category of kinds. */
import type { Content } from '../../contracts/notification.ts';

export const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
export const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
export const CAROL = '7e3f1b7e-2d79-4a5b-8f2a-8c9d0e1f2a04';
/** The time of the request, and of the sending where a row says nothing else. */
export const BEFORE = '2026-11-21T09:00:00.000Z';

/** An event that is recorded. */
export type Happening = [stream: string, type: string, data: object];

export interface Row {
  /** What happened before it was asked for. */
  before?: readonly Happening[];
  /** What happened after it was asked for. */
  after: readonly Happening[];
  /** The reason why it is not sent; null where it is sent. */
  reason: string | null;
  /** TASK_VISIBILITY, default `team`. */
  visibility?: 'own';
  /** The recipient, where the kind is for a user; default: Bob. */
  to?: string;
  /** The time of the sending. */
  now?: string;
}

export const row = (reason: string | null, after: readonly Happening[] = [], more: Omit<Row, 'after' | 'reason'> = {}): Row => ({
  ...more,
  after,
  reason,
});

/** The rows of each kind of a category. */
export interface Scenes<Kind extends string> {
  rows: Readonly<Record<Kind, readonly Row[]>>;
  /** What happened before any of them, beside the registrations of Alice, Bob and Carol. */
  begin(kind: Kind): readonly Happening[];
  /** The request. `toUser`: false where it goes to an address. */
  request(to: string): { toUser: boolean; about: { stream: string; revision: number }; content?: Content };
}

export const accountGone: Happening = [`user-${BOB}`, 'UserDeleted', {}];
export const NOBODY = 'the recipient is no user any more';
