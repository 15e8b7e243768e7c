import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { type ArrivingBounds, openArriving } from './arriving.ts';

const NEVER = 2_000_000_000;

/** Bodies that arrive as a test writes them, and which of them had to give way. */
function bodiesWithin(bounds: ArrivingBounds) {
  const arriving = openArriving(bounds);
  const refused: string[] = [];
  return {
    refused,
    begin: (name: string, network: string, bytes: number) => {
      const stream = Object.assign(new PassThrough(), { headers: {} });
      const whole = arriving.receive(stream as unknown as IncomingMessage, { network, limit: 10_000_000 });
      const seen = whole.then(
        ({ length }) => length,
        () => refused.push(name),
      );
      stream.write(Buffer.alloc(bytes));
      return { more: (count: number) => stream.write(Buffer.alloc(count)), end: () => stream.end(), seen };
    },
  };
}

it('a body that is too much gives way itself, and none of the small ones of its network that would free nothing', async () => {
  const { begin, refused } = bodiesWithin({ bytes: 100_000, slowAfter: NEVER });
  const small = Array.from({ length: 50 }, (_, n) => begin(`small ${n}`, 'a', 100));
  begin('large', 'a', 300_000);
  await expect.poll(() => refused).toEqual(['large']);
  for (const { end } of small) end();
  expect(await Promise.all(small.map(({ seen }) => seen))).toEqual(small.map(() => 100));
});

it('of slow bodies every byte counts, also where each of them is small and of a network of its own', async () => {
  const { begin, refused } = bodiesWithin({ bytes: 50_000, slowAfter: 1 });
  for (let n = 0; n < 10; n++) begin(`slow ${n}`, `network ${n}`, 20_000);
  await expect.poll(() => refused.length).toBe(8);
});

it('what is whole or gave way makes room for as much as it counted, also where it was called slow meanwhile', async () => {
  const { begin, refused } = bodiesWithin({ bytes: 50_000, slowAfter: 1 });
  for (let round = 1; round <= 5; round++) {
    const three = [1, 2, 3].map((n) => begin(`${n} of ${round}`, 'a', 20_000));
    await expect.poll(() => refused.length).toBe(round);
    for (const { end } of three) end();
    await Promise.all(three.map(({ seen }) => seen));
  }
  expect(refused).toHaveLength(5);
});
