import { expect, it } from 'vitest';
import { type Route, routesWith } from '../platform/http/route.ts';
import { docRoutes, documentsOf } from './docs.ts';

const routes = routesWith(
  documentsOf([], '1.2.3', () => null),
  docRoutes,
);
const bodyOf = async (path: string): Promise<string> => {
  const row = routes.find((one) => one.path === path) as Route;
  const { body } = (await row.handle({} as Parameters<Route['handle']>[0])) as { body: string };
  return body;
};

it.each(['/openapi.json', '/asyncapi.json'])('%s is a document of this version, for anyone, and the page leads to it', async (path) => {
  expect(routes.find((one) => one.path === path)?.who).toBe('anyone');
  expect(JSON.parse(await bodyOf(path))).toMatchObject({ info: { version: '1.2.3' } });
  expect(await bodyOf('/docs')).toContain(`href="${path}"`);
});
