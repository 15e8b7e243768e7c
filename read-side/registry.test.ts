import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { queryRoutes } from './query-routes.ts';

const FOLDER = new URL('./queries/', import.meta.url);
const isRoute = (value: unknown) => typeof value === 'object' && value !== null && 'row' in value && 'answer' in value;

it('every query of queries/ is registered', async () => {
  const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.test.ts'));
  const exported = await Promise.all(
    files.map(async (file) => Object.entries((await import(new URL(file, FOLDER).href)) as Record<string, unknown>)),
  );
  const routes = exported.flat().filter(([, value]) => isRoute(value));
  expect(routes.length).toBeGreaterThan(10);
  for (const [name, route] of routes) expect([...queryRoutes] as unknown[], name).toContain(route);
});
