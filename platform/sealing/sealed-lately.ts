/**
 * What this process has sealed lately, by its box: in one process all followers read at once what was just written, and need not decrypt what was encrypted
 * here. It is found with the key that sealed it alone, so that what a destroyed key has sealed is found no more; and it is forgotten when keys are.
 */
import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { KEY_LIFE } from './person-keys.ts';

/** What a box was made of: its key, what it is bound to, and the values as JSON. */
export interface Sealed {
  key: KeyObject;
  bound: string;
  json: string;
}

/** Characters of boxes that are kept at most. */
const MOST = 1_000_000;

const lately = new LRUCache<string, Sealed>({ maxSize: MOST, sizeCalculation: (_sealed, box) => box.length });

/** Keeps what a box was made of, for KEY_LIFE at most. */
export function keepSealed(box: string, sealed: Sealed): void {
  lately.set(box, sealed);
  if (lately.size === 1) setTimeout(() => lately.clear(), KEY_LIFE).unref();
}

/** What is in a box that this process has sealed lately, with this key, bound to this; undefined for any other. */
export function sealedLately(box: string, key: KeyObject, bound: string): unknown {
  const found = lately.get(box);
  return found?.bound === bound && (found.key === key || found.key.equals(key)) ? JSON.parse(found.json) : undefined;
}
