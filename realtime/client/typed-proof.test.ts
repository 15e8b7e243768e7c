import { expect, it } from 'vitest';
import { ApiError } from './api.ts';
import { sendingProof, typedProof } from './second-factor.ts';

it.each(['123456', ' 123 456 '])('%o is taken as a code of the app', (text) => {
  expect(typedProof(text)).toEqual({ code: text });
});

it.each(['abcd-efgh-jkmn-pqrs-tvwx-yz01', 'ABCD EFGH JKMN PQRS TVWX YZ01', 'abcdefghjkmnpqrstvwxyz01'])('%o is taken as a recovery code', (text) => {
  expect(typedProof(text)).toEqual({ recoveryCode: text });
});

it.each([
  ['', 'is empty'],
  ['   ', 'is empty'],
  ['12345', 'has 5 digits: a code of the app has 6'],
  ['7', 'has 1 digit:'],
  ['1234 5678', 'has 8 digits'],
  ['zzz', 'is neither the 6 digits of the app nor a recovery code'],
  ['abcd-efgh', 'is neither'],
  ['anna@example.org', 'is neither'],
])('%o is refused in words at its field, and not sent', (text, words) => {
  try {
    typedProof(text);
    expect.unreachable();
  } catch (error) {
    expect((error as ApiError).errors).toEqual([{ pointer: '/code', detail: expect.stringContaining(words) }]);
  }
});

it('a wrong recovery code is told at the field in which it was typed, and every other error as it is', async () => {
  const wrong = new ApiError('Wrong.', 422, { errors: [{ pointer: '/recoveryCode', detail: 'is wrong, or was used already' }] });
  await expect(sendingProof(() => Promise.reject(wrong))).rejects.toMatchObject({ errors: [{ pointer: '/code', detail: wrong.errors[0]?.detail }] });
  const other = new ApiError('Wrong.', 422, { errors: [{ pointer: '/password', detail: 'is wrong' }] });
  await expect(sendingProof(() => Promise.reject(other))).rejects.toBe(other);
  expect(await sendingProof(async () => 7)).toBe(7);
});
