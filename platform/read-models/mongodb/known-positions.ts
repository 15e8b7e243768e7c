/**
 * What a process has just read of documents that it is about to write, on a server where writers take turns: for as long as nobody else had a turn, and
 * the process itself has not written, they are as they were read, and need not be looked up again.
 */
import { LRUCache } from 'lru-cache';
import type { Position } from '../../../contracts/message.ts';

/** The positions of documents by their ids; null: it is not there. */
export type Positions = ReadonlyMap<string, Position | null>;

export interface KnownPositions {
  /**
   * To be called before documents are read; what it answers, with those that were found. `unbroken`: that of the last turn (turns.ts); undefined where
   * there was none.
   */
  reading(collection: string, ids: readonly string[], unbroken: object | undefined): (found: readonly { id: string; position: Position }[]) => void;
  /** What is known for a write within a turn. */
  at(collection: string, unbroken: object): Positions;
  /** Forgets a collection, and what is being read of it: to be called before a write, and after it. */
  forget(collection: string): void;
}

/** Collections, and documents of each, that are known at most. */
const COLLECTIONS = 100;
const DOCUMENTS = 1_000;
const NOTHING: Positions = new Map();

interface Known {
  unbroken: object;
  positions: Map<string, Position | null>;
}

export function openKnownPositions(): KnownPositions {
  const known = new LRUCache<string, Known>({ max: COLLECTIONS });

  function of(collection: string, unbroken: object): Known {
    const there = known.get(collection);
    if (there?.unbroken === unbroken && there.positions.size <= DOCUMENTS) return there;
    const begun = { unbroken, positions: new Map() };
    known.set(collection, begun);
    return begun;
  }

  return {
    reading: (collection, ids, unbroken) => {
      if (!unbroken || ids.length > DOCUMENTS) return () => {};
      const before = of(collection, unbroken);
      return (found) => {
        if (known.get(collection) !== before) return;
        const there = new Map(found.map(({ id, position }) => [id, position]));
        for (const id of ids) before.positions.set(id, there.get(id) ?? null);
      };
    },
    at: (collection, unbroken) => {
      const there = known.get(collection);
      return there?.unbroken === unbroken ? there.positions : NOTHING;
    },
    forget: (collection) => {
      known.delete(collection);
    },
  };
}
