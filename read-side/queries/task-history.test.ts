import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { NO_STREAM } from '../../contracts/message.ts';
import { inMemoryStore, newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { asking } from '../ask.fixture.ts';
import type { QueryContext } from '../reading.ts';

it('a page of a history has about a megabyte at most, however long the texts are; the pages have every event, once', async () => {
  const store = inMemoryStore();
  const id = randomUUID();
  const edits = Array.from({ length: 400 }, (_, n) => ({ ...newEvent('TaskEdited'), data: { description: `${n} ${'long '.repeat(2_000)}` } }));
  await store.append(`task-${id}`, NO_STREAM, [newEvent('TaskCreated'), ...edits]);
  const ask = asking({ store } as unknown as QueryContext);
  const [revisions, lengths]: [number[], number[]] = [[], []];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const { body } = await ask(`/api/tasks/${id}/history${next && `?cursor=${next}`}`);
    revisions.push(...body.items.map(({ revision }: { revision: number }) => revision));
    lengths.push(JSON.stringify(body).length);
    next = body.next;
  }
  expect(revisions).toEqual(Array.from({ length: 401 }, (_, n) => n));
  expect(Math.max(...lengths)).toBeLessThan(1_200_000);
  expect(lengths).toHaveLength(4);
});
