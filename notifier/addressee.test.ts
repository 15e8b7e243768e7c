import { expect, it } from 'vitest';
import { type LimitOptions, openLimits } from '../platform/http/limits/limits.ts';
import { strangerMailsIn } from './addressee.ts';
import { NotYet } from './sending.ts';

const ANN = 'ann@example.org';

const counting = async (options: LimitOptions) => strangerMailsIn(await openLimits(undefined, options));

it('mails of orders to an address, which anybody names, leave half of what it may have for what its owner asks for', async () => {
  const mails = await counting({ 'stranger-mails': 5, 'stranger-mails-day': 100 });
  for (let n = 0; n < 2; n++) await mails.take(ANN, 'order');
  await expect(mails.take(ANN, 'order')).rejects.toBeInstanceOf(NotYet);
  await mails.take(ANN, 'registration');
  await mails.take('Ann@Example.org', 'reset');
  await mails.take(ANN, 'registration');
  await expect(mails.take(ANN, 'registration')).rejects.toBeInstanceOf(NotYet);
  await mails.take('bob@example.org', 'order');
});

it('half of a day is left, too, and a mail that is refused, or was not sent, takes nothing', async () => {
  const mails = await counting({ 'stranger-mails': 100, 'stranger-mails-day': 2 });
  for (let n = 0; n < 5; n++) {
    await mails.take(ANN, 'order');
    await expect(mails.take(ANN, 'order')).rejects.toBeInstanceOf(NotYet);
    await mails.giveBack(ANN, 'order');
  }
  for (let n = 0; n < 2; n++) await mails.take(ANN, 'reset');
  await expect(mails.take(ANN, 'order')).rejects.toBeInstanceOf(NotYet);
  await mails.giveBack(ANN, 'reset');
  await mails.take(ANN, 'order');
});

it('where an address may have one mail, that may be of an order', async () => {
  const mails = await counting({ 'stranger-mails': 1, 'stranger-mails-day': 1 });
  await mails.take(ANN, 'order');
  await expect(mails.take(ANN, 'reset')).rejects.toBeInstanceOf(NotYet);
});

it('links of a change of address, in which anybody may name it, too, share that half with orders', async () => {
  const mails = await counting({ 'stranger-mails': 4, 'stranger-mails-day': 100 });
  await mails.take(ANN, 'new_address');
  await mails.take(ANN, 'order');
  await expect(mails.take(ANN, 'new_address')).rejects.toBeInstanceOf(NotYet);
  for (let n = 0; n < 2; n++) await mails.take(ANN, 'registration');
});

it('addresses that differ in what stands after a + are one mailbox', async () => {
  const mails = await counting({ 'stranger-mails': 3, 'stranger-mails-day': 100 });
  for (const tag of ['+one', '+two+more', '']) await mails.take(`ann${tag}@example.org`, 'registration');
  await expect(mails.take('Ann+three@example.org', 'registration')).rejects.toBeInstanceOf(NotYet);
  for (const other of ['bob+one@example.org', '+ann@example.org', 'ann@sub.example.org']) await mails.take(other, 'registration');
});
