import { expect, it } from 'vitest';
import type { AccountOrder } from '../../gateway/identity/operator-accounts.ts';
import { UserError } from '../../platform/user-error.ts';
import type { Ask } from './lock-or-ask.ts';
import { giveRole } from './users.ts';

/** The rows of an installation whose directory has these admins, and which lets the role of `a` go only beside `stays`. */
function asking(admins: { id: string; confirmed: boolean }[], stays: string | undefined) {
  const besides: (string | undefined)[] = [];
  const ask = async (method: string, _path: string, body?: unknown) => {
    if (method === 'GET') return { items: admins };
    const order = body as AccountOrder;
    if (order.order !== 'role') return { id: 'a' };
    besides.push(order.beside);
    if (order.beside !== stays) throw new UserError(`not beside ${order.beside}`);
    return { id: 'a' };
  };
  return { ask: ask as unknown as Ask, besides };
}

const confirmed = (id: string) => ({ id, confirmed: true });

it('an admin’s role is taken beside the first of the others who stays one, whatever the directory still says of those before', async () => {
  const { ask, besides } = asking([confirmed('a'), confirmed('b'), { id: 'c', confirmed: false }, confirmed('d'), confirmed('e')], 'd');
  await giveRole(ask, 'a@example.org', 'member');
  expect(besides).toEqual(['b', 'd']);
});

it('a role is refused where nobody stays, in the words of who decides, and asked for once where there is no other admin', async () => {
  const none = asking([confirmed('a'), confirmed('b')], 'somebody else');
  await expect(giveRole(none.ask, 'a@example.org', 'member')).rejects.toThrow('not beside b');
  const alone = asking([confirmed('a')], undefined);
  await giveRole(alone.ask, 'a@example.org', 'staff');
  expect(alone.besides).toEqual([undefined]);
});
