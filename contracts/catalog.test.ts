import { readdirSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Category, CommandedCategory } from './catalog.ts';
import { catalog } from './catalog.ts';

describe('the catalog', () => {
  it('has categories as literals, so that a registry by category demands a line for each', () => {
    expectTypeOf<string extends Category ? 'any text' : 'literals'>().toEqualTypeOf<'literals'>();
    expectTypeOf<'task' | 'timer'>().toExtend<Category>();
    // @ts-expect-error: a registry without a line for the others
    const forgetful: Record<Category, string> = { task: 'is here' };
    expect(forgetful).toBeDefined();
  });

  it('knows which categories take commands', () => {
    expectTypeOf<'task' | 'order'>().toExtend<CommandedCategory>();
    expectTypeOf<Extract<CommandedCategory, 'session' | 'timer'>>().toEqualTypeOf<never>();
  });

  it('has a line for every contract of an aggregate that lies beside it', async () => {
    const folder = new URL('./', import.meta.url);
    for (const file of readdirSync(folder).filter((name) => /^[a-z-]+\.ts$/.test(name))) {
      const exported = Object.entries((await import(new URL(file, folder).href)) as Record<string, unknown>);
      for (const [name, contract] of exported.filter(([one, value]) => one.endsWith('Contract') && typeof value === 'object'))
        expect([...catalog] as unknown[], name).toContain(contract);
    }
  });

  it('has no category, type of event or type of command twice', () => {
    for (const names of [
      catalog.map(({ category }) => category),
      catalog.flatMap(({ events }) => Object.keys(events)),
      catalog.flatMap(({ commands }) => Object.keys(commands)),
    ])
      expect(names).toEqual([...new Set(names)]);
  });

  it('has categories without a dash, which ends them in the name of a stream', () => {
    for (const { category } of catalog) expect(category).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});
