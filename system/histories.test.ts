import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalog } from '../contracts/catalog.ts';
import { idOf } from '../contracts/message.ts';
import { deciders } from '../write-side/deciders.ts';
import { histories, IDS } from './histories.fixture.ts';

describe('random histories', () => {
  // Those of one category, too: a further aggregate leaves the others no fewer.
  const samples = [...catalog.map(({ category }) => histories(60, category)), histories()];
  const steps = samples.flatMap((history) => fc.sample(history, { seed: 1, numRuns: 400 }).flat());

  it('have every type of event of the catalog, in shapes that its schema takes', () => {
    for (const { events } of catalog)
      for (const [type, { schema }] of Object.entries(events)) {
        const all = steps.filter(({ event }) => event.type === type);
        expect(all.length, type).toBeGreaterThan(0);
        for (const { event } of all) expect(schema.safeParse(event.data).error).toBeUndefined();
      }
  });

  it('have commands of every aggregate that takes some', () => {
    for (const category of Object.keys(deciders)) {
      const decided = steps.filter(({ stream }) => stream.startsWith(`${category}-`) && IDS.includes(idOf(stream)));
      expect(decided.length, category).toBeGreaterThan(100);
    }
  });
});
