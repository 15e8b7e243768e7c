/** Whose texts are whose, in a log in memory. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import { inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { ownAddresses } from './own-addresses.ts';
import { personTexts } from './person-texts.ts';

const [ANN, BEN] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];

it('are those that a person wrote, those written to them and of them, and their addresses in every form; not those of others, nor short ones', async () => {
  const store = inMemoryStore();
  const ends = new Map<string, number>();
  const happened = async (stream: string, type: string, data: object, actor: string) => {
    const example = exampleEvent(type);
    const event = { ...example, id: randomUUID(), data: { ...(example.data as object), ...data }, metadata: { ...example.metadata, actor } };
    ends.set(stream, (await store.append(stream, ends.get(stream) ?? NO_STREAM, [event])).revision);
  };
  await happened(`user-${ANN}`, 'UserCreated', { name: 'Ann Moreau', email: 'Ann@example.org' }, 'system');
  await happened(`user-${ANN}`, 'UserConfirmed', {}, 'system');
  await happened(`user-${ANN}`, 'EmailChangeRequested', { email: 'wanted@example.org' }, ANN);
  await happened(`user-${ANN}`, 'PhoneConfirmed', { phone: '+4915112345678' }, ANN);
  await happened(`user-${BEN}`, 'UserCreated', { name: 'Ben Lang', email: 'ben@example.org' }, 'system');
  await happened(`task-${ANN}`, 'TaskCreated', { title: 'Lamp of Ann', description: 'k', labels: ['roof garden'], maker: ANN }, ANN);
  await happened(`task-${ANN}`, 'TaskCommented', { text: 'a word of Ben' }, BEN);
  await happened(`user-${ANN}`, 'UserEdited', { name: '[erased]', email: 'erased@erased.invalid' }, ANN);
  // Who types an address with capitals means the same mailbox.
  const order = exampleEvent('OrderPlaced').data as object;
  await happened(`order-${ANN}`, 'OrderPlaced', { ...order, email: 'ANN@example.org', note: 'a note of Ben' }, BEN);
  await happened(`order-${BEN}`, 'OrderPlaced', { ...order, email: 'annabel@example.org', note: 'another of Ben' }, BEN);

  expect((await ownAddresses(store, ANN)).sort()).toEqual(['+4915112345678', 'Ann@example.org', 'ann@example.org']);
  const { texts } = await personTexts(store, ANN);
  expect(texts.sort()).toEqual(['+4915112345678', 'ANN@example.org', 'Ann Moreau', 'Ann@example.org', 'Lamp of Ann', 'roof garden']);
});
