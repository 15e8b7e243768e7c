/** Whose files are whose, by the events, and what is left of them in a store. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { filesInEvents, objectsLeft } from './files-of.ts';

const [ANN, BEN] = [randomUUID(), randomUUID()];
const [TASK, PROFILE] = [
  { kind: 'task', id: randomUUID() },
  { kind: 'user', id: ANN },
];

it('are those that a person uploaded, wherever they went, and those on their profile now, whoever uploaded them', async () => {
  const store = inMemoryStore();
  const file = async (...events: [type: string, data: object][]) => {
    const id = randomUUID();
    for (const [n, [type, data]] of events.entries()) {
      const example = exampleEvent(type);
      const event = { ...example, id: randomUUID(), data: { ...(example.data as object), ...data } };
      await store.append(`media-${id}`, n === 0 ? NO_STREAM : n - 1, [event]);
    }
    return id;
  };
  const own = await file(['MediaReceived', { maker: ANN, of: TASK }]);
  const deleted = await file(['MediaReceived', { maker: ANN, of: TASK }], ['MediaDeleted', {}]);
  const moved = await file(['MediaReceived', { maker: ANN, of: PROFILE }], ['MediaAttached', { of: TASK }], ['MediaRefused', {}]);
  const picture = await file(['MediaReceived', { maker: BEN, of: TASK }], ['MediaAttached', { of: PROFILE }]);
  await file(['MediaReceived', { maker: BEN, of: PROFILE }], ['MediaDetached', { of: PROFILE }]);
  await file(['MediaReceived', { maker: BEN, of: TASK }], ['MediaDeleted', {}]);
  const found = await filesInEvents(store, ANN);
  expect(Object.fromEntries(found)).toEqual({ [own]: false, [deleted]: true, [moved]: true, [picture]: false });
});

it('leave what the store has under their keys, and what the person’s clients posted', async () => {
  const [file, other] = [randomUUID(), randomUUID()];
  const keys = [`media/${file}/original`, `media/${file}/320`, `media/${other}/original`, `incoming/${ANN}/x`, `incoming/${BEN}/y`];
  const list = async function* (prefix: string) {
    for (const key of keys) if (key.startsWith(prefix)) yield { key, bytes: 1, written: 0 };
  };
  expect(await objectsLeft({ list }, ANN, [file])).toBe(3);
  expect(await objectsLeft({ list }, randomUUID(), [])).toBe(0);
});
