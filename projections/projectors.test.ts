import { globSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalog } from '../contracts/catalog.ts';
import { type ProjectorsByCategory, projectors } from './projectors.ts';

/** Types of event that no read model is made of, and why. */
const UNFOLDED: Readonly<Record<string, string>> = {
  UserErased: 'the deletion before it has left nothing; every read model is made anew',
  SessionEnded: 'sessions are read from the secrets store; realtime follows their ends',
  BlocklistBegun: 'says that there is a list; its entries are the documents',
};

describe('the registry of projectors', () => {
  it('does not compile without a line for each aggregate', () => {
    const others = { user: [], session: [], notification: [], order: [], timer: [] };
    // @ts-expect-error: the line for tasks is missing
    const forgetful: ProjectorsByCategory = others;
    expect(forgetful).toBeDefined();
  });

  it('folds every type of event of the catalog, but those that are named with a reason, and no others', () => {
    const types = catalog.flatMap(({ events }) => Object.keys(events));
    const folded = new Set(projectors.flatMap(({ events }) => events));
    expect(types.filter((type) => !folded.has(type))).toEqual(Object.keys(UNFOLDED));
    expect([...folded].filter((type) => !types.includes(type))).toEqual([]);
  });

  it('has the projector of every file of projectors/, each model once', async () => {
    const here = new URL('projectors/', import.meta.url);
    const files = globSync('*.ts', { cwd: here.pathname }).filter((name) => !/\.(test|suite|fixture)\.ts$/.test(name));
    expect(files).not.toEqual([]);
    for (const name of files) {
      const exported: unknown[] = Object.values(await import(new URL(name, here).href));
      expect(exported.filter((one) => projectors.some((projector) => projector === one)).length, name).toBeGreaterThan(0);
    }
    expect(projectors.map(({ model }) => model.name)).toEqual([...new Set(projectors.map(({ model }) => model.name))]);
  });
});
