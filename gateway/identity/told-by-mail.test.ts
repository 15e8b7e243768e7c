/** What is told by mail is limited by user and hour, whichever change of an account it is of. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, type Installation, openInstallation } from './identity.fixture.ts';
import { openUser, PASSWORD } from './second-factor/second-factor.fixture.ts';

let here: Installation;
beforeAll(async () => {
  here = await openInstallation({ limits: { mails: 4 } });
});
afterAll(() => here.close());

it('changes of second factor and password share the mails of an hour, and one that is refused changes and records nothing', async () => {
  const ann = await openUser(here);
  const renew = () => here.call('POST /api/me/second-factor/recovery-codes', undefined, as(ann.first));
  const change = (current: string, next: string) => here.call('PUT /api/me/password', { current, new: next }, as(ann.first));
  // The first was the mail that the second factor is on.
  expect([(await renew()).status, (await renew()).status, (await change(PASSWORD, 'staple of the month')).status]).toEqual([200, 200, 204]);
  const before = await ann.types();
  const late = [
    await renew(),
    await change('staple of the month', PASSWORD),
    await here.call('DELETE /api/me/second-factor', undefined, as(ann.first)),
  ];
  expect(late.map(({ status }) => status)).toEqual([429, 429, 429]);
  expect(late.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true);
  expect(await ann.types()).toEqual(before);
  expect(await ann.status()).toMatchObject({ on: true });
});
