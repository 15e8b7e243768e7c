import { expect, it } from 'vitest';
import { openAtHand } from './at-hand.ts';

it('tells what is in hand to end, and waits for it, whatever becomes of it', async () => {
  const atHand = openAtHand();
  const ended: string[] = [];
  const untilTold = (name: string) => (ending: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      ending.addEventListener('abort', () =>
        setImmediate(() => {
          ended.push(name);
          if (name === 'failing') reject(ending.reason);
          else resolve(name);
        }),
      );
    });
  const good = atHand.run(untilTold('good'));
  const failing = atHand.run(untilTold('failing')).catch(({ code, headers }) => [code, headers]);
  await atHand.close();
  expect(ended).toEqual(['good', 'failing']);
  expect([await good, await failing]).toEqual(['good', ['unavailable', { 'Retry-After': '1' }]]);
});

it('takes no more work once it is closed, and waits for none that is done', async () => {
  const atHand = openAtHand();
  expect(await atHand.run(async () => 'done')).toBe('done');
  await atHand.close();
  let begun = false;
  await expect(
    atHand.run(async () => {
      begun = true;
    }),
  ).rejects.toMatchObject({ code: 'unavailable' });
  expect(begun).toBe(false);
});
