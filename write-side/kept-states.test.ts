/** Kept states, where everybody is to forget because a person was erased. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { NO_STREAM } from '../contracts/message.ts';
import type { ReadStream } from '../platform/event-store/event-store.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { deciders } from './deciders.ts';
import { keptStates } from './kept-states.ts';

const STREAM = `task-${randomUUID()}`;

/** Kept states on a store whose reads are counted, and can be held up; its titles read as `title` says at the moment. */
async function world() {
  const store = inMemoryStore();
  await store.append(STREAM, NO_STREAM, [{ ...exampleEvent('TaskCreated'), id: randomUUID() }]);
  const now = { title: 'clear', reads: 0, gate: Promise.resolve() };
  const readStream = async function* (stream: string, options?: ReadStream) {
    now.reads += stream === STREAM ? 1 : 0;
    const { title } = now;
    await now.gate;
    for await (const page of store.readStream(stream, options)) yield page.map((event) => ({ ...event, data: { ...(event.data as object), title } }));
  };
  const kept = keptStates({ ...store, readStream }, () => deciders.task as never, { warn: () => {} });
  const title = async () => ((await kept.load(STREAM)).state as { title: string }).title;
  return { kept, title, now };
}

it('are read anew after everything was forgotten', async () => {
  const { kept, title, now } = await world();
  expect(await title()).toBe('clear');
  now.title = '[erased]';
  expect(await title()).toBe('clear');
  kept.forget();
  expect(await title()).toBe('[erased]');
});

it('are not kept where their reading began before everything was forgotten, nor what a command in flight made of them', async () => {
  const { kept, title, now } = await world();
  const held = Promise.withResolvers<void>();
  now.gate = held.promise;
  const loading = kept.load(STREAM);
  now.title = '[erased]';
  kept.forget();
  held.resolve();
  const before = await loading;
  expect(before.state).toMatchObject({ title: 'clear' });
  kept.add(STREAM, before, []);
  expect(await title()).toBe('[erased]');
});
