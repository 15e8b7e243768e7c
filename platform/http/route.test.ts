import { expect, expectTypeOf, it } from 'vitest';
import { type Route, type RouteRequest, type RouteRow, type RouteWith, routesWith, rowsOf } from './route.ts';

const row: RouteRow = { method: 'GET', path: '/things', who: 'anyone', summary: 'Things.', tag: 'things' };
const things: RouteWith<{ list(): string[] }> = { row, answer: ({ list }, { query }) => ({ body: [list(), query] }) };

it('a row is read without a context, and answers in one', async () => {
  expect(rowsOf([things])).toEqual([row]);
  const [route] = routesWith({ list: () => ['lamp'] }, [things]);
  expect(route).toMatchObject(row);
  expect(await route?.handle({ query: 1 } as RouteRequest)).toEqual({ body: [['lamp'], 1] });
});

it('a row without what answers it, or in a context that lacks something, is no route', () => {
  expectTypeOf<{ row: RouteRow }>().not.toExtend<RouteWith<object>>();
  expectTypeOf<{ answer: () => object }>().not.toExtend<RouteWith<object>>();
  expectTypeOf<RouteRow>().not.toExtend<Route>();
  // @ts-expect-error: nothing lists things here
  expect(routesWith({}, [things])).toHaveLength(1);
});
