import { expect, it, vi } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import type { Metadata } from '../../contracts/message.ts';
import { openForeign } from './foreign.ts';

const event = exampleEvent('TaskCreated');
const at = (stream: string, type = event.type) => ({ ...event, stream, type });

it('says each foreign category once, whoever meets it, and counts what the subscription passes by its reason', () => {
  const [warn, count] = [vi.fn(), vi.fn()];
  const foreign = openForeign({ log: { warn }, count });
  for (const stream of ['ticket-7', 'ticket-8', 'ticket-7', 'invoice-1']) expect(foreign.met(at(stream))).toBe(false);
  expect(count).not.toHaveBeenCalled();
  for (const one of [at('ticket-9'), at(event.stream, '$streamDeleted'), { ...event, metadata: {} as Metadata }]) foreign.counted(one);
  expect(count.mock.calls).toEqual([['stream'], ['server'], ['metadata']]);
  expect(warn.mock.calls.map(([{ category, reason }]) => [category, reason])).toEqual([
    ['ticket', 'stream'],
    ['invoice', 'stream'],
    ['task', 'server'],
  ]);
});

it('keeps memory and log small in a store with a hundred thousand categories, whose names are long', () => {
  const lines: string[] = [];
  let counted = 0;
  const foreign = openForeign({ log: { warn: (data, message) => lines.push(JSON.stringify({ ...data, message })) }, count: () => counted++ });
  const long = 'x'.repeat(10_000);
  for (let n = 0; n < 100_000; n++) foreign.counted(at(`${n}${long}-${n}`, `Type${long}`));
  expect(counted).toBe(100_000);
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toContain('still more categories');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(600);
});
