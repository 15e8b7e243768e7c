import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentsOf } from '../gateway/docs.ts';
import { operationsInOrder } from '../gateway/docs-order.ts';
import { ALL_ROWS } from './rows.ts';

const { page } = documentsOf(ALL_ROWS, '1.2.3', () => null);
/** The operations of a group, as the page has them from top to bottom. */
const shown = (group: string) => {
  const section = page.split(`<section id="${group}">`)[1]?.split('</section>')[0] ?? '';
  return [...section.matchAll(/<b class="\w+">(\w+)<\/b> <code>([^<]+)<\/code>/g)].map(([, method, path]) => `${method} ${path}`);
};

describe('the page of the API', () => {
  it('has the groups in the order of a day', () => {
    expect([...page.matchAll(/<section id="([^"]+)">/g)].map(([, name]) => name)).toEqual([
      'sessions',
      'tasks',
      'notifications',
      'media',
      'users',
      'invitations',
      'orders',
      'sites',
      'assets',
      'repairs',
      'visitors',
      'complaints',
      'admin',
      'health',
    ]);
  });

  it('begins with logging in, registering, and making a task, which is then read and changed', () => {
    expect(shown('sessions')[0]).toBe('POST /api/login');
    expect(shown('users')[0]).toBe('POST /api/users');
    expect(shown('tasks').slice(0, 6)).toEqual([
      ...['POST /api/tasks', 'GET /api/tasks', 'GET /api/tasks/{id}', 'PATCH /api/tasks/{id}', 'DELETE /api/tasks/{id}'],
      'PUT /api/tasks/{id}/assignee',
    ]);
    expect(shown('notifications')[0]).toBe('GET /api/inbox');
  });

  it('has every operation that is documented once, whatever its order', () => {
    const shownAll = [...page.matchAll(/<summary><b/g)];
    expect(shownAll).toHaveLength(ALL_ROWS.filter(({ hidden }) => !hidden).length);
    const operation = fc.record({
      path: fc.constantFrom('/api/tasks', '/api/tasks/{id}', '/api/x', '/livez'),
      method: fc.constantFrom('get', 'post', 'put'),
    });
    fc.assert(
      fc.property(fc.array(operation), (all) => {
        const once = operationsInOrder(all);
        expect(operationsInOrder([...all].reverse())).toEqual(once);
        expect(once).toHaveLength(all.length);
      }),
    );
  });
});
