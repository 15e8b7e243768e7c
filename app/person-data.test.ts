import { describe, expect, it } from 'vitest';
import { catalog } from '../contracts/catalog.ts';
import { SECTION_NAMES } from '../contracts/person-export.ts';
import { projectors } from '../projections/projectors.ts';
import { type GivenBack, OF_READ_MODELS, OF_SECRETS, OF_STREAMS } from './person-data.ts';

const all: [string, GivenBack][] = [OF_STREAMS, OF_READ_MODELS, OF_SECRETS].flatMap((one) => Object.entries<GivenBack>(one));

describe('what is kept of a person', () => {
  it('has a line for each category and each read model: it is given back, or the line says why not', () => {
    expect(Object.keys(OF_STREAMS).toSorted()).toEqual(catalog.map(({ category }) => category as string).toSorted());
    expect(Object.keys(OF_READ_MODELS).toSorted()).toEqual(projectors.map(({ model }) => model.name).toSorted());
  });

  it('is given back in sections that there are, each of which gives something back', () => {
    const given = new Set<string>(all.flatMap(([, one]) => ('in' in one ? one.in : [])));
    expect([...given].toSorted()).toEqual([...SECTION_NAMES, 'profile'].toSorted());
  });

  it('is kept back for a reason alone', () => {
    for (const [name, one] of all) if ('not' in one) expect(one.not.length, name).toBeGreaterThan(20);
  });
});
