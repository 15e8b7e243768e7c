/** However an address was typed, it is one person’s: what is sealed for it goes with them. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { email } from '../../contracts/email.ts';
import { NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { ERASED_ADDRESS } from '../../contracts/personal.ts';
import { personTexts } from '../../platform/erasing/person-texts.ts';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import { hmacForTests as hmac, keysInMemory } from '../../platform/sealing/person-keys.fixture.ts';
import { addressReferences } from '../../platform/sealing/person-reference.ts';
import { sealedStore } from '../../platform/sealing/sealed-store.ts';
import { leadOf } from './steps.ts';

const [ANNA, BEN] = [randomUUID(), randomUUID()];
/** One mailbox, as forms, pages and other backends may have it: before and after the check of an address. */
const TYPED = ['anna@bücher.example', 'ANNA@Bücher.Example', 'Anna@BÜCHER.example', 'anna@xn--bcher-kva.example', 'ANNA@XN--BCHER-KVA.example'];
const SPELLINGS = [...new Set([...TYPED, ...TYPED.map((one) => email.parse(one))])];

it('an order, an invitation and a notification to any spelling of the address of whoever is erased are erased, and nobody else’s', async () => {
  const [raw, keys] = [inMemoryStore(), keysInMemory()];
  const store = sealedStore(raw, { keys, hmac });
  const happened = async (type: string, change: (data: never) => object, stream?: string, expected = NO_STREAM) => {
    const example = exampleEvent(type);
    const category = example.stream.slice(0, example.stream.indexOf('-'));
    const metadata = { ...example.metadata, actor: BEN };
    const event = { id: randomUUID(), type, data: { ...(example.data as object), ...change(example.data as never) }, metadata };
    await store.append(stream ?? `${category}-${randomUUID()}`, expected, [event]);
  };
  await happened('UserCreated', () => ({ name: 'Anna Moreau', email: email.parse(TYPED[1]) }), `user-${ANNA}`);
  await happened('UserConfirmed', () => ({}), `user-${ANNA}`, 0);
  for (const address of [...SPELLINGS, 'annabel@bücher.example']) {
    await happened('OrderPlaced', () => ({ email: address, note: undefined }));
    await happened('InvitationMade', () => ({ email: address }));
    await happened('NotificationRequested', () => ({ channel: 'email', recipient: { address }, text: `to ${address}` }));
  }
  const erasing = leadOf({ store, hmac, personKeys: keys, secrets: {} as never, installation: '' } as unknown as Parameters<typeof leadOf>[0]);
  await keys.destroy(await erasing.keysOf(ANNA), '2026-01-01T00:00:00.000Z');

  expect((await personTexts(store, ANNA)).texts).toEqual([]);
  const addresses = (await logOf(store)).filter(({ type }) => type !== 'UserConfirmed').map(addressIn);
  expect(addresses.filter((one) => one !== ERASED_ADDRESS)).toEqual(Array(3).fill('annabel@bücher.example'));
  expect(addresses).toHaveLength(3 * SPELLINGS.length + 4);
});

function addressIn({ data }: RecordedEvent): string | undefined {
  const { email: own, address, recipient } = data as { email?: string; address?: string; recipient?: { address?: string } };
  return own ?? address ?? recipient?.address;
}

it('boxes under a spelling that the first releases that sealed took for another mailbox have their key destroyed, too', () => {
  const [now, then, ...more] = addressReferences('Anna@example.org', hmac);
  expect([now, more]).toEqual([addressReferences('anna@example.org', hmac)[0], []]);
  expect(then).not.toBe(now);
  expect(addressReferences('+4915112345678', hmac)).toHaveLength(1);
});
