/**
 * The items of which a dispatcher has heard since the state of the read model that it knows: what the read model says of those may be old. It remembers a
 * bounded number of them, the newest; and what it does not remember the read model must have folded before it is asked for anything. While it is asked nothing
 * is forgotten: its answer may be older than whatever comes meanwhile.
 */
import type { Position } from '../../contracts/message.ts';

export interface HeardItems {
  /** The number of remembered items. */
  readonly size: number;
  /** What comes after this position is remembered. */
  readonly since: Position;
  /** Notes an item's newest event. `due`: when the item is due, by the monotonic clock in milliseconds; Infinity where it is decided. */
  note(stream: string, position: Position, due: number): void;
  has(stream: string): boolean;
  /** Forgets the items of which nothing came after this position: the read model has folded all before. */
  foldedTo(position: Position): void;
  /** The remembered items, with the times when they are due. */
  items(): (readonly [stream: string, due: number])[];
  /** Has all that are undecided due at once: the clock was set. */
  hurry(): void;
  /** Forgets the oldest that are too many; not to be called while the read model is asked. */
  trim(): void;
  /** Begins anew at a position. */
  begin(position: Position): void;
}

/** Remembers at most `most` items after each `trim`. */
export function openHeard(most: number): HeardItems {
  /** In the order of their newest events. */
  const items = new Map<string, { position: Position; due: number }>();
  let since: Position = '';

  function forget(stream: string, position: Position): void {
    items.delete(stream);
    if (position > since) since = position;
  }

  return {
    get size() {
      return items.size;
    },
    get since() {
      return since;
    },
    note: (stream, position, due) => {
      if (position <= since) return;
      items.delete(stream);
      items.set(stream, { position, due });
    },
    has: (stream) => items.has(stream),
    foldedTo: (position) => {
      for (const [stream, one] of items) if (one.position <= position) items.delete(stream);
      if (position > since) since = position;
    },
    items: () => Array.from(items, ([stream, { due }]) => [stream, due] as const),
    hurry: () => {
      for (const one of items.values()) if (one.due < Number.POSITIVE_INFINITY) one.due = Number.NEGATIVE_INFINITY;
    },
    trim: () => {
      for (const [stream, { position }] of items) {
        if (items.size <= most) return;
        forget(stream, position);
      }
    },
    begin: (position) => {
      items.clear();
      since = position;
    },
  };
}
