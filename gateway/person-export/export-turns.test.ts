import { Readable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { openExportTurns } from './export-turns.ts';

const endless = () => new Readable({ read: () => {} });

it('as many documents are made at once as there are places, a few for each who asks, and a place is free once its document ends', async () => {
  const turns = openExportTurns({ atOnce: 3, ofOne: 2 });
  const first = turns.open('ann', endless);
  turns.open('ann', endless);
  turns.open('bob', endless);
  expect(() => turns.open('ann', endless)).toThrow(expect.objectContaining({ status: 429, headers: { 'Retry-After': '10' } }));
  expect(() => turns.open('cat', endless)).toThrow(expect.objectContaining({ status: 503, headers: { 'Retry-After': '10' } }));
  first.destroy();
  await vi.waitFor(() => turns.expectPlace('cat'));
  turns.open('cat', endless);
  // Of her own two one has ended: what she waits for now is a place.
  expect(() => turns.expectPlace('ann')).toThrow(expect.objectContaining({ status: 503 }));
});

it('a document that is read for a quarter of an hour gives its place to another one, and keeps it while nobody else comes', async () => {
  let now = 0;
  const turns = openExportTurns({ atOnce: 1, ofOne: 1, clock: () => now });
  const slow = turns.open('ann', endless);
  const failed = new Promise((resolve) => slow.once('error', resolve));
  now = 15 * 60_000;
  expect(() => turns.open('bob', endless)).toThrow(expect.objectContaining({ status: 503 }));
  now++;
  expect(slow.destroyed).toBe(false);
  const next = turns.open('bob', endless);
  expect([slow.destroyed, next.destroyed]).toEqual([true, false]);
  expect(await failed).toMatchObject({ message: expect.stringContaining('for too long') });
  expect(() => turns.expectPlace('bob')).toThrow(expect.objectContaining({ status: 429 }));
});
