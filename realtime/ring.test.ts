import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import { createRing, type Ring } from './ring.ts';

const ALL = { count: 1_000, bytes: Number.MAX_SAFE_INTEGER };

function event(n: number, topics: string[]): RecordedEvent {
  const one = exampleEvent('TaskCommented', { position: place(n) });
  return { ...one, metadata: { ...one.metadata, topics } };
}

function place(n: number): string {
  return n === 0 ? '' : String(n).padStart(8, '0');
}

const topics = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });

function filled(log: string[][], limit: number): { ring: Ring; events: RecordedEvent[] } {
  const ring = createRing(limit, Number.MAX_SAFE_INTEGER);
  const events = log.map((its, index) => event(index + 1, its));
  for (const one of events) ring.push(one);
  return { ring, events };
}

/** Positions of a topic, read in stretches of `count`. */
function readAll(ring: Ring, topic: string, count: number): string[] {
  const seen: string[] = [];
  for (;;) {
    const stretch = ring.after(topic, seen.at(-1) ?? '', { ...ALL, count });
    for (const { event: one, previous } of stretch?.entries ?? []) {
      expect(previous).toBe(seen.at(-1) ?? null);
      seen.push(one.position);
    }
    if (stretch?.complete !== false) return seen;
  }
}

function positions(events: RecordedEvent[], topic: string): string[] {
  return events.filter((one) => one.metadata.topics.includes(topic)).map((one) => one.position);
}

describe('the ring', () => {
  test('gives exactly the events of a topic after a position, or none at all where it forgot some', () => {
    fc.assert(
      fc.property(
        fc.array(topics, { maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(60),
        fc.constantFrom('a', 'b', 'c'),
        (log, limit, n, topic) => {
          const { ring, events } = filled(log, limit);
          const later = events.filter((one) => one.position > place(n));
          const forgotten = events.filter((one) => one.metadata.topics.length > 0).slice(0, -limit);
          const got = ring.after(topic, place(n), ALL)?.entries.map((entry) => entry.event.position);
          expect(got).toEqual(forgotten.some((one) => one.position > place(n)) ? undefined : positions(later, topic));
        },
      ),
    );
  });

  test('read in stretches of any size gives the same, each entry naming the one before', () => {
    fc.assert(
      fc.property(fc.array(topics, { maxLength: 60 }), fc.integer({ min: 1, max: 7 }), (log, count) => {
        const { ring, events } = filled(log, 1_000);
        expect(readAll(ring, 'a', count)).toEqual(positions(events, 'a'));
      }),
    );
  });

  test('stays within its bytes, and always keeps the newest event', () => {
    const ring = createRing(1_000, 20_000);
    for (let n = 1; n <= 500; n++) ring.push(event(n, ['a']));
    expect(ring.size()).toBeLessThanOrEqual(20);
    const tiny = createRing(1_000, 1);
    for (let n = 1; n <= 3; n++) tiny.push(event(n, ['a']));
    expect(tiny.size()).toBe(1);
    expect(tiny.after('a', place(2), ALL)?.entries).toHaveLength(1);
  });

  test('knows nothing from before it began', () => {
    const ring = createRing(10, 1_000_000);
    ring.reset(place(5));
    ring.push(event(6, ['a']));
    expect(ring.after('a', place(4), ALL)).toBeNull();
    expect(ring.after('a', place(5), ALL)?.entries).toHaveLength(1);
    expect(ring.head()).toBe(place(6));
  });
});
