import { expect, it } from 'vitest';
import { ApiError } from './api.ts';
import { lookAtConfirmation } from './confirmation.ts';

/** Looks at an account; resolves to how often tokens were renewed for it. `answer`: of the look; an error is thrown. */
async function renewalsAfter(answer: object | Error | null): Promise<number> {
  let renewals = 0;
  const glance = async () => {
    if (answer instanceof Error) throw answer;
    return answer as never;
  };
  const token = async () => `token ${++renewals}`;
  await lookAtConfirmation({ api: { glance }, session: { token } });
  return renewals;
}

it('a look at an address that is not confirmed yet renews no token, whoever answers', async () => {
  const answers = [{ confirmed: false }, null, new ApiError('Not reached.', 0), new ApiError('Too many.', 429), new ApiError('Away.', 503)];
  expect(await Promise.all(answers.map(renewalsAfter))).toEqual([0, 0, 0, 0, 0]);
});

it('a look asks for new tokens, which say what is open now, once the address is confirmed or the session has ended', async () => {
  expect(await Promise.all([renewalsAfter({ confirmed: true }), renewalsAfter(new ApiError('Over.', 401))])).toEqual([1, 1]);
});
