/** Which addresses and numbers go with a person, in a log in memory. */
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { inMemoryStore } from '../event-store/in-memory.fixture.ts';
import { ownAddresses } from './own-addresses.ts';
import { personTexts } from './person-texts.ts';

const [ANN, BEN] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
const NUMBER = '+4915112345678';

let store: EventStore;
let ends: Map<string, number>;
beforeEach(() => {
  store = inMemoryStore();
  ends = new Map();
});

async function happened(person: string, type: string, data: object = {}, stream = `user-${person}`): Promise<void> {
  const example = exampleEvent(type);
  const event = { ...example, id: randomUUID(), data: { ...(example.data as object), ...data }, metadata: { ...example.metadata, actor: person } };
  ends.set(stream, (await store.append(stream, ends.get(stream) ?? NO_STREAM, [event])).revision);
}

async function registered(person: string, email: string): Promise<void> {
  await happened(person, 'UserCreated', { email });
  await happened(person, 'UserConfirmed');
}

it('one that was only asked for is nobody’s until it is confirmed, nor are texts with it looked for', async () => {
  await happened(ANN, 'UserCreated', { name: 'Ann Moreau', email: 'registered@example.org' });
  await happened(ANN, 'EmailChanged', { email: 'set@example.org', previous: 'registered@example.org', by: 'admin' });
  await happened(ANN, 'EmailChangeRequested', { email: 'vic@example.org' });
  await happened(ANN, 'PhoneRequested', { phone: NUMBER });
  await happened(BEN, 'OrderPlaced', { email: 'vic@example.org', note: 'of Ben' }, `order-${ANN}`);
  const own = ['registered@example.org', 'set@example.org'];
  const texts = await personTexts(store, ANN);
  expect([texts.addresses.toSorted(), texts.texts.toSorted()]).toEqual([own, ['Ann Moreau', ...own]]);

  await happened(ANN, 'UserConfirmed');
  expect((await ownAddresses(store, ANN)).sort()).toEqual(own);
  await happened(ANN, 'EmailChanged', { email: 'vic@example.org', previous: 'set@example.org', by: 'mailbox' });
  await happened(ANN, 'PhoneConfirmed', { phone: NUMBER });
  expect((await ownAddresses(store, ANN)).sort()).toEqual([NUMBER, ...own, 'vic@example.org']);
});

it('one that was registered with, and never confirmed, is whose order or invitation it stands in, too', async () => {
  await happened(ANN, 'UserCreated', { name: 'Ann Moreau', email: 'Vic@example.org' });
  await happened(ANN, 'OrderPlaced', { email: 'vic@example.org' }, `order-${ANN}`);
  expect((await ownAddresses(store, ANN)).sort()).toEqual(['Vic@example.org', 'vic@example.org']);
  await happened(BEN, 'OrderPlaced', { email: 'VIC@example.org' }, `order-${BEN}`);
  expect(await ownAddresses(store, ANN)).toEqual([]);
  await happened(ANN, 'UserConfirmed');
  expect((await ownAddresses(store, ANN)).sort()).toEqual(['Vic@example.org', 'vic@example.org']);
});

it('one that was given up goes, also after the account is deleted, unless another user has confirmed it since', async () => {
  await registered(ANN, 'old@example.org');
  await happened(ANN, 'EmailChanged', { email: 'new@example.org', previous: 'old@example.org', by: 'mailbox' });
  await happened(ANN, 'UserDeleted');
  await happened(BEN, 'UserCreated', { email: 'OLD@example.org' });
  expect((await ownAddresses(store, ANN)).sort()).toEqual(['new@example.org', 'old@example.org']);

  await happened(BEN, 'UserConfirmed');
  expect(await ownAddresses(store, ANN)).toEqual(['new@example.org']);
  await happened(BEN, 'UserEdited', { email: 'Old@example.org' });
  expect(await ownAddresses(store, ANN)).toEqual(['new@example.org']);
  await happened(BEN, 'UserDeleted');
  expect((await ownAddresses(store, ANN)).sort()).toEqual(['new@example.org', 'old@example.org']);
});

it('a number that two share stays as long as the other has it', async () => {
  await registered(ANN, 'ann@example.org');
  await registered(BEN, 'ben@example.org');
  await happened(ANN, 'PhoneConfirmed', { phone: NUMBER });
  await happened(BEN, 'PhoneRequested', { phone: NUMBER });
  expect((await ownAddresses(store, ANN)).sort()).toEqual([NUMBER, 'ann@example.org']);
  await happened(BEN, 'PhoneConfirmed', { phone: NUMBER });
  expect(await ownAddresses(store, ANN)).toEqual(['ann@example.org']);
  await happened(BEN, 'PhoneRemoved', { confirmed: true });
  expect((await ownAddresses(store, ANN)).sort()).toEqual([NUMBER, 'ann@example.org']);
});
