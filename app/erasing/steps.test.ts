/** What the steps of the part `workers` do on its settings. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_STREAM } from '../../contracts/message.ts';
import { openKeptTexts } from '../../gateway/erasing/kept-texts.ts';
import type { ErasureState } from '../../platform/erasing/erasure-record.ts';
import { inMemoryStore } from '../../platform/event-store/in-memory.fixture.ts';
import { keysInMemory } from '../../platform/sealing/person-keys.fixture.ts';
import { KEY_LIFE, KEY_USE } from '../../platform/sealing/person-keys.ts';
import { ERASURE_PATIENCE } from '../../write-side/erase-user.ts';
import { HEARD, leadSteps } from './steps.ts';

const ANN = randomUUID();

it('an order waits for the certificate for longer than each erasure waits by itself, and leaves as long for the steps', () => {
  expect(ERASURE_PATIENCE).toBeGreaterThanOrEqual(2 * (KEY_LIFE + KEY_USE + HEARD));
});

it.each([
  ['outbox:', 'none:', true],
  ['smtp://mail.example', 'outbox:', true],
  ['elsewhere:', 'none:', true],
  ['smtp://mail.example', 'elsewhere:', true],
  ['smtp://mail.example', 'none:', false],
])('with mails %s and SMS %s, the texts to look for in an outbox are kept: %s', async (MAIL_URL, SMS_URL, isKept) => {
  const store = inMemoryStore();
  const created = exampleEvent('UserCreated');
  const metadata = { ...created.metadata, actor: ANN };
  await store.append(`user-${ANN}`, NO_STREAM, [{ id: randomUUID(), type: created.type, data: created.data, metadata }]);
  const kept: string[] = [];
  const secrets = { list: async () => [], delete: async () => {}, put: async (_kind: string, { owner }: { owner: string }) => kept.push(owner) };
  const config = { MAIL_URL, SMS_URL, SECRETS_URL: 'sqlite:', READ_MODELS_URL: 'sqlite:', CACHE_URL: '', EVENT_STORE_URL: 'sqlite:' };
  const removing = { texts: openKeptTexts({ secrets: secrets as never, keys: keysInMemory() }) };
  const steps = leadSteps({ store, removing, config } as unknown as Parameters<typeof leadSteps>[0]);
  const done = await steps.texts?.({ person: ANN } as ErasureState, async () => {});
  expect(kept).toEqual(isKept ? [ANN] : []);
  expect(done?.where).toBe(isKept ? 'sqlite' : 'none');
});
