/** Ordering an erasure from the page, where the server cannot answer how it stands. */
import { expect, it } from 'vitest';
import { type Api, ApiError } from './api.ts';
import { orderErasure, whatBecame } from './erasing.ts';

const ID = '00000000-0000-4000-8000-00000000000a';
const refusing = (error: Error) => ({ command: () => Promise.reject(error) }) as unknown as Pick<Api, 'command' | 'get'>;
const answers = (...statuses: number[]) => {
  const asked: string[] = [];
  const fetch = async (path: string) => {
    asked.push(path);
    return Response.json({ signature: 's' }, { status: statuses.shift() ?? 404 });
  };
  return { asked, fetch };
};

it('an answer of 503 with a proof is waited for by that proof, and is not repeated', async () => {
  const error = new ApiError('The erasure has begun.', 503, { proof: 'a proof' });
  expect(error.passing).toBe(false);
  const { asked, fetch } = answers(503, 404, 202, 200);
  const certified = await orderErasure(refusing(error), ID, { fetch, every: 0 });
  expect(await certified()).toEqual({ signature: 's' });
  expect(asked).toEqual(Array(4).fill(`/api/erasure?person=${ID}&proof=a+proof`));
});

it('of an erasure that the server does not come to know the page says so in the end', async () => {
  const certified = await orderErasure(refusing(new ApiError('Perhaps.', 503, { proof: 'p' })), ID, { ...answers(), every: 0 });
  await expect(certified()).rejects.toThrow('knows of no such erasure');
});

it('an admin who erases the own account names another one who can log in', async () => {
  const sent: string[] = [];
  const items = [
    { id: ID, confirmed: true },
    { id: 'new', confirmed: false },
    { id: 'other', confirmed: true },
  ];
  const api = { get: async () => ({ body: { items } }), command: async (_: string, path: string) => sent.push(path) };
  await orderErasure(api as unknown as Pick<Api, 'command' | 'get'>, ID, { isAdminsOwn: true });
  await orderErasure(api as unknown as Pick<Api, 'command' | 'get'>, ID);
  expect(sent).toEqual([`/api/users/${ID}?erase=true&beside=other`, `/api/users/${ID}?erase=true`]);
});

it('nothing was erased where the server refused the order; without a session, or without an answer, nobody can say', () => {
  for (const status of [400, 403, 404, 409, 429]) expect(whatBecame(new ApiError('No.', status))).toBe('Nothing was erased.');
  for (const status of [0, 401, 500, 503]) expect(whatBecame(new ApiError('No.', status))).toMatch('Nobody can say');
});
