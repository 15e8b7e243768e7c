import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { POLICIES } from './registries.ts';
import { NO_TASK } from './task-as-of.ts';

const FOLDER = new URL('./policies/', import.meta.url);

it('every policy of policies/ has a row', async () => {
  const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) {
    const exported = Object.entries((await import(new URL(file, FOLDER).href)) as Record<string, unknown>);
    const policies = exported.filter(([name]) => name.endsWith('Policy'));
    expect(policies.length, file).toBeGreaterThan(0);
    for (const [name, policy] of policies)
      expect(
        POLICIES.map(({ wants }) => wants),
        name,
      ).toContain(policy);
  }
});

it('no two policies have one name, or one queue', () => {
  for (const of of [POLICIES.map(({ name }) => name), POLICIES.map(({ queue }) => queue.activeHold)]) expect(new Set(of).size).toBe(of.length);
});

it('a policy that releases what is held back asks for nothing itself, so that no mail waits for the read model of notifications', () => {
  const releasing = POLICIES.filter(({ releases }) => releases);
  expect(releasing.map(({ name }) => name)).toEqual(['held_mail']);
  for (const type of ['UserCreated', 'UserConfirmed', 'EmailChanged', 'PasswordResetRequested'])
    expect(releasing.flatMap(({ wants }) => wants(exampleEvent(type), NO_TASK))).toEqual([]);
});
