import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { clientMessages, connectError, handshake, type LiveMessage, serverMessages } from './live.ts';

const messages: Record<string, LiveMessage> = { ...clientMessages, ...serverMessages, handshake, connect_error: connectError };

/** Every ```json block of docs/LIVE.md with the name of its message, as `subscribe` or `subscribe.ack`. */
function documented(): { name: string; text: string }[] {
  const page = readFileSync(new URL('../docs/LIVE.md', import.meta.url), 'utf8');
  return [...page.matchAll(/^```json ?(\S*)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => ({ name, text }));
}

function schemaOf(name: string): z.ZodType | undefined {
  const [message = '', ack] = name.split('.');
  return ack === 'ack' ? messages[message]?.ack?.schema : messages[message]?.schema;
}

describe('docs/LIVE.md', () => {
  test.each(documented())('has an example of $name that its schema takes', ({ name, text }) => {
    expect(schemaOf(name)?.parse(JSON.parse(text))).toEqual(JSON.parse(text));
  });

  test('has an example of every message and of every acknowledgement', () => {
    const names = Object.entries(messages).flatMap(([name, { ack }]) => (ack ? [name, `${name}.ack`] : [name]));
    expect(new Set(documented().map(({ name }) => name))).toEqual(new Set(names));
  });
});

describe('the examples of the contract', () => {
  const examples = Object.entries(messages).flatMap(([name, { example, ack }]) => [
    { name, example },
    ...(ack?.examples ?? []).map((one) => ({ name: `${name}.ack`, example: one })),
  ]);
  test.each(examples)('$name is taken by its schema', ({ name, example }) => {
    expect(schemaOf(name)?.parse(example)).toEqual(example);
  });
});

describe('a topic', () => {
  const subscribe = clientMessages.subscribe.schema;
  test.each(['', 'task', 'task:1', 'tasks:x', 'notifications:0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', 'role:king', 'user:*', '__proto__', 'tasks\n'])(
    'is not %j',
    (topic) => {
      expect(subscribe.safeParse({ topics: [topic] }).success).toBe(false);
    },
  );
});
